/** One turn of work on a run: a page of its list, or some of its items. */
import type { ItemStore } from "../../bulk/item-store.ts";
import { isOver } from "../../bulk/run.ts";
import type { RunReading } from "../../bulk/run-record.ts";
import { toFailure } from "../../contract/failure.ts";
import { isFirstTicket } from "../../queue/run-tickets.ts";
import type { QueuedJob } from "../../queue/turns.ts";
import { FreshEyes } from "./fresh-eyes.ts";
import { workOn } from "./item.ts";
import { PAGE_INCIDENTS } from "./listing.ts";
import type { RunTools, TurnEnd } from "./scene.ts";
import { lookAhead, selectPage } from "./selecting.ts";
import type { Summaries } from "./summary.ts";

export interface TurnTools extends RunTools {
  summaries: Summaries;
  /** What was seen of runs that this process works on. */
  eyes: Map<string, FreshEyes>;
}

/** Items of one turn. So few, for a run may be ahead of another by what its tickets have in hand, and a minute holds a hundred calls. */
const TURN_ITEMS = 4;
/** With items that wait for a time alone, a ticket looks again so soon. */
const LOOK_AGAIN_MS = 5_000;
const FORGOTTEN_AFTER_MS = 120_000;
/** How soon the other tickets see that the first one has selected. */
const UNTIL_SELECTED_MS = 1_000;

/** Rejects only when Redis does. */
export async function takeTurn(
  runId: string,
  place: QueuedJob,
  tools: TurnTools,
  signal: AbortSignal,
): Promise<TurnEnd> {
  const { runs, summaries } = tools;
  const reading = await runs.read(runId);
  if (reading === null) return { kind: "over" };
  const { status } = reading;
  if (!status.is_draft) await summaries.begin(reading);
  const isListed = status.selection.kind === "filter";
  const isSelecting = status.state === "selecting" && !status.is_selected;
  if (isSelecting && !isListed) return { kind: "over" };
  // Two tickets would list the same page, or look at the same incidents, and spend twice the calls.
  const mayLook = isFirstTicket(runId, place.queueJobId);
  if (isSelecting)
    return mayLook ? await selectPage(reading, tools, signal) : { kind: "again", delayMs: UNTIL_SELECTED_MS };
  const eyes = eyesOf(reading, tools);
  if (status.is_draft) {
    const isPlanned = isListed || isOver(status.state) || (await runs.isPlanned(runId));
    return isPlanned || !mayLook ? { kind: "over" } : await lookAhead(reading, eyes, tools, signal);
  }
  // A run that was stopped puts back what it had in hand, which no pause holds up.
  const pausedMs = status.state === "running" ? await pauseOf(tools) : null;
  if (pausedMs !== null) return { kind: "again", delayMs: pausedMs };
  const taken = await runs.take(runId, place.queueJobId, TURN_ITEMS);
  if (taken === null) return { kind: "over" };
  if (taken.items.length === 0) return await afterLast(reading, taken.dueMs, tools);

  const heldElsewhere = await heldByOthers(
    reading,
    runs,
    taken.items.map(({ id }) => id),
  );
  const ends = await Promise.all(
    taken.items.map((item) =>
      workOn({
        run: status,
        taken: item,
        nowMs: taken.nowMs,
        place,
        eyes,
        isHeldElsewhere: heldElsewhere.has(item.id),
        tools,
        signal,
      }),
    ),
  );
  const held = ends.filter((each) => each.kind === "held");
  if (held.length === 0) return { kind: "again", delayMs: 0 };
  return {
    kind: "held",
    scope: held.some(({ scope }) => scope === "lane") ? "lane" : "priority",
    delayMs: Math.max(...held.map(({ delayMs }) => delayMs)),
  };
}

/** How soon to look again while somebody has paused writes; null while nobody has. Reads for writes that must not follow would only spend quota. */
async function pauseOf({ instance }: TurnTools): Promise<number | null> {
  try {
    await instance.refuseStopped({ lane: "incidents", write: true });
    return null;
  } catch (error) {
    const { heldBack, retryAfterMs } = toFailure(error).details;
    if (heldBack !== "paused") throw error;
    return retryAfterMs ?? LOOK_AGAIN_MS;
  }
}

/** Brings a run that is over to its report. True when nothing is left to do about it. */
export async function wrapUp(runId: string, { runs, summaries, eyes }: TurnTools): Promise<boolean> {
  const concluded = await runs.conclude(runId);
  if (concluded !== null && (!isOver(concluded.state) || concluded.left > 0)) return false;
  const reading = await runs.read(runId);
  if (reading !== null) {
    // Its failed items may just have been asked for again.
    if (!isOver(reading.status.state)) return false;
    await runs.shrink(runId);
    if (!reading.status.is_draft) await summaries.finish(reading);
  }
  eyes.delete(runId);
  await runs.forget(runId);
  return true;
}

async function afterLast({ status }: RunReading, dueMs: number | null, tools: TurnTools): Promise<TurnEnd> {
  if ((await wrapUp(status.run_id, tools)) || dueMs === null) return { kind: "over" };
  return { kind: "again", delayMs: Math.min(Math.max(1, dueMs), LOOK_AGAIN_MS) };
}

/** An incident that several running runs have belongs to the one that was started first. */
async function heldByOthers(
  reading: RunReading,
  runs: ItemStore,
  ids: readonly string[],
): Promise<Set<string>> {
  const { run_id, instance } = reading.status;
  const held = new Set<string>();
  for (const [other, otherInstance] of await runs.live()) {
    if (other === run_id || otherInstance !== instance) continue;
    const they = await runs.read(other);
    if (they?.status.state !== "running" || !isEarlier(they, reading)) continue;
    for (const id of await runs.heldBy(other, ids)) held.add(id);
  }
  return held;
}

function isEarlier(they: RunReading, we: RunReading): boolean {
  return they.startedMs === we.startedMs
    ? they.status.run_id < we.status.run_id
    : they.startedMs < we.startedMs;
}

function eyesOf({ status }: RunReading, { eyes, runs }: TurnTools): FreshEyes {
  const nowMs = performance.now();
  for (const [runId, { usedAtMs }] of eyes) if (nowMs - usedAtMs > FORGOTTEN_AFTER_MS) eyes.delete(runId);
  const known = eyes.get(status.run_id);
  if (known !== undefined) return known;
  const fresh = new FreshEyes(status, () => runs.peek(status.run_id, PAGE_INCIDENTS));
  eyes.set(status.run_id, fresh);
  return fresh;
}
