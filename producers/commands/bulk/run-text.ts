/** How a run stands, in words, and as an event for programs. */
import { formatDuration, grouped, plural } from "../../../src/bulk/numbers.ts";
import { remainingMs } from "../../../src/bulk/pace.ts";
import {
  endedOf,
  failedOf,
  isOver,
  type RunCounts,
  type RunStatus,
  skippedOf,
} from "../../../src/bulk/run.ts";
import { byWhom } from "../../../src/contract/result.ts";
import { EXIT } from "../../../src/exit.ts";
import { visible } from "../../../src/output.ts";
import { commandLine } from "../session.ts";
import { formatTable } from "../table.ts";

/** Counts in one line: `changed 5, unchanged 1, skipped 2 (changed 1, merged 1), failed 0, waiting 3, in hand 1`. */
export function formatCounts(counts: RunCounts): string {
  const { changed, unchanged, skipped, failed, waiting, in_hand: inHand } = counts;
  return [
    `changed ${grouped(changed)}`,
    `unchanged ${grouped(unchanged)}`,
    `skipped ${grouped(skippedOf(counts))}${formatParts(skipped)}`,
    `failed ${grouped(failedOf(counts))}${formatParts(failed)}`,
    `waiting ${grouped(waiting)}`,
    `in hand ${grouped(inHand)}`,
  ].join(", ");
}

function formatParts(parts: Readonly<Partial<Record<string, number>>>): string {
  const named = Object.entries(parts).filter(([, count]) => (count ?? 0) > 0);
  if (named.length === 0) return "";
  return ` (${named.map(([name, count]) => `${name} ${grouped(count ?? 0)}`).join(", ")})`;
}

/** One run whole. */
export function formatRun(run: RunStatus): string {
  const { run_id, kind, undoes, case_id, instance, owner, state, counts } = run;
  const remaining = remainingMs(run);
  return [
    `Run ${run_id}: ${formatState(run)}`,
    `${kind === "undo" ? `undo of ${undoes}` : kind} on ${instance}, case ${visible(case_id)}, owner ${visible(owner)}`,
    `begun ${run.started_at ?? "not yet"}${run.ended_at === null ? "" : `, ended ${run.ended_at}`}`,
    `${plural(counts.selected, "incident")} selected${run.is_selected ? "" : ` so far, ${grouped(counts.read)} read`}: ${formatCounts(counts)}`,
    ...(run.rate_per_minute === null || isOver(state)
      ? []
      : [
          `${grouped(run.rate_per_minute)} a minute` +
            (remaining === null ? "" : `, ${formatDuration(remaining)} left at this rate`),
        ]),
  ].join("\n");
}

function formatState({ state, reason, waiting }: RunStatus): string {
  const why = waiting === null ? reason : `waits: paused ${byWhom(waiting)}`;
  return why === null ? state : `${state} (${visible(why)})`;
}

export function formatRuns(runs: readonly RunStatus[]): string {
  if (runs.length === 0) return "There are no runs.";
  return formatTable(
    ["Run, case, owner", "State", "Incidents"],
    runs.map((run) => [
      [run.run_id, visible(run.case_id), visible(run.owner)].join("\n"),
      formatState(run),
      `${grouped(run.counts.selected)} selected\n${formatCounts(run.counts).replaceAll(", ", "\n")}`,
    ]),
  );
}

/** What can be done about a run as it stands, a command line each. */
export function formatNext({ run_id: run, state, counts, kind }: RunStatus): string[] {
  const next: string[] = [];
  if (state === "paused") next.push(`To go on: ${commandLine("bulk", "resume", run)}`);
  else if (!isOver(state)) next.push(`To come back: ${commandLine("bulk", "status", run, "--follow")}`);
  if (!isOver(state)) next.push(`To end it for good: ${commandLine("bulk", "cancel", run)}`);
  if (endedOf(counts) > 0) next.push(`What became of each: ${commandLine("bulk", "report", run)}`);
  if (failedOf(counts) > 0 && state !== "cancelled" && state !== "failed")
    next.push(`To try what failed once more: ${commandLine("bulk", "retry-failed", run)}`);
  if (isOver(state) && kind === "reclassify" && counts.changed > 0)
    next.push(`To put back what was there before: ${commandLine("bulk", "undo", run)}`);
  return next;
}

/** Failures count, skips do not; a run that paused itself has failed so far, one that somebody paused is not finished. */
export function exitCodeOfRun({
  state,
  reason,
  counts,
}: Pick<RunStatus, "state" | "reason" | "counts">): number {
  if (state === "done") return failedOf(counts) === 0 ? EXIT.done : EXIT.failed;
  if (isOver(state)) return EXIT.failed;
  return state === "paused" && reason !== null ? EXIT.failed : EXIT.unfinished;
}
