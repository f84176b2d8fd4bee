/** A request that is repeated with its idempotency key has one effect, whoever repeats it and wherever the first one died. */
import { describe, expect, it } from "vitest";
import { runBin } from "../cli/bin.ts";
import { check } from "./checker.ts";
import { assign, comment, times } from "./jobs.ts";
import { openFaultRig } from "./rig.ts";

const COMMENT = { incident_id: 29, comment: "contained" };

describe.concurrent("one key", { timeout: 90_000 }, () => {
  it("is one job for two hundred who ask at once, and for one who asks after it is done", async (context) => {
    const rig = await openFaultRig(context);
    await rig.startWorker();
    const ask = () => rig.accept("add_comment_to_incident", COMMENT, { idempotencyKey: "contain" });
    const asked = await Promise.all(times(200, ask));
    const [job] = asked;
    if (job === undefined) throw new Error("nothing was accepted");
    expect(new Set(asked.map(({ jobId }) => jobId)).size).toBe(1);
    const result = await rig.finish(job);
    expect(await rig.finish(await ask())).toEqual(result);
    await check(rig);
  });

  it.for(["after-record", "after-turn"] as const)(
    "makes whole what a producer left that died %s, and keeps the order of acceptance",
    async (point, context) => {
      const rig = await openFaultRig(context);
      const input = { case_id: "4711", incident_id: "29", assign_to: "first@contoso.com" };
      const command = [
        "enqueue",
        "update_incident",
        "--input",
        JSON.stringify(input),
        "--idempotency-key",
        "first",
      ];
      const env = { REDIS_URL: rig.redisUrl, QUEUE_PREFIX: rig.prefix };
      const died = await runBin(command, { ...env, FAULT_POINT: point });
      expect([died.code, died.out]).toEqual([null, ""]);
      await rig.accept("update_incident", input, { idempotencyKey: "first" });
      await rig.accept("update_incident", { ...input, assign_to: "second@contoso.com" });
      await rig.startWorker();
      await Promise.all(rig.accepted.map((job) => rig.finish(job)));
      await check(rig);
    },
  );

  it("keeps the place of a producer that died with its turn taken, before what was accepted since", async (context) => {
    const rig = await openFaultRig(context);
    const early = assign(29, "early", { idempotencyKey: "early" });
    const command = ["enqueue", early.action, "--input", JSON.stringify(early.input)];
    const env = { REDIS_URL: rig.redisUrl, QUEUE_PREFIX: rig.prefix, FAULT_POINT: "after-turn" };
    expect((await runBin([...command, "--idempotency-key", "early"], env)).code).toBeNull();
    // A comment, which has no key: only the first one is asked for again.
    await rig.acceptMany([comment(29, "late")]);
    await rig.acceptMany([early]);
    await rig.startWorker();
    await Promise.all(rig.accepted.map((job) => rig.finish(job)));
    const { ledger } = await check(rig);
    expect(ledger.effects.map(({ kind }) => kind)).toEqual(["patch", "comment"]);
  });
});
