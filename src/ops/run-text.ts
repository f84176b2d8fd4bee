/** What a bulk run says, in the words of a person. */
import type { Change } from "../bulk/change.ts";
import { formatDuration, grouped, plural } from "../bulk/numbers.ts";
import { percentOf, remainingMs } from "../bulk/pace.ts";
import {
  endedOf,
  FIELDS,
  failedOf,
  type Outcome,
  type RunSpec,
  type RunState,
  type RunStatus,
  skippedOf,
} from "../bulk/run.ts";
import type { Where } from "../bulk/selection.ts";
import { sameValue } from "../contract/incident-change.ts";

export const STATE_TONES: Readonly<Record<RunState, "good" | "bad" | "wait">> = {
  selecting: "wait",
  running: "wait",
  paused: "bad",
  cancelled: "bad",
  done: "good",
  failed: "bad",
};

/** Which incidents the run is about. */
export function selectionText({
  selection,
  undoes,
  limit,
}: Pick<RunSpec, "selection" | "undoes" | "limit">): string {
  if (undoes !== null) return `what run ${undoes} has changed`;
  if (selection.kind === "items") return "incidents that were named one by one";
  const { where, filter } = selection;
  const parts = [...whereParts(where), ...(filter === null ? [] : [`OData filter ${filter}`])];
  const most = limit === null ? "" : `; the first ${grouped(limit)} of them`;
  return (parts.length === 0 ? "all incidents" : parts.join("; ")) + most;
}

function whereParts(where: Where): string[] {
  const parts: [string, string | null][] = [
    ["status", any(where.status)],
    ["severity", any(where.severity)],
    ["classification", any(where.classification)],
    ["assigned to", where.unassigned ? "nobody" : where.assigned_to],
    ["created from", where.created_after],
    ["created before", where.created_before],
    ["updated from", where.updated_after],
    ["updated before", where.updated_before],
    ["title contains", where.title_contains],
    ["tag", where.tag],
  ];
  return parts.flatMap(([name, value]) => (value === null ? [] : [`${name} ${value}`]));
}

function any(words: readonly string[]): string | null {
  return words.length === 0 ? null : words.join(" or ");
}

/** What the run sets. */
export function changeText(change: Change, undoes: string | null): string {
  if (undoes !== null) return `puts back what there was before run ${undoes}`;
  const parts: [string, string | null][] = [
    ["status", change.status],
    ["classification", change.classification],
    ["determination", change.determination],
    ["assigned to", change.unassign ? "nobody" : change.assign_to],
    ["adds tags", any(change.add_tags)],
    ["removes tags", any(change.remove_tags)],
    ["resolving comment", change.resolving_comment],
    ["comment", change.comment],
  ];
  const set = parts.flatMap(([name, value]) => (value === null ? [] : [`${name} ${value}`]));
  return set.length === 0 ? "what each incident was given with" : set.join("; ");
}

/** How far it is: `1,200 of 5,000 incidents (24 %)`. */
export function progressText(run: RunStatus): string {
  const { counts, is_selected: isSelected } = run;
  if (!isSelected)
    return `${plural(counts.selected, "incident")} selected so far, ${grouped(counts.read)} read`;
  return `${grouped(endedOf(counts))} of ${plural(counts.selected, "incident")} (${percentOf(run)} %)`;
}

/** Null when it is not at work, or nobody can know. */
export function paceText(run: RunStatus): string | null {
  if (run.state !== "running" || run.rate_per_minute === null) return null;
  const leftMs = remainingMs(run);
  const left = leftMs === null ? "" : `, ${formatDuration(leftMs)} left at this rate`;
  return `${grouped(run.rate_per_minute)} a minute${left}`;
}

/** How many there are by outcome, those of which there are none left out but for the first. */
export function countsOf({ counts }: RunStatus): [string, number][] {
  const { changed, unchanged, skipped, failed, waiting, in_hand: inHand } = counts;
  const all: [string, number | undefined][] = [
    ["changed", changed],
    ["already so", unchanged],
    ["skipped: changed by someone else since", skipped.changed],
    ["skipped: merged into another", skipped.merged],
    ["skipped: in another run", skipped.in_another_run],
    ["skipped: value refused", skipped.refused_value],
    ["not sent: DEFENDER_WRITES is off", skipped.dry_run],
    ...Object.entries(failed).map(([code, count]): [string, number] => [`failed: ${code}`, count]),
    ["waiting", waiting],
    ["in hand", inHand],
  ];
  return all.flatMap(([name, count]) => (count || name === "changed" ? [[name, count ?? 0]] : []));
}

/** Incidents that are not as was asked. */
export function missesOf({ counts }: RunStatus): number {
  return skippedOf(counts) + failedOf(counts);
}

/** Whether it writes at all. */
export function dryRunText({ is_draft: isDraft, counts }: RunStatus): string {
  if (isDraft) return "yes: it was only selected, and is not begun";
  const unsent = counts.skipped.dry_run ?? 0;
  return unsent === 0 ? "no" : `${plural(unsent, "write")} not sent, for DEFENDER_WRITES is off`;
}

/** Why an incident is not as was asked: what it holds and what was wanted, where both are known. */
export function missText({ message, before = {}, after = {} }: Outcome): string {
  const differs = FIELDS.filter((field) => field in after && !sameValue(before[field], after[field]));
  const values = differs.map((field) => `${field}: ${valueText(before[field])} → ${valueText(after[field])}`);
  return [...(message === undefined ? [] : [message]), ...values].join("; ");
}

function valueText(value: unknown): string {
  const text = Array.isArray(value) ? value.join(", ") : String(value ?? "");
  return text === "" ? "none" : text;
}
