/** One incident of a run: what it is now, whether it is to be written, and its turn among the writes to it. */
import { type Change, isAlreadySo, patchFor, withOwn } from "../../bulk/change.ts";
import { fieldsSchema } from "../../bulk/run.ts";
import { toFailure } from "../../contract/failure.ts";
import { type Incident, incidentSchema } from "../../contract/incident.ts";
import { pick, sameValue } from "../../contract/incident-change.ts";
import { type Bare, end, giveUp, judge, skipped } from "./item-end.ts";
import { makeWrites } from "./item-writes.ts";
import { type ItemEnd, type ItemScene, openLooker, SETTLED } from "./scene.ts";

/** An item whose workers die again and again is given up. */
const MOST_DEATHS = 10;
const GIVE_WAY_MS = 1_000;

/** Rejects only when Redis does. */
export async function workOn(scene: ItemScene): Promise<ItemEnd> {
  const { run, taken, isHeldElsewhere } = scene;
  if (taken.deaths > MOST_DEATHS) return await giveUp(scene);
  const change = withOwn(run.change, taken.item.change);
  if (taken.note !== null || taken.done !== null) return await write(scene, change, { id: taken.id });
  if (isHeldElsewhere) return await end(scene, skipped("in_another_run"));
  let incident: Incident | null;
  try {
    incident = await look(scene, change);
  } catch (error) {
    return await judge(scene, { kind: "thrown", failure: toFailure(error) }, false);
  }
  if (incident === null) return await end(scene, skipped("changed", "no longer selected"));
  const outcome = judgeIncident(scene, change, incident);
  return outcome === null ? await write(scene, change, incident) : await end(scene, outcome);
}

/** What the incident is; as it was listed where nobody wants it looked at again. */
async function look(scene: ItemScene, change: Change): Promise<Incident | null> {
  const { run, taken, eyes, tools, signal } = scene;
  const { item } = taken;
  const needsTags = change.add_tags.length + change.remove_tags.length > 0;
  const needsFields = change.comment?.includes("{") ?? false;
  const isEnough = !needsFields && (!needsTags || item.listed?.customTags !== undefined);
  if (!run.verify && isEnough) return incidentSchema.parse({ id: taken.id, ...item.listed });
  return await eyes.see(item, taken.attempts > 0, openLooker(tools, signal));
}

/** Null when it is to be written. */
function judgeIncident({ run, taken }: ItemScene, change: Change, incident: Incident): Bare | null {
  const url = incident.incidentWebUrl ?? null;
  if (incident.redirectIncidentId)
    return skipped("merged", `merged into incident "${incident.redirectIncidentId}"`, url);
  const { listed } = taken.item;
  const foreign = Object.entries(listed ?? {}).filter(
    ([field, value]) => !sameValue(incident[field] ?? null, value),
  );
  if (foreign.length > 0)
    return skipped("changed", `changed by someone else: ${foreign.map(([field]) => field).join(", ")}`, url);
  const patch = patchFor(change, incident);
  if (Object.keys(patch).length === 0 && change.comment === null)
    return skipped("refused_value", "what was there before can't be put back", url);
  if ((!run.verify && listed === undefined) || !isAlreadySo(change, incident)) return null;
  const before = fieldsSchema.parse(pick(incident, patch));
  return { result: "unchanged", before, after: before, url };
}

/** With a turn among the writes to the incident; whoever has one goes first. */
async function write(scene: ItemScene, change: Change, incident: Incident): Promise<ItemEnd> {
  const { run, taken, place, eyes, tools } = scene;
  const { order, runs } = tools;
  const turn = { instance: run.instance, incidentId: taken.id };
  if ((await order.waitFor(turn, place)) !== null) {
    await order.leave(turn, place);
    eyes.forget(taken.id);
    await runs.putBack(run.run_id, taken, GIVE_WAY_MS, taken.attempts);
    return SETTLED;
  }
  let settle: () => Promise<ItemEnd>;
  try {
    settle = await makeWrites(scene, change, incident);
  } finally {
    // Before the outcome is written: a turn that is left behind would hold up the incident for as long as the ticket lives.
    await order.leave(turn, place);
  }
  return await settle();
}
