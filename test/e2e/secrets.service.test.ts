/** No secret and no token gets out, whatever goes wrong. */
import { expect, test } from "vitest";
import { z } from "zod";
import { CASE, openPipe } from "../support/pipe.ts";
import { dumpRedis } from "../support/redis-dump.ts";

const SECRET = "canary~Secret.4f1d";
/** How the simulator's tokens begin. */
const TOKEN = "simulated.";

const FAULTS = [
  { match: { path: "/incidents/1$" }, times: null, fault: { status: 401 } },
  { match: { path: "/incidents/2$" }, times: null, fault: { status: 403 } },
  { match: { path: "/incidents/3$" }, times: 1, fault: { status: 502, body: "<html>Bad gateway</html>" } },
  { match: { path: "/incidents/4$" }, times: 1, fault: { reset: "before" } },
  { match: { method: "PATCH", path: "/incidents/5$" }, times: null, fault: { status: 400 } },
  {
    match: { path: "/incidents/6$" },
    times: 1,
    fault: { status: 302, headers: { Location: "http://127.0.0.1:9/" } },
  },
];

test("after a run full of failures no secret is in logs, Redis, results or metrics", async () => {
  const { client, simulator, startWorker, redis } = await openPipe({ clientSecret: SECRET });
  for (const fault of FAULTS) await simulator.addFault(fault);
  const worker = await startWorker({ LOG_LEVEL: "trace", WORKER_PORT: "0" });
  const jobs = await client.enqueueMany([
    ...FAULTS.map((_, index) => ({
      action: "update_incident" as const,
      input: { ...CASE, incident_id: index + 1, status: "Resolved" },
    })),
    { action: "execute_custom_query", input: { ...CASE, query: "Nothing | where" } },
    { action: "ping", input: CASE },
  ]);
  const results = await Promise.all(jobs.map((job) => client.waitForResult(job, { timeoutMs: 45_000 })));

  expect(results.filter(({ status }) => status === "failed").length).toBeGreaterThanOrEqual(4);
  const { port } = z.looseObject({ port: z.number() }).parse(await worker.event("health.listening"));
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const stored = await dumpRedis(redis);
  const places = { logs: worker.log.join("\n"), results: JSON.stringify(results), metrics, stored };
  for (const [place, text] of Object.entries(places)) {
    expect(text.length, place).toBeGreaterThan(500);
    expect(text, place).not.toContain(SECRET);
    expect(text, place).not.toContain(encodeURIComponent(SECRET));
    expect(text, place).not.toContain(TOKEN);
  }
});
