/** What becomes of jobs that still run when a worker stops. */
import { expect, it } from "vitest";
import { openEngine } from "./running.ts";

it("hands back a job that does not end in time, at no attempt, and the next worker does it", async () => {
  const { update, simulator, startWorker, client, effects, end } = await openEngine();
  await simulator.addFault({
    match: { method: "GET", path: "/incidents/29" },
    times: 1,
    fault: { hang: true },
  });
  const stop = await startWorker();
  const job = await update(29, { status: "Resolved" });
  await simulator.arrivals("GET .*incidents/29");

  await stop();

  expect(await client.result(job)).toMatchObject({ status: "queued", attempts: 0 });
  await startWorker();
  expect(await end(job)).toMatchObject({ status: "completed", attempts: 1 });
  expect(await effects()).toEqual(["patch 29"]);
});
