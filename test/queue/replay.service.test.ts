/** What failed is asked for again, and a worker does it: one effect, whatever was there before. */
import { expect, inject, it, onTestFinished } from "vitest";
import { createClient } from "../../producers/client.ts";
import { loadWorkerConfig } from "../../src/config.ts";
import { referenceOf } from "../../src/engine/reference.ts";
import { type RunningWorker, startWorker } from "../../src/engine/worker.ts";
import { createLog } from "../../src/log.ts";
import type { JobRef } from "../../src/results/keys.ts";
import { startSimulator } from "../simulator/simulator.ts";
import { SimulatorControl } from "../support/control.ts";
import { openFailures } from "./opened-failures.ts";
import { update } from "./opened-queue.ts";

const COMMENT = {
  action: "add_comment_to_incident",
  input: { case_id: "4711", incident_id: 29, comment: "ws-01 is isolated." },
};

async function open() {
  const failures = openFailures();
  const simulator = await startSimulator({ quotas: { incidents: null, hunting: null } });
  const client = createClient({ redisUrl: inject("redisUrl"), queuePrefix: failures.prefix });
  onTestFinished(async () => {
    await client.close();
    await simulator.close();
  });
  const control = new SimulatorControl(simulator.url);
  return {
    ...failures,
    client,
    control,
    async startWorker(env: Record<string, string> = {}): Promise<RunningWorker> {
      const config = loadWorkerConfig({
        REDIS_URL: inject("redisUrl"),
        QUEUE_PREFIX: failures.prefix,
        AZURE_TENANT_ID: simulator.tenant,
        AZURE_CLIENT_ID: simulator.clientId,
        AZURE_CLIENT_SECRET: simulator.clientSecret,
        LOGIN_API_ROOT: simulator.url,
        GRAPH_API_ROOT: simulator.url,
        DEFENDER_INCIDENT_LIMITS: "1000/1s",
        ...env,
      });
      const worker = await startWorker(config, createLog("silent"));
      onTestFinished(() => worker.stop());
      return worker;
    },
    end: (job: JobRef) => client.waitForResult(job, { timeoutMs: 50_000 }),
    effects: async () => (await control.ledger()).effects.map(({ kind, what }) => ({ kind, what })),

    /** A comment whose outcome is unknown, sent longer ago than any answer may take. */
    async loseComment() {
      const job = await failures.fail("outcome_unknown", COMMENT);
      const mark = `[ref ${referenceOf(job.jobId)}]`;
      const note = JSON.stringify({ incident_id: "29", mark, same_before: 0 });
      const sentMs = Date.now() - 3_600_000;
      await failures.redis.hset(failures.recordKey(job), { note, note_ms: sentMs });
      return { job, mark };
    },
  };
}

it("a job that is asked for again by everybody has one effect", async () => {
  const { fail, client, startWorker, end, effects } = await open();
  const job = await fail("throttled");
  const asked = await Promise.allSettled([
    client.retry(job),
    client.retry({ jobId: job.jobId }),
    client.retry(job),
  ]);
  expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  await startWorker();
  expect(await end(job)).toMatchObject({ status: "completed", is_success: true });
  expect(await effects()).toEqual([{ kind: "patch", what: { status: "resolved" } }]);
  await expect(client.retry(job)).rejects.toMatchObject({ code: "conflict" });
});

it("a lost comment that a person wants sent again is not, if it is there after all", async () => {
  const { loseComment, client, startWorker, end, effects } = await open();
  const { job, mark } = await loseComment();
  // The lost one, mark and all, gets there as a comment that is given no mark of its own.
  const worker = await startWorker({ COMMENT_REFERENCE: "off" });
  const sent = await client.enqueue("add_comment_to_incident", {
    ...COMMENT.input,
    comment: `ws-01 is isolated.\n\n${mark}`,
  });
  await end(sent);
  await worker.stop();
  const before = await effects();
  expect(before).toHaveLength(1);

  await client.settle(job, { as: "retry", by: "ada" });
  await startWorker();
  const result = await end(job);
  expect(result).toMatchObject({ status: "completed", is_success: true });
  expect(result.warnings.join()).toContain("Settled as to be tried again by ada");
  expect(await effects()).toEqual(before);
});

it("a lost comment that a person wants sent again is sent once, if it is not there", async () => {
  const { loseComment, client, startWorker, end, effects } = await open();
  const { job, mark } = await loseComment();
  await client.settle(job, { as: "retry" });
  await startWorker();
  expect(await end(job)).toMatchObject({ status: "completed", is_success: true });
  const all = await effects();
  expect(all).toHaveLength(1);
  expect(JSON.stringify(all)).toContain(mark);
});

it("a lost update that is asked for again comes after the writes accepted before", async () => {
  const { fail, client, enqueuer, startWorker, end, effects } = await open();
  const lost = await fail("outcome_unknown", update({ status: null, resolving_comment: "first" }));
  await enqueuer.enqueue(update({ status: null, resolving_comment: "second" }));
  await client.settle(lost, { as: "retry" });
  await startWorker();
  await end(lost);
  expect((await effects()).map(({ what }) => what)).toEqual([
    { resolvingComment: "second" },
    { resolvingComment: "first" },
  ]);
});
