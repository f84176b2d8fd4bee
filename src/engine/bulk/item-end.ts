/** What becomes of an item: an outcome, another try, or back into line. */
import { fieldsSchema, type Outcome, outcomeSchema, type SkipReason } from "../../bulk/run.ts";
import { Failure } from "../../contract/failure.ts";
import { reach } from "../../fault-point.ts";
import type { Attempt } from "../attempt.ts";
import { type Ended, type Ruling, rule } from "../ruling.ts";
import { type Held, type ItemEnd, type ItemScene, SETTLED } from "./scene.ts";

/** An outcome without what all of them have. */
export type Bare = Omit<Outcome, "id" | "at" | "attempts">;

export function skipped(reason: SkipReason, message?: string, url?: string | null): Bare {
  return { result: "skipped", reason, ...(message && { message }), ...(url && { url }) };
}

/** `attempts`: tries, the one that ended it among them. */
export async function end(
  scene: ItemScene,
  outcome: Bare,
  attempts = scene.taken.attempts,
): Promise<ItemEnd> {
  const { run, taken, eyes, tools } = scene;
  reach("before-result");
  const at = new Date().toISOString();
  const whole = outcomeSchema.parse({ id: taken.id, ...outcome, attempts, at });
  await tools.runs.finish(run.run_id, taken, whole);
  reach("after-result");
  eyes.forget(taken.id);
  return SETTLED;
}

export async function giveUp(scene: ItemScene): Promise<ItemEnd> {
  const why = `${scene.taken.deaths} workers that took it died`;
  const failure =
    scene.taken.note === null
      ? new Failure("internal_error", `the incident was given up: ${why}`)
      : new Failure("outcome_unknown", `a write was sent and never verified: ${why}`);
  return await end(scene, failed(failure));
}

/** After writes that did not end well. */
export async function judgeAttempt(
  scene: ItemScene,
  { ended, openWrite, isStale }: Attempt,
): Promise<ItemEnd> {
  if (isStale) return SETTLED;
  scene.eyes.forget(scene.taken.id);
  if (ended.kind === "failed" && ended.failure.code === "conflict") {
    const { message } = ended.failure;
    const url = ended.incident?.url;
    return await end(
      scene,
      skipped(ended.incident ? "merged" : "changed", message, url),
      scene.taken.attempts + 1,
    );
  }
  return await judge(scene, ended, openWrite !== null);
}

export async function judge(scene: ItemScene, ended: Ended, hasOpenWrite: boolean): Promise<ItemEnd> {
  const { run, taken, tools, signal } = scene;
  const ruling = rule(ended, { attempts: taken.attempts, hasOpenWrite, isAborted: signal.aborted });
  // The run was stopped before it was sent.
  const isStopped = ruling.kind === "fail" && ruling.failure.code === "cancelled";
  if (isStopped || ruling.kind === "hand-back" || ruling.kind === "hold") {
    await tools.runs.putBack(run.run_id, taken, null, taken.attempts);
    return ruling.kind === "hold" ? heldBy(ruling) : SETTLED;
  }
  if (ruling.kind === "wait") {
    await tools.runs.putBack(run.run_id, taken, ruling.delayMs, ruling.attempts);
    return SETTLED;
  }
  if (ruling.kind === "complete") throw new Error("a write that is done has no failure to be judged");
  const { failure, attempts } = ruling;
  // Graph takes no such value any more, though it was there before.
  const isRefused = run.kind === "undo" && failure.details.httpStatus === 400;
  return await end(
    scene,
    isRefused ? skipped("refused_value", failure.message) : failed(failure, scene),
    attempts,
  );
}

export function heldBy({ waitFor, delayMs }: Extract<Ruling, { kind: "hold" }>): Held {
  return { kind: "held", scope: waitFor === "quota" ? "priority" : "lane", delayMs };
}

/** With what was there before, where the update is done and only the comment failed. */
function failed(failure: Failure, scene?: ItemScene): Bare {
  const { requestId } = failure.details;
  const update = scene?.taken.done?.update;
  return {
    result: "failed",
    code: failure.code,
    message: failure.message,
    ...(requestId && { request_id: requestId }),
    ...(update?.before && { before: fieldsSchema.parse(update.before) }),
    ...(update && { after: update.after, url: update.url }),
  };
}
