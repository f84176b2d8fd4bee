/** Finds the incidents of a run: one page of its list a turn; of a draft also what would be changed. */
import { setMaxListeners } from "node:events";
import { withOwn } from "../../bulk/change.ts";
import { planPart } from "../../bulk/plan.ts";
import type { RunReading } from "../../bulk/run-record.ts";
import { toFailure } from "../../contract/failure.ts";
import { rule } from "../ruling.ts";
import type { FreshEyes } from "./fresh-eyes.ts";
import { heldBy } from "./item-end.ts";
import { cursorSchema, listPage } from "./listing.ts";
import { openLooker, type RunTools, type TurnEnd } from "./scene.ts";
import { reasonOf } from "./summary.ts";

/** Of ids that were given, so many are looked at for a draft. */
const LOOKED_AT = 50;

export async function selectPage(
  reading: RunReading,
  tools: RunTools,
  signal: AbortSignal,
): Promise<TurnEnd> {
  const { status, cursor } = reading;
  const { runs } = tools;
  const from = cursor === "" ? null : cursorSchema.parse(JSON.parse(cursor));
  try {
    const page = await listPage(status, from, openLooker(tools, signal));
    const room = (status.limit ?? Number.POSITIVE_INFINITY) - status.counts.selected;
    const listed = page.listed.slice(0, Math.max(0, room));
    const isLast = page.isLast || page.listed.length >= room;
    if (status.is_draft) {
      const part = planPart(listed.map(({ incident }) => ({ incident, change: status.change })));
      await runs.addToPlan(status.run_id, `after ${cursor}`, isLast, part);
    }
    const next = page.cursor === null ? "" : JSON.stringify(page.cursor);
    const items = listed.map(({ item }) => item);
    await runs.addPage(status.run_id, cursor, { cursor: next, isLast, read: page.read, items });
    return { kind: "again", delayMs: 0 };
  } catch (error) {
    return await afterFailure(error, reading, tools, signal);
  }
}

/** What a draft of given ids would do, after the first of them: looking at all would cost a call for each. */
export async function lookAhead(
  reading: RunReading,
  eyes: FreshEyes,
  tools: RunTools,
  signal: AbortSignal,
): Promise<TurnEnd> {
  const { status } = reading;
  const items = await tools.runs.peek(status.run_id, LOOKED_AT);
  // Each look listens for the end of the turn, which Node takes for a leak.
  setMaxListeners(0, signal);
  const defender = openLooker(tools, signal);
  const looks = await Promise.allSettled(items.map((item) => eyes.see(item, true, defender)));
  const seen = [];
  for (const [index, look] of looks.entries()) {
    if (look.status === "fulfilled") {
      const change = withOwn(status.change, items[index]?.change);
      if (look.value !== null) seen.push({ incident: look.value, change });
    } else if (toFailure(look.reason).code !== "not_found")
      return await afterFailure(look.reason, reading, tools, signal);
  }
  await tools.runs.addToPlan(status.run_id, "ids", true, planPart(seen));
  return { kind: "over" };
}

/** What can't be listed now is listed later, however long that takes: a run survives an outage. */
async function afterFailure(
  error: unknown,
  { status }: RunReading,
  { runs }: RunTools,
  signal: AbortSignal,
): Promise<TurnEnd> {
  const failure = toFailure(error);
  const circumstances = { attempts: 0, hasOpenWrite: false, isAborted: signal.aborted };
  const ruling = rule({ kind: "thrown", failure }, circumstances);
  if (ruling.kind === "hold") return heldBy(ruling);
  if (ruling.kind === "wait") return { kind: "again", delayMs: ruling.delayMs };
  if (ruling.kind === "fail") await runs.fail(status.run_id, reasonOf(failure));
  return { kind: "again", delayMs: 0 };
}
