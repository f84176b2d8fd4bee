/** What the quota bench prints: a table for each setting, then every aim with what was measured. */
import { formatTable } from "../../producers/commands/table.ts";
import { formatAim } from "./aim.ts";
import {
  LIMIT,
  QUOTA_CONTESTANTS,
  QUOTA_KINDS,
  type QuotaContestant,
  RETRY_AFTER,
  type RetryAfter,
} from "./quota-contestants.ts";
import { physicalLimitMs, type QuotaFigures } from "./quota-figures.ts";

export interface QuotaRun extends QuotaFigures {
  contestant: QuotaContestant;
  retryAfter: RetryAfter;
}

export interface QuotaReport {
  conditions: string;
  calls: number;
  runs: readonly QuotaRun[];
}

export function reportQuota({ conditions, calls, runs }: QuotaReport): string {
  const limitS = physicalLimitMs(calls, LIMIT) / 1_000;
  return `${[
    `${conditions}; ${calls} calls, ${LIMIT.calls} allowed in ${LIMIT.windowMs / 1_000} s: ${limitS} s at least from the first to the last`,
    ...Object.entries(RETRY_AFTER).flatMap(([retryAfter, title]) => {
      const ofSetting = runs.filter((run) => run.retryAfter === retryAfter);
      return ofSetting.length === 0 ? [] : ["", `${title}:`, table(ofSetting)];
    }),
    ...aimsOf(runs),
  ].join("\n")}\n`;
}

function table(runs: readonly QuotaRun[]): string {
  const worker = runs.find(({ contestant }) => contestant === "worker");
  return formatTable(
    ["caller", "s", "× worker", "used", "429", "failed", "busiest"],
    QUOTA_KINDS.flatMap((kind) => {
      const run = runs.find(({ contestant }) => contestant === kind);
      if (run === undefined) return [];
      const ratio = worker === undefined ? "" : (run.spanMs / worker.spanMs).toFixed(2);
      const seconds = (run.spanMs / 1_000).toFixed(1);
      const counts = [run.rejected, run.failed, run.busiest].map(String);
      return [[QUOTA_CONTESTANTS[kind], seconds, ratio, inPercent(run), ...counts]];
    }),
  );
}

export interface QuotaAim {
  retryAfter: RetryAfter;
  what: string;
  measured: string;
  wanted: string;
  isMet: boolean;
}

/** Of this worker alone; the others are there to compare. */
export function quotaAims(runs: readonly QuotaRun[]): QuotaAim[] {
  return runs
    .filter(({ contestant }) => contestant === "worker")
    .flatMap((run) => {
      const { retryAfter, usedPercent, rejected, failed, busiest } = run;
      const aims = [
        { what: "quota used", measured: inPercent(run), wanted: "at least 98 %", isMet: usedPercent >= 98 },
        { what: "calls rejected", measured: String(rejected), wanted: "none", isMet: rejected === 0 },
        { what: "requests failed", measured: String(failed), wanted: "none", isMet: failed === 0 },
        {
          what: "busiest window",
          measured: String(busiest),
          wanted: `at most ${LIMIT.calls}`,
          isMet: busiest <= LIMIT.calls,
        },
      ];
      return aims.map((aim) => ({ retryAfter, ...aim }));
    });
}

function aimsOf(runs: readonly QuotaRun[]): string[] {
  const aims = quotaAims(runs).map(({ retryAfter, what, measured, wanted, isMet }) =>
    formatAim(`${what}, ${RETRY_AFTER[retryAfter]}`, measured, wanted, isMet),
  );
  return aims.length === 0 ? [] : ["", ...aims];
}

function inPercent({ usedPercent }: QuotaFigures): string {
  return `${usedPercent.toFixed(1)} %`;
}
