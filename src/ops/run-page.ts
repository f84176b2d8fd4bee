/** Bulk runs as pages: all of them with their bars, one with what did not become of its incidents, and the question before one is steered. */
import { html } from "ghtml";
import { endedOf, isOver, type Outcome, type RunStatus } from "../bulk/run.ts";
import { byWhom } from "../contract/result.ts";
import { csrfField } from "./page.ts";
import { link, type Paged, renderPages, runLink } from "./paging.ts";
import {
  changeText,
  countsOf,
  dryRunText,
  missesOf,
  missText,
  paceText,
  progressText,
  STATE_TONES,
  selectionText,
} from "./run-text.ts";
import type { Session } from "./session.ts";

/** What an operator may do to a run, and what comes of it. */
export const VERBS = {
  pause: "What is in hand is finished; nothing else is begun until the run is resumed.",
  resume: "The run goes on where it was.",
  cancel: "For good: what was not begun never will be. What is changed already stays so.",
} as const;
export type Verb = keyof typeof VERBS;

export const RUNS_PER_PAGE = 20;
export const MISSES_PER_PAGE = 50;

/** `changes`: where the page hears that it is out of date. */
export function renderRuns(runs: readonly RunStatus[], at: Paged, changes: string): string {
  const body =
    runs.length === 0
      ? html`<p>There are no bulk runs. <code>defender-actions bulk reclassify</code> makes one.</p>`
      : runs.map((run) => renderRun(run, "")).join("");
  return html`<h1>Bulk runs</h1>
<section data-changes="${changes}" aria-live="polite">!${body}</section>
!${renderPages(at, "Pages of runs", linkTo("/runs"))}`;
}

/** `verbs`: what whoever looks may do. */
export function renderRunPage(
  run: RunStatus,
  misses: readonly Outcome[],
  { verbs, changes, ...at }: Paged & { verbs: readonly Verb[]; changes: string },
): string {
  const mark = isOver(run.state) ? "data-final" : html`data-changes="${changes}"`;
  return html`<h1>Bulk run ${run.run_id}</h1>
<section !${mark} aria-live="polite">
!${renderRun(run, renderVerbs(run, verbs))}
!${renderMisses(run, misses, at)}
</section>`;
}

function renderRun(run: RunStatus, verbs: string): string {
  const { run_id: id, state, reason, counts } = run;
  const text = progressText(run);
  return html`<article>
<h2><a id="${id}" href="${runLink(id)}">${id}</a> <span class="state ${STATE_TONES[state]}">${state}</span></h2>
!${reason === null ? "" : html`<p class="bad">${reason}</p>`}
!${run.waiting === null ? "" : html`<p class="wait">Waits: paused ${byWhom(run.waiting)}</p>`}
<p class="bar"><progress max="${Math.max(1, counts.selected)}" value="${endedOf(counts)}" aria-label="Progress of ${id}"></progress>
<span>${[text, paceText(run) ?? ""].filter((part) => part !== "").join(", ")}</span></p>
<p>${countsOf(run)
    .map(([name, count]) => `${name} ${count.toLocaleString("en-US")}`)
    .join(" · ")}</p>
!${renderFacts(run)}
!${verbs}
</article>`;
}

function renderFacts(run: RunStatus): string {
  const { case_id, owner, requested_by: askedBy, undoes, instance } = run;
  const facts: [string, string | null][] = [
    ["Selection", html`${selectionText(run)}`],
    ["Change", html`${changeText(run.change, undoes)}`],
    ["Dry run", html`${dryRunText(run)}`],
    ["Owner", html`${owner}`],
    ["Asked by", askedBy && html`${askedBy}`],
    ["Case", html`<a href="${link("/cases", { case_id })}">${case_id}</a> (${instance})`],
    ["Started", html`${run.started_at ?? "not yet"}`],
    ["Ended", run.ended_at && html`${run.ended_at}`],
    ["Report", html`<a href="${runLink(run.run_id)}/report.csv" download>Download as CSV</a>`],
  ];
  const rows = facts.map(([name, value]) => (value ? html`<dt>${name}</dt><dd>!${value}</dd>` : ""));
  return html`<dl>!${rows.join("")}</dl>`;
}

function renderVerbs({ run_id: id }: RunStatus, verbs: readonly Verb[]): string {
  if (verbs.length === 0) return "";
  const links = verbs.map(
    (verb) => html`<a class="button" id="${verb}" href="${runLink(id)}/${verb}">${label(verb)}</a>`,
  );
  return html`<p>!${links.join(" ")}</p>`;
}

function renderMisses(run: RunStatus, misses: readonly Outcome[], at: Paged): string {
  const count = missesOf(run);
  if (count === 0) return html`<p>No incident has failed or was skipped.</p>`;
  const rows = misses.map(
    (
      outcome,
    ) => html`<tr><td>!${renderIncident(outcome)}</td><td>${outcome.result} (${outcome.code ?? outcome.reason ?? "unknown"})</td>
<td>${missText(outcome)}</td><td>${outcome.request_id ?? ""}</td><td>${outcome.at}</td></tr>`,
  );
  return html`<h2>Failed or skipped: ${count.toLocaleString("en-US")}</h2>
!${renderPages(at, "Pages of incidents", linkTo(runLink(run.run_id)))}
<div class="rows" tabindex="0" role="region" aria-label="Incidents that failed or were skipped"><table>
<thead><tr>!${["Incident", "Outcome", "Why", "Request id", "At"].map((name) => html`<th scope="col">${name}</th>`).join("")}</tr></thead>
<tbody>!${rows.join("")}</tbody>
</table></div>`;
}

function renderIncident({ id, url }: Outcome): string {
  // It comes from outside, and may be any text.
  if (!url || !/^https:\/\//i.test(url)) return html`${id}`;
  return html`<a href="${url}" rel="noreferrer">${id}</a>`;
}

/** The question before a run is steered: it works without a script. */
export function renderQuestion(run: RunStatus, verb: Verb, session: Session | null): string {
  const { run_id: id, state } = run;
  return html`<h1>${label(verb)} bulk run ${id}?</h1>
<p>It is <span class="state ${STATE_TONES[state]}">${state}</span>: ${progressText(run)}.</p>
<p>${VERBS[verb]}</p>
<form method="post" action="${runLink(id)}/${verb}">
!${csrfField(session)}
<button>${label(verb)} the run</button> <a class="button" href="${runLink(id)}">Leave it as it is</a>
</form>`;
}

function linkTo(path: string): (page: number) => string {
  return (page) => link(path, { page: String(page) });
}

function label(verb: Verb): string {
  return verb.charAt(0).toUpperCase() + verb.slice(1);
}
