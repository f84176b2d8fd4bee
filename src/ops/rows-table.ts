/** Rows of a query's answer as a table that sorts and pages. */
import { html } from "ghtml";
import { z } from "zod";
import { plural } from "../bulk/numbers.ts";
import type { Result } from "../contract/result.ts";
import type { ResultReader } from "../results/reader.ts";
import { link } from "./paging.ts";

const ROWS_PER_PAGE = 50;
/** More would take too long to sort for one page. */
const MOST_SORTED = 10_000;

const rowSchema = z.record(z.string(), z.unknown());
type Row = z.infer<typeof rowSchema>;

export interface TableView {
  /** Name of a column; empty for the order of the answer. */
  sort: string;
  descending: boolean;
  /** From 1. */
  page: number;
}

/** Empty for a result without rows, or whose rows are not kept any more: then its warnings say so. */
export async function renderRows(result: Result, reader: ResultReader, view: TableView): Promise<string> {
  const { case_id, job_id, schema } = result;
  const total = result.row_count ?? 0;
  if (!schema || total === 0 || result.rows_expired) return "";
  const names = schema.map(({ name }) => name);
  const sort = total <= MOST_SORTED && names.includes(view.sort) ? view.sort : "";
  const pages = Math.ceil(total / ROWS_PER_PAGE);
  const page = Math.min(Math.max(1, view.page), pages);
  const from = (page - 1) * ROWS_PER_PAGE;
  const job = { caseId: case_id, jobId: job_id };
  const rows =
    sort === ""
      ? await readRows(reader, job, from, ROWS_PER_PAGE)
      : sorted(await readRows(reader, job, 0, total), sort, view.descending).slice(
          from,
          from + ROWS_PER_PAGE,
        );
  const go = (change: Partial<TableView>): string => {
    const next = { sort, descending: view.descending, page, ...change };
    return link("/cases/job", {
      case_id,
      job_id,
      ...(next.sort === "" ? {} : { sort: next.sort }),
      ...(next.descending ? { desc: "1" } : {}),
      page: String(next.page),
    });
  };
  const head = names.map((name) => {
    if (total > MOST_SORTED) return html`<th scope="col">${name}</th>`;
    const isSorted = name === sort;
    const order = !isSorted ? "none" : view.descending ? "descending" : "ascending";
    const href = go({ sort: name, descending: isSorted && !view.descending, page: 1 });
    const arrow = !isSorted ? "" : view.descending ? " ▼" : " ▲";
    return html`<th scope="col" aria-sort="${order}"><a href="${href}">${name}${arrow}</a></th>`;
  });
  const body = rows.map((row) => {
    const cells = names.map((name) => html`<td>${cellText(row[name])}</td>`);
    return html`<tr>!${cells.join("")}</tr>`;
  });
  return html`<h2>Rows</h2>
<nav aria-label="Pages of rows">
!${page > 1 ? html`<a rel="prev" href="${go({ page: page - 1 })}">Previous</a>` : ""}
<span>Page ${page} of ${pages}, ${plural(total, "row")}</span>
!${page < pages ? html`<a rel="next" href="${go({ page: page + 1 })}">Next</a>` : ""}
</nav>
!${total > MOST_SORTED ? html`<p class="soft">Too many rows to sort here; the CSV has all of them.</p>` : ""}
<div class="rows" tabindex="0" role="region" aria-label="Rows"><table>
<thead><tr>!${head.join("")}</tr></thead><tbody>!${body.join("")}</tbody>
</table></div>`;
}

async function readRows(
  reader: ResultReader,
  job: { caseId: string; jobId: string },
  offset: number,
  limit: number,
): Promise<Row[]> {
  const found = await reader.rows(job, { offset, limit });
  return z.array(rowSchema).parse(found?.rows ?? []);
}

const words = new Intl.Collator("en", { numeric: true });

/** Numbers as such, the rest as text; what is missing comes last. */
function sorted(rows: readonly Row[], column: string, descending: boolean): Row[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [left, right] = [one[column], other[column]];
    if (left === null || left === undefined) return right === null || right === undefined ? 0 : 1;
    if (right === null || right === undefined) return -1;
    if (typeof left === "number" && typeof right === "number") return sign * (left - right);
    return sign * words.compare(cellText(left), cellText(right));
  });
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
