/** What a whole worker tells the webhook: of every final result, whoever brought it about. */
import { Webhook } from "standardwebhooks";
import { expect, inject, it } from "vitest";
import { Failure } from "../../../src/contract/failure.ts";
import { publishWebhook } from "../../../src/queue/deliveries.ts";
import { ResultStore } from "../../../src/results/store.ts";
import { completed, KEEP_MS } from "../../results/opened-store.ts";
import { dumpRedis } from "../../support/redis-dump.ts";
import { openReceiver } from "../../support/webhook-receiver.ts";
import { openEngine } from "../running.ts";

const KEY = Buffer.alloc(32, "canary-key").toString("base64");
const CANARY_PATH = "canary-path-77a1";

async function openTold() {
  const receiver = await openReceiver();
  const url = receiver.url.replace("/results", `/${CANARY_PATH}`);
  const engine = await openEngine({ RESULT_WEBHOOK_URL: url, RESULT_WEBHOOK_SECRET: `whsec_${KEY}` });
  return { receiver, engine };
}

it("jobs that are done, that fail, and that nobody can read are told of, signed, and no secret is left anywhere", async () => {
  const { receiver, engine } = await openTold();
  await engine.startWorker();
  const done = await engine.update(29, { status: "Resolved" });
  await receiver.first(1);
  const failed = await engine.update(999_999, { status: "Resolved" });
  await receiver.first(2);
  await engine.queue.add("update_incident", { case_id: "4711", job_id: "foreign" });
  const messages = await receiver.first(3);

  expect(messages.map(({ notice }) => [notice.job_id, notice.status, notice.error?.code])).toEqual([
    [done.jobId, "completed", undefined],
    [failed.jobId, "failed", "not_found"],
    ["foreign", "failed", "invalid_input"],
  ]);
  for (const { body, headers, path, notice } of messages) {
    const texts = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    expect(new Webhook(KEY).verify(body, texts)).toMatchObject({ data: { job_id: notice.job_id } });
    expect(path).toBe(`/${CANARY_PATH}`);
  }
  const [first] = messages;
  expect(await engine.client.result(done)).toMatchObject({
    cursor: first?.notice.cursor,
    finished_at: first?.notice.finished_at,
  });
  const { prefix } = engine;
  const stored = await dumpRedis({ url: inject("redisUrl"), mode: "single", sentinelName: null, prefix });
  for (const place of [stored, engine.log.join("\n")])
    for (const canary of [KEY, CANARY_PATH, "canary-key"]) expect(place).not.toContain(canary);
  expect(engine.log.join("\n")).toContain("webhook.taken");
});

it("a result whose worker died before it could tell is told of by the one that takes the job again", async () => {
  const { receiver, engine } = await openTold();
  const job = await engine.update(29, { status: "Resolved" });
  // As a worker leaves it that is killed right after the result.
  const store = new ResultStore(engine.redis, engine.prefix, async () => true);
  const started = await store.start(job, 1);
  if (started.verdict !== "run") throw new Error("not started");
  await store.finish({ ...job, generation: 1, run: started.run }, completed(), KEEP_MS);
  await engine.startWorker();
  const [message] = await receiver.first(1);
  expect(message?.notice).toMatchObject({ job_id: job.jobId, status: "completed" });
  expect(await engine.effects()).toEqual([]);
});

it("what producers end is told of too: a job that is cancelled, and a write that a person settles", async () => {
  const { receiver, engine } = await openTold();
  await publishWebhook(engine.redis, engine.prefix, true);
  const cancelled = await engine.update(29, { status: "Resolved" });
  expect(await engine.client.cancel(cancelled)).toMatchObject({ cancelled: true });
  const unknown = await engine.update(31, { status: "Resolved" });
  const store = new ResultStore(engine.redis, engine.prefix, async () => true);
  const started = await store.start(unknown, 1);
  if (started.verdict !== "run") throw new Error("not started");
  const failure = new Failure("outcome_unknown", "nobody knows").toRecord();
  const { findings } = completed();
  const verdict = {
    status: "failed",
    attempts: 1,
    findings: { ...findings, is_success: false, error: failure },
  } as const;
  await store.finish({ ...unknown, generation: 1, run: started.run }, verdict, KEEP_MS);
  await engine.client.settle(unknown, { as: "done", by: "ada" });

  await engine.startWorker();
  const messages = await receiver.first(3);
  expect(messages.map(({ notice }) => [notice.job_id, notice.status, notice.error?.code])).toEqual([
    [cancelled.jobId, "failed", "cancelled"],
    [unknown.jobId, "failed", "outcome_unknown"],
    [unknown.jobId, "completed", undefined],
  ]);
  expect(new Set(messages.map(({ headers }) => headers["webhook-id"])).size).toBe(3);
});

it("a job that is asked for again is told of once for each time, under ids of their own", async () => {
  const { receiver, engine } = await openTold();
  await publishWebhook(engine.redis, engine.prefix, true);
  const options = { idempotencyKey: "k" };
  const job = await engine.update(29, { status: "Resolved" }, options);
  await engine.client.cancel(job);
  await engine.update(29, { status: "Resolved" }, options);
  await engine.startWorker();
  const messages = await receiver.first(2);
  expect(messages.map(({ notice }) => [notice.job_id, notice.generation, notice.status])).toEqual([
    [job.jobId, 1, "failed"],
    [job.jobId, 2, "completed"],
  ]);
  expect(new Set(messages.map(({ headers }) => headers["webhook-id"])).size).toBe(2);
});

it("without a webhook, nothing is kept for it", async () => {
  const engine = await openEngine();
  await publishWebhook(engine.redis, engine.prefix, true);
  await engine.startWorker();
  await engine.end(await engine.update(29, { status: "Resolved" }));
  const keys = await engine.redis.keys(`${engine.prefix}:*`);
  expect(keys.filter((key) => /outbox|webhook/.test(key))).toEqual([]);
});
