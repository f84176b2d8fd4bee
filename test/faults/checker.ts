/** Judges a rig at the end of a fault test. */
import type { Rig } from "../support/rig.ts";
import { collectEvidence, type Evidence } from "./evidence.ts";
import { type Allowance, findViolations } from "./violations.ts";

/** Entries of the ledger that a failure shows. */
const TAIL = 25;

/** Throws with every broken promise and the tail of the ledger; gives the evidence for further questions. */
export async function check(rig: Rig, allowance: Allowance = {}): Promise<Evidence> {
  const evidence = await collectEvidence(rig);
  const violations = findViolations(evidence, allowance);
  if (violations.length > 0) throw new Error(`${violations.join("\n")}\n\n${describeTail(evidence)}`);
  return evidence;
}

export function describeTail({ ledger: { arrivals, effects } }: Evidence): string {
  const lines = [
    ...arrivals.map(({ timeMs, method, path, status }) => ({
      timeMs,
      text: `${method} ${path} → ${status}`,
    })),
    ...effects.map(({ timeMs, kind, incidentId, what }) => ({
      timeMs,
      text: `  effect: ${kind} ${incidentId} ${JSON.stringify(what)}`,
    })),
  ].sort((left, right) => left.timeMs - right.timeMs);
  const firstMs = lines[0]?.timeMs ?? 0;
  const shown = lines
    .slice(-TAIL)
    .map(({ timeMs, text }) => `${((timeMs - firstMs) / 1_000).toFixed(3)} s  ${text}`);
  return ["The end of the ledger:", ...shown].join("\n");
}
