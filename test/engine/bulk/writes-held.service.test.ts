/** A run whose writes somebody has paused, or switched off. */
import { expect, it } from "vitest";
import { changeSchema } from "../../../src/bulk/change.ts";
import { runsQueueName } from "../../../src/queue/names.ts";
import { Stops } from "../../../src/queue/stops.ts";
import { openBulk } from "./opened-run.ts";

const CLOSE = changeSchema.parse({ status: "resolved", comment: "Closed" });
const WRITES = { instance: null, lane: null, writes: true };

/** Has the comment wait for a second, so that the item is put back between its two writes. */
async function holdComment({ simulator }: Awaited<ReturnType<typeof openBulk>>, isDry: boolean) {
  // A dry run reads the incident in place of each write.
  const match = isDry ? { method: "GET", path: "/29$" } : { method: "POST", path: "/comments$" };
  const fault = { status: 429, headers: { "Retry-After": "1" } };
  await simulator.addFault({ match, after: isDry ? 2 : 0, times: 1, fault });
}

it("spends no call while writes are paused, and goes on once they are not", async () => {
  const bulk = await openBulk();
  const stops = new Stops(bulk.redis, bulk.prefix);
  await stops.pause(WRITES, { by: "ada", why: "change freeze" });
  await bulk.runOn([29], { change: CLOSE });
  await bulk.startWorker();
  const tickets = bulk.queues.get(runsQueueName("default"));
  await expect
    .poll(async () => (await tickets.getDelayed()).filter(({ delay }) => delay > 1_000).length)
    .toBeGreaterThan(0);
  const { arrivals } = await bulk.simulator.ledger();
  expect(arrivals.filter(({ lane }) => lane === "incidents")).toEqual([]);

  await stops.unpause(WRITES);
  await tickets.promoteJobs();

  await bulk.end();
  expect(await bulk.effects()).toEqual(["patch 29", "comment 29"]);
});

it("takes no update for done that was not sent, when writes are switched on before its comment", async () => {
  const bulk = await openBulk({ DEFENDER_WRITES: "off" });
  await holdComment(bulk, true);
  await bulk.runOn([29], { change: CLOSE });
  const stop = await bulk.startWorker();
  await bulk.simulator.arrivals("GET .*/29", 3);
  await bulk.until("r1", ({ counts }) => counts.waiting === 1);
  await stop();

  await bulk.startWorker({ DEFENDER_WRITES: "on" });

  await bulk.end();
  expect(await bulk.effects()).toEqual(["patch 29", "comment 29"]);
});

it("reports an update that was sent, when writes are switched off before its comment", async () => {
  const bulk = await openBulk();
  await holdComment(bulk, false);
  await bulk.runOn([29], { change: CLOSE });
  const stop = await bulk.startWorker();
  await bulk.simulator.arrivals("POST .*/comments");
  await bulk.until("r1", ({ counts }) => counts.waiting === 1);
  await stop();

  await bulk.startWorker({ DEFENDER_WRITES: "off" });

  await bulk.end();
  expect(await bulk.effects()).toEqual(["patch 29"]);
  expect(await bulk.outcomes()).toMatchObject([
    {
      result: "changed",
      after: { status: "resolved" },
      message: "the comment was not sent: DEFENDER_WRITES is off",
    },
  ]);
});
