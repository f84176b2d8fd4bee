/** Results as a page: everything that is known of a case, an incident or a job. */
import { html } from "ghtml";
import { plural } from "../bulk/numbers.ts";
import { RUN_ACTION, runOfSummary } from "../bulk/run.ts";
import { isFinal, type Result } from "../contract/result.ts";
import { standingOf, whyItWaits } from "./case-text.ts";
import { link, runLink } from "./paging.ts";

export function renderSearch(
  given: { caseId?: string; incidentId?: string; instance?: string } = {},
): string {
  return html`<h1>Cases</h1>
<form method="get" action="/cases">
<label>Case id <input id="case_id" name="case_id" value="${given.caseId ?? ""}" required></label>
<button>Look up the case</button>
</form>
<form method="get" action="/cases">
<label>Incident id <input id="incident_id" name="incident_id" value="${given.incidentId ?? ""}" inputmode="numeric" required></label>
<label>Instance <input id="instance" name="instance" value="${given.instance ?? "default"}"></label>
<button>Look up the incident</button>
</form>`;
}

/** Newest first. */
export function renderResults(results: readonly Result[], changes: string): string {
  const body =
    results.length === 0
      ? html`<p>Nothing is known here. Results are kept for RESULT_TTL.</p>`
      : results.map(renderResult).join("");
  return renderLive(results, changes, body);
}

/** `rows` are those of a query's answer. */
export function renderJob(result: Result, rows: string, changes: string): string {
  const { action, case_id: caseId } = result;
  return html`<h1>${action} of case ${caseId}</h1>!${renderLive([result], changes, renderResult(result) + rows)}`;
}

/** Live while one of them is not done: `changes` is where the page hears of it. */
function renderLive(results: readonly Result[], changes: string, body: string): string {
  const isDone = results.every(({ status }) => isFinal(status));
  const mark = isDone ? "data-final" : html`data-changes="${changes}"`;
  return html`<section !${mark} aria-live="polite">!${body}</section>`;
}

function renderResult(result: Result): string {
  const { text, tone } = standingOf(result);
  const waits = whyItWaits(result);
  const { output_message: message, error, warnings } = result;
  const remarks = [message, error?.hint ?? "", ...warnings].filter((remark) => remark !== "");
  return html`<article>
<h2>!${renderJobLink(result)} <span class="state ${tone}">${text}</span></h2>
!${waits === null ? "" : html`<p class="wait">Waits: ${waits}</p>`}
!${remarks.map((remark) => html`<p>${remark}</p>`).join("")}
!${renderFacts(result)}
!${renderRowsLink(result)}
</article>`;
}

function renderJobLink({ case_id, job_id, action }: Result): string {
  return html`<a id="${job_id}" href="${link("/cases/job", { case_id, job_id })}">${action}</a>`;
}

function renderFacts(result: Result): string {
  const { case_id, job_id, action, instance, error, attempts } = result;
  const facts: [string, string | null][] = [
    ["Case", html`<a href="${link("/cases", { case_id })}">${case_id}</a>`],
    ["Incident", renderIncident(result)],
    ["Job", html`${job_id} (${instance})`],
    ["Bulk run", action === RUN_ACTION ? renderRun(runOfSummary(job_id)) : null],
    ["Asked by", result.requested_by && html`${result.requested_by}`],
    ["Enqueued", html`${result.enqueued_at}`],
    ["Finished", result.finished_at && html`${result.finished_at}`],
    ["Tries", attempts > 1 ? html`${attempts}` : null],
    ["Request id", error?.request_id ? html`${error.request_id}` : null],
    ["Query", result.kql ? html`<pre>${result.kql}</pre>` : null],
  ];
  const rows = facts.map(([name, value]) => (value ? html`<dt>${name}</dt><dd>!${value}</dd>` : ""));
  return html`<dl>!${rows.join("")}</dl>`;
}

function renderRun(runId: string): string {
  return html`<a href="${runLink(runId)}">${runId}</a>`;
}

function renderIncident({ incident }: Result): string | null {
  if (incident === null) return null;
  const { id, requested_id, url } = incident;
  const merged = id === requested_id ? "" : ` (asked for ${requested_id})`;
  // It comes from outside, and may be any text.
  if (url === null || !/^https:\/\//i.test(url)) return html`${id}${merged}`;
  return html`<a href="${url}" rel="noreferrer">${id} in Defender</a>${merged}`;
}

function renderRowsLink({ case_id, job_id, row_count, rows_expired }: Result): string {
  if (!row_count || rows_expired) return "";
  const query = { case_id, job_id };
  return html`<p><a href="${link("/cases/job", query)}">${plural(row_count, "row")}</a> ·
<a href="${link("/cases/rows.csv", query)}" download>Download as CSV</a></p>`;
}
