import { describe, expect, inject, it, onTestFinished } from "vitest";
import { connectProducer } from "../../src/queue/connection.ts";
import { Stops } from "../../src/queue/stops.ts";
import { runBin } from "../cli/bin.ts";
import { CASE, openPipe } from "../support/pipe.ts";
import { randomPrefix } from "../support/prefix.ts";
import type { Rig } from "../support/rig.ts";

const EVERYTHING = { instance: null, lane: null, writes: false };
const ADA = { by: "ada", why: "change freeze" };
const CLOSE = { incident_id: 29, status: "Resolved" };
const CLOSE_29 = { ...CASE, incident_id: 29, status: "Resolved" } as const;
const QUERY = { query: "AlertInfo | take 1" };

function openStops({ redis: config }: Pick<Rig, "redis">): Stops {
  const redis = connectProducer(config);
  onTestFinished(() => redis.disconnect());
  return new Stops(redis, config.prefix);
}

describe("what is paused", () => {
  it("sends nothing, says by whom and why, and goes on once it is lifted, also by workers that start later", async () => {
    const rig = await openPipe();
    const stops = openStops(rig);
    await stops.pause(EVERYTHING, ADA);
    const jobs = [
      await rig.accept("update_incident", CLOSE),
      await rig.accept("execute_custom_query", QUERY),
    ];
    const paused = { status: "queued", waiting: { for: "paused", until: null, ...ADA } };
    for (const job of jobs) expect(await rig.client.result(job)).toMatchObject(paused);
    await rig.startWorker();
    const probe = await rig.finish(await rig.accept("ping", {}));
    expect(probe).toMatchObject({ is_success: false, reason: "lane_paused" });
    expect(probe.output_message).toContain("paused by ada: change freeze");
    const { arrivals } = await rig.simulator.ledger();
    expect(arrivals.filter(({ lane }) => lane !== "token")).toEqual([]);
    // A worker takes the first of a lane every few seconds, only to see that it is still paused.
    for (const job of jobs) await expect.poll(() => rig.client.result(job)).toMatchObject(paused);
    const listed = await runBin(["results", CASE.case_id], {
      REDIS_URL: inject("redisUrl"),
      QUEUE_PREFIX: rig.redis.prefix,
    });
    expect(listed.out.match(/Paused by ada: change freeze/g)).toHaveLength(jobs.length);

    await stops.unpause(EVERYTHING);

    for (const job of jobs) expect(await rig.finish(job)).toMatchObject({ is_success: true, waiting: null });
  });

  it("may be one lane, or the writes, of one instance", async () => {
    const rig = await openPipe();
    const stops = openStops(rig);
    await rig.startWorker();
    await stops.pause({ instance: "default", lane: null, writes: true }, ADA);
    await stops.pause({ instance: "elsewhere", lane: null, writes: false }, ADA);
    const write = await rig.accept("update_incident", CLOSE);
    expect(await rig.finish(await rig.accept("execute_custom_query", QUERY))).toMatchObject({
      is_success: true,
    });
    await expect
      .poll(() => rig.client.result(write))
      .toMatchObject({ status: "queued", waiting: { for: "paused" } });
    expect((await rig.simulator.ledger()).arrivals.every(({ method }) => method !== "PATCH")).toBe(true);

    await stops.unpause({ instance: null, lane: null, writes: true });
    expect((await rig.client.result(write))?.waiting?.for).not.toBe("paused");
    await stops.pause({ instance: null, lane: "hunting", writes: false }, ADA);

    expect(await rig.finish(write, 30_000)).toMatchObject({ is_success: true });
    const query = await rig.accept("execute_custom_query", QUERY);
    await expect.poll(() => rig.client.result(query)).toMatchObject({ status: "queued", waiting: ADA });
  });
});

describe("DEFENDER_WRITES=off", () => {
  it("runs everything, sends no write, and its results satisfy no key once writes are on", async () => {
    const rig = await openPipe();
    const dry = await rig.startWorker({ DEFENDER_WRITES: "off" });
    const options = { idempotencyKey: "close-29" };
    const job = await rig.accept("update_incident", CLOSE, options);
    const first = await rig.finish(job);
    expect(first).toMatchObject({ status: "completed", is_success: true, reason: "dry_run" });
    expect(first.warnings).toContain("DEFENDER_WRITES is off: nothing was sent to Microsoft 365 Defender");
    const comment = await rig.accept("add_comment_to_incident", { incident_id: 29, comment: "seen" });
    expect(await rig.finish(comment)).toMatchObject({ is_success: true, reason: "dry_run" });
    const writes = async () => (await rig.simulator.ledger()).effects;
    expect(await writes()).toEqual([]);
    const again = await rig.client.enqueue("update_incident", CLOSE_29, options);
    expect(again.deduplicated).toBe(true);

    await dry.kill("SIGTERM");
    await rig.startWorker();

    const real = await rig.client.enqueue("update_incident", CLOSE_29, options);
    expect(real).toMatchObject({ jobId: job.jobId, deduplicated: false });
    const second = await rig.client.waitForResult(real, { timeoutMs: 20_000 });
    expect(second).toMatchObject({ status: "completed", is_success: true, reason: null });
    expect(await writes()).toHaveLength(1);
  });
});

describe("the commands", () => {
  it("pause and unpause by scope, and tell what is paused", async () => {
    const env = { REDIS_URL: inject("redisUrl"), QUEUE_PREFIX: randomPrefix() };
    const lane = ["pause", "--lane", "hunting", "--reason", "too\u001b[31m slow", "--by", "ada"];
    expect((await runBin(lane, env)).out).toContain("everything of hunting, all instances (by ada, ");
    const again = await runBin([...lane.slice(0, 3), "--by", "ben"], env);
    expect(again.err).toContain("Takes the place of: everything of hunting, all instances (by ada, ");
    const { out } = await runBin(["pause", "--writes", "--json"], env);
    expect(JSON.parse(out)).toMatchObject([
      { instance: null, lane: "hunting", writes: false, by: "ben" },
      { instance: null, lane: null, writes: true },
    ]);
    const lifted = await runBin(["unpause", "--writes"], env);
    expect(lifted.err).toContain("Goes on: writes of all lanes, all instances");
    expect(lifted.out).toContain("everything of hunting");
    expect(lifted.out).not.toContain("\u001b");
    expect(await runBin(["unpause"], env)).toMatchObject({ code: 0, out: "Nothing is paused.\n" });
    expect((await runBin(["unpause"], env)).err).toContain("Nothing was paused there.");
  });
});
