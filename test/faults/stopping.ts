/** Stops a worker with calls in flight, again and again, beside another one that goes on. */
import { expect, type TestContext } from "vitest";
import { check } from "./checker.ts";
import { allOver, assign, comment, times } from "./jobs.ts";
import { openFaultRig } from "./rig.ts";

const SHUTDOWN_MS = 8_000;
/** Starting to stop, and ending the process. */
const GIVE_MS = 2_000;
/** A lock would take 20 s to run out. */
const TAKEN_OVER_WITHIN_MS = 10_000;
const IN_FLIGHT = 8;
/** The seeds have nothing special from here on. */
const FIRST_INCIDENT = 32;

/** Each round: calls are in flight, SIGTERM comes, and a worker that is fresh takes over. */
export async function stopInFlight(
  context: Pick<TestContext, "onTestFinished">,
  rounds: number,
): Promise<void> {
  const rig = await openFaultRig(context, { env: { SHUTDOWN_TIMEOUT: `${SHUTDOWN_MS}ms` } });
  let worker = await rig.startWorker();
  for (let round = 0; round < rounds; round += 1) {
    const { arrivals } = await rig.simulator.ledger();
    const seen = arrivals.filter(({ method }) => method === "GET").length;
    // Half of them end in time, the others never by themselves.
    await rig.simulator.addFault({
      match: { method: "GET", path: "/incidents/" },
      times: IN_FLIGHT / 2,
      fault: { delayMs: 1_000 },
    });
    await rig.simulator.addFault({
      match: { method: "GET", path: "/incidents/" },
      times: IN_FLIGHT / 2,
      fault: { hang: true },
    });
    const jobs = await rig.acceptMany(
      times(IN_FLIGHT, (index) =>
        index % 2 === 0
          ? comment(FIRST_INCIDENT + index, `round ${round}, comment ${index}.`)
          : assign(FIRST_INCIDENT + index, `round-${round}-${index}`),
      ),
    );
    await rig.simulator.arrivals("GET .*/incidents/", seen + IN_FLIGHT);
    const termedMs = performance.now();
    const next = rig.startWorker();
    expect(await worker.kill("SIGTERM")).toBe(0);
    expect(performance.now() - termedMs).toBeLessThan(SHUTDOWN_MS + GIVE_MS);
    worker = await next;
    const readyMs = performance.now();
    const results = await allOver(rig, jobs, 60_000);
    // Nobody waits for a lock that has to run out.
    expect(performance.now() - readyMs).toBeLessThan(TAKEN_OVER_WITHIN_MS);
    expect(results.map(({ status, attempts }) => `${status} ${attempts}`)).toEqual(
      times(IN_FLIGHT, () => "completed 1"),
    );
  }
  const handedBack = rig.workers.flatMap(({ log }) => log.filter((line) => line.includes("job.handed-back")));
  expect(handedBack.length).toBeGreaterThanOrEqual(rounds);
  await check(rig);
}
