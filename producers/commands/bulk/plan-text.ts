/** What a draft would change, for people and for programs. */
import { formatDuration, grouped, plural } from "../../../src/bulk/numbers.ts";
import type { Fields, RunStatus } from "../../../src/bulk/run.ts";
import { isFilteredHere } from "../../../src/bulk/selection.ts";
import { sameValue } from "../../../src/contract/incident-change.ts";
import { visible } from "../../../src/output.ts";
import type { DraftLook, UndoDraft } from "../../bulk/bulk.ts";
import { callsPerMinute, durationMs, expectCalls } from "../../bulk/estimate.ts";
import { refuseSize } from "../../bulk/size.ts";
import { formatTable } from "../table.ts";

/** Of those that a plan holds, which `--json` gives all. */
const SHOWN_INCIDENTS = 5;
const SHOWN_CHANGES = 20;

/** What is known beside the look at a draft. */
export interface PlanNotes extends Partial<Pick<UndoDraft, "remains">> {
  repeated: number;
}

export function formatPlan(look: DraftLook, notes: PlanNotes, width?: number): string {
  const { run, plan } = look;
  const sample = plan.sample.slice(0, SHOWN_INCIDENTS);
  const changes = plan.changes.slice(0, SHOWN_CHANGES);
  const others = plan.changes.length - changes.length;
  return [
    formatHead(look, notes),
    ...(changes.length === 0
      ? []
      : [
          formatTable(
            ["Field", "Now", "Then", "Incidents"],
            changes.map(({ field, from, to, count }) => [field, visible(from), visible(to), grouped(count)]),
            width,
          ),
        ]),
    ...(others === 0 ? [] : [`and ${plural(others, "other change")}, each of fewer incidents`]),
    ...(run.change.comment === null
      ? []
      : [`Comment on each that is changed: ${visible(run.change.comment)}`]),
    ...(sample.length === 0
      ? []
      : [
          `${sample.length === 1 ? "One of them" : `${sample.length} of them`}:`,
          formatTable(
            ["Incident", "Title", "Change"],
            sample.map(({ id, displayName, before, after }) => [
              id,
              visible(displayName ?? ""),
              formatChanges(before, after).join("\n"),
            ]),
            width,
          ),
        ]),
    ...(notes.remains === undefined ? [] : formatRemains(notes.remains, run)),
    formatCost(look),
  ].join("\n");
}

function formatHead({ run, plan }: DraftLook, { repeated }: PlanNotes): string {
  const { selection, counts, undoes } = run;
  const what = undoes === null ? "Re-classification" : `Undo of run ${undoes}`;
  const lines = [`${what}: ${plural(counts.selected, "incident")} selected`];
  if (selection.kind === "filter" && isFilteredHere(selection.where))
    lines.push(`Read for that: ${grouped(counts.read)}, for Graph does not filter by title and tag`);
  if (repeated > 0) lines.push(`Given more than once: ${grouped(repeated)}, each taken once`);
  if (plan.looked_at < counts.selected)
    lines.push(`Looked at: the first ${grouped(plan.looked_at)}; what follows counts only those`);
  if (plan.unchanged > 0)
    lines.push(`Already as asked: ${grouped(plan.unchanged)}, on which no write is spent`);
  return lines.join("\n");
}

function formatCost({ run, plan, quota }: DraftLook): string {
  const { reads, writes } = expectCalls(run, plan);
  const calls = `Calls: about ${grouped(reads + writes)} (${grouped(reads)} to look again, ${grouped(writes)} to write)`;
  if (quota === null)
    return `${calls}\nDuration: not known, for no worker has told the quota of ${run.instance}`;
  const perMinute = grouped(Math.floor(callsPerMinute(quota)));
  const share = Math.round(quota.bulk_share * 100);
  return (
    `${calls}\nDuration: ${formatDuration(durationMs(reads + writes, quota))} at the least, ` +
    `at ${perMinute} calls a minute (${share} % of the quota of ${run.instance})`
  );
}

export function formatRemains(remains: UndoDraft["remains"], { undoes }: RunStatus): string[] {
  const { fixed, fixed_sample: sample, only_comment: comments, unread } = remains;
  return [
    "What an undo cannot do: remove comments, reopen alerts, part incidents that were merged.",
    "Incidents that someone has changed since are left as they are, and listed in its report.",
    ...(comments === 0
      ? []
      : [`Only commented on by run ${undoes}: ${plural(comments, "incident")}, left out`]),
    ...(unread === 0
      ? []
      : [
          `Written by run ${undoes} without a look at what was there before: ${plural(unread, "incident")}, left out`,
        ]),
    ...(fixed === 0
      ? []
      : [
          `Left out, for Graph takes no empty status, classification or determination: ${plural(fixed, "incident")}`,
          ...sample.map(({ id, before }) => `  ${id}  before: ${formatFields(before ?? {})}`),
          ...(fixed > sample.length ? [`  and ${grouped(fixed - sample.length)} more`] : []),
        ]),
  ];
}

/** `field: from → to` for each that differs. */
export function formatChanges(before: Fields, after: Fields): string[] {
  const now = new Map<string, unknown>(Object.entries(before));
  return Object.entries(after)
    .filter(([field, value]) => !sameValue(now.get(field), value))
    .map(([field, value]) => `${field}: ${formatValue(now.get(field))} → ${formatValue(value)}`);
}

function formatFields(fields: Fields): string {
  return Object.entries(fields)
    .map(([field, value]) => `${field} ${formatValue(value)}`)
    .join(", ");
}

function formatValue(value: unknown): string {
  const text = Array.isArray(value) ? value.join(", ") : String(value ?? "");
  return text === "" ? "none" : visible(text);
}

export function toPlanJson({ run, plan, quota }: DraftLook, notes: PlanNotes): object {
  const { reads, writes } = expectCalls(run, plan);
  return {
    selected: run.counts.selected,
    repeated: notes.repeated,
    ...plan,
    calls: { reads, writes },
    estimated_ms: quota === null ? null : durationMs(reads + writes, quota),
    quota,
    refused: refuseSize(run.counts.selected, run),
    ...(notes.remains === undefined ? {} : { remains: notes.remains }),
    undoes: run.undoes,
    case_id: run.case_id,
  };
}
