/** What the bench prints: the race as a table, then every aim with what was measured. */
import { formatTable } from "../../producers/commands/table.ts";
import { formatAim } from "./aim.ts";
import { CONTESTANTS, type Contestant, KINDS } from "./contestants.ts";
import { median, percentile } from "./figures.ts";
import type { Start } from "./start.ts";

/** Jobs per second of each, in one round. */
export type Rates = Readonly<Record<Contestant, number>>;

export interface Measured {
  conditions: string;
  rounds: readonly Rates[];
  latenciesMs: readonly number[];
  starts: readonly Start[];
}

export function report({ conditions, rounds, latenciesMs, starts }: Measured): string {
  const toPlain = (kind: Contestant): number => median(rounds.map((rates) => rates[kind] / rates.plain));
  const rate = (kind: Contestant): number => median(rounds.map((rates) => rates[kind]));
  const gateMs = median(rounds.map(({ gated, ungated }) => 1_000 / gated - 1_000 / ungated));
  const table = formatTable(
    ["worker", "jobs/s", "from – to", "× plain"],
    KINDS.map((kind) => {
      const rates = rounds.map((each) => each[kind]);
      const range = `${Math.round(Math.min(...rates))} – ${Math.round(Math.max(...rates))}`;
      return [CONTESTANTS[kind], String(Math.round(rate(kind))), range, toPlain(kind).toFixed(2)];
    }),
  );
  const readyMs = median(starts.map((start) => start.readyMs));
  const residentMb = median(starts.map((start) => start.residentMb));
  return `${[
    conditions,
    table,
    `The gate costs ${gateMs.toFixed(2)} ms a call.`,
    `From enqueue to readable result, one job at a time: p50 ${inMs(percentile(latenciesMs, 50))}, p99 ${inMs(percentile(latenciesMs, 99))}.`,
    "",
    formatAim(
      "without the gate, × plain",
      toPlain("ungated").toFixed(2),
      "at least 0.6",
      toPlain("ungated") >= 0.6,
    ),
    formatAim("with the gate, × plain", toPlain("gated").toFixed(2), "at least 0.2", toPlain("gated") >= 0.2),
    formatAim(
      "jobs/s in one process",
      String(Math.round(rate("gated"))),
      "at least 400",
      rate("gated") >= 400,
    ),
    formatAim("worker ready after", inMs(readyMs), "within 1000 ms", readyMs <= 1_000),
    formatAim("its memory then", `${Math.round(residentMb)} MB`, "under 200 MB", residentMb < 200),
  ].join("\n")}\n`;
}

function inMs(ms: number): string {
  return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
}
