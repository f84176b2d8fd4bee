/** A run as it goes on: a live bar on a terminal, a line a minute anywhere else, events with `--json`. */
import { MultiBar } from "cli-progress";
import { formatDuration, grouped } from "../../../src/bulk/numbers.ts";
import { percentOf, remainingMs } from "../../../src/bulk/pace.ts";
import { endedOf, isOver, type RunStatus } from "../../../src/bulk/run.ts";
import { byWhom } from "../../../src/contract/result.ts";
import { printJsonLine, tell, visible } from "../../../src/output.ts";
import type { Quota } from "../../../src/queue/quotas.ts";
import { callsPerMinute, spentCalls } from "../../bulk/estimate.ts";
import { formatCounts } from "./run-text.ts";

const LINE_EVERY_MS = 60_000;
const EVENT_EVERY_MS = 1_000;

export interface Progress {
  show(run: RunStatus): Promise<void>;
  /** Leaves the terminal as it was. */
  close(): void;
}

/** The part of bulk's quota that a run has spent since it was first looked at, as its counts tell; null when not known. */
export class QuotaUse {
  readonly #quota: Quota | null;
  #first: { run: RunStatus; atMs: number } | null = null;

  constructor(quota: Quota | null) {
    this.#quota = quota;
  }

  look(run: RunStatus, nowMs: number): number | null {
    this.#first ??= { run, atMs: nowMs };
    const { run: first, atMs } = this.#first;
    if (this.#quota === null || nowMs <= atMs) return null;
    const ended = endedOf(run.counts) - endedOf(first.counts);
    const spent = spentCalls(run, ended, run.counts.changed - first.counts.changed);
    return (spent * 60_000) / (nowMs - atMs) / callsPerMinute(this.#quota);
  }
}

export function openProgress(
  quota: Quota | null,
  { json, isTerminal }: { json: boolean; isTerminal: boolean },
): Progress {
  const use = new QuotaUse(quota);
  if (json) return openEvents(use);
  return isTerminal ? openBar(use) : openLines(use);
}

function openEvents(use: QuotaUse): Progress {
  let last = { text: "", atMs: Number.NEGATIVE_INFINITY };
  return {
    async show(run) {
      const nowMs = Date.now();
      const quotaUse = use.look(run, nowMs);
      const { run_id, state, reason, counts, rate_per_minute, waiting } = run;
      const text = JSON.stringify([state, counts, waiting]);
      if (text === last.text || (nowMs - last.atMs < EVENT_EVERY_MS && !isOver(state))) return;
      last = { text, atMs: nowMs };
      const remaining_ms = remainingMs(run);
      await printJsonLine({
        ...{ event: "progress", run_id, state, reason, counts, rate_per_minute },
        ...{ remaining_ms, quota_use: quotaUse, waiting },
      });
    },
    close() {},
  };
}

function openLines(use: QuotaUse): Progress {
  let lastMs = Number.NEGATIVE_INFINITY;
  return {
    async show(run) {
      const nowMs = Date.now();
      const pace = formatPace(run, use.look(run, nowMs));
      if (nowMs - lastMs < LINE_EVERY_MS) return;
      lastMs = nowMs;
      tell(
        `${new Date(nowMs).toISOString()} ${run.run_id} ${run.state} ${percentOf(run)} % ${pace}: ${formatCounts(run.counts)}`,
      );
    },
    close() {},
  };
}

function openBar(use: QuotaUse): Progress {
  const bars = new MultiBar({
    barsize: 24,
    clearOnComplete: false,
    format: "{bar} {share} % of {selected}  {pace}",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    hideCursor: true,
    linewrap: false,
    stream: process.stderr,
    forceRedraw: true,
    gracefulExit: false,
  });
  const payload = { share: 0, selected: "0", pace: "", counts: "" };
  const bar = bars.create(1, 0, payload);
  const counts = bars.create(1, 0, payload, { format: "{counts}" });
  return {
    async show(run) {
      const shown = {
        share: percentOf(run),
        selected: grouped(run.counts.selected),
        pace: formatPace(run, use.look(run, Date.now())),
        counts: formatCounts(run.counts),
      };
      bar.setTotal(Math.max(1, run.counts.selected));
      bar.update(endedOf(run.counts), shown);
      counts.update(0, shown);
      bars.update();
    },
    close: () => bars.stop(),
  };
}

/** Rate, quota use and remaining time, as far as they are known. */
export function formatPace(run: RunStatus, quotaUse: number | null): string {
  if (run.waiting !== null) return visible(`paused ${byWhom(run.waiting)}`);
  if (!run.is_selected) return `selecting, ${grouped(run.counts.read)} read`;
  const remaining = remainingMs(run);
  return [
    ...(run.rate_per_minute === null ? [] : [`${grouped(run.rate_per_minute)}/min`]),
    ...(quotaUse === null ? [] : [`quota ${Math.min(100, Math.round(quotaUse * 100))} %`]),
    ...(remaining === null ? [] : [`${formatDuration(remaining)} left`]),
  ].join("  ");
}
