/** What ops shows of results on their way to the webhook. */
import { expect, it } from "vitest";
import { RunReader } from "../../src/bulk/run-reader.ts";
import { findTroubles } from "../../src/ops/alert.ts";
import { listShownQueues } from "../../src/ops/shown-queues.ts";
import { readSituation } from "../../src/ops/situation.ts";
import { CredentialEnds } from "../../src/queue/credential-ends.ts";
import { CredentialRefusals } from "../../src/queue/credential-refusals.ts";
import { Deliveries, publishWebhook } from "../../src/queue/deliveries.ts";
import { WEBHOOK_QUEUE } from "../../src/queue/names.ts";
import { Stops } from "../../src/queue/stops.ts";
import { ResultStore } from "../../src/results/store.ts";
import { completed, headOf, KEEP_MS } from "../results/opened-store.ts";
import { listQueues } from "./bull-board.ts";
import { metrics, seriesOf } from "./health.ts";
import { failNextJob, openOps } from "./opened.ts";

const JOB = { caseId: "4711", jobId: "j1" };

async function openDead() {
  const ops = await openOps();
  const { redis, prefix, queues } = ops;
  await publishWebhook(redis, prefix, true);
  const store = new ResultStore(redis, prefix, async () => true);
  await store.create({ head: headOf(JOB), inputHash: "hash", expiresInMs: KEEP_MS, keepMs: KEEP_MS });
  const { findings } = completed();
  const verdict = completed(null, { findings: { ...findings, output_message: "canary text" } });
  await store.abandon(JOB, 1, verdict, KEEP_MS);
  await new Deliveries(redis, prefix, queues).tell("4711");
  await failNextJob(prefix, WEBHOOK_QUEUE, "the webhook answered 410");
  return ops;
}

it("a result that was given up is on the board: which, and why, but not what it says", async () => {
  const ops = await openDead();
  const shown = await listQueues(ops, WEBHOOK_QUEUE);
  const queue = shown.find(({ name }) => name === WEBHOOK_QUEUE);
  expect(queue?.description).toContain("webhook");
  expect(queue?.jobs).toMatchObject([
    {
      data: { case_id: "4711", job_id: "j1", action: "update_incident" },
      failedReason: "the webhook answered 410",
    },
  ]);
  expect(JSON.stringify(shown)).not.toContain("canary");
});

it("it is counted, and told of as an alert", async () => {
  const { url, redis, prefix, queues } = await openDead();
  const labels = { instance: "all", lane: "webhook", priority: "bulk" };
  expect(seriesOf(await metrics(url), "defender_queue_jobs", { ...labels, state: "failed" })).toBe(1);
  const list = () => listShownQueues(redis, prefix);
  const [stops, ends] = [new Stops(redis, prefix), new CredentialEnds(redis, prefix)];
  const refusals = new CredentialRefusals(redis, prefix);
  const runs = new RunReader(redis, prefix);
  const situation = await readSituation({ redis, queues, list, runs, stops, ends, refusals });
  expect(findTroubles(situation).map(({ text }) => text)).toContain(
    "1 job on the webhook's queue failed for good within a day",
  );
});

it("without a webhook there is nothing to see", async () => {
  const ops = await openOps();
  expect((await listQueues(ops)).map(({ name }) => name)).not.toContain(WEBHOOK_QUEUE);
});
