/** Links of ours, and the way through what is shown in pages. */
import { html } from "ghtml";

export interface Paged {
  /** From 1. */
  page: number;
  pages: number;
}

/** A link of ours with its query. */
export function link(path: string, query: Readonly<Record<string, string>>): string {
  return `${path}?${new URLSearchParams(query).toString()}`;
}

/** The page of a bulk run. */
export function runLink(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}

/** Nothing where there is one page only; `linkTo` gives the link of another. */
export function renderPages({ page, pages }: Paged, name: string, linkTo: (page: number) => string): string {
  if (pages <= 1) return "";
  return html`<nav aria-label="${name}">
!${page > 1 ? html`<a rel="prev" href="${linkTo(page - 1)}">Previous</a>` : ""}
<span>Page ${page} of ${pages}</span>
!${page < pages ? html`<a rel="next" href="${linkTo(page + 1)}">Next</a>` : ""}
</nav>`;
}
