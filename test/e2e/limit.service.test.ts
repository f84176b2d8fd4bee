/** A limit that Defender proves too high is lowered for every worker, also for one that starts later, and says so. */
import { expect, test } from "vitest";
import { z } from "zod";
import { runBin } from "../cli/bin.ts";
import { metrics, seriesOf } from "../ops/health.ts";
import { openPipe } from "../support/pipe.ts";
import { busiestWindow } from "../support/windows.ts";

const listening = z.object({ port: z.number() });
const findings = z.array(z.object({ check: z.string(), ok: z.boolean().nullable(), message: z.string() }));
const WINDOW_MS = 2_000;

test("two refusals halve the limit of all workers; log, metrics and check say so", async () => {
  const limits = { DEFENDER_HUNTING_LIMITS: `20/${WINDOW_MS / 1_000}s` };
  const { client, simulator, startWorker, accept, env } = await openPipe({
    settings: { quotas: { incidents: null, hunting: null } },
    env: limits,
  });
  await simulator.addFault({
    match: { path: "runHuntingQuery" },
    times: 2,
    fault: { status: 429, headers: { "Retry-After": "1" } },
  });
  const hunt = async () => {
    const job = await accept("execute_custom_query", { query: "print ok=1" });
    expect(await client.waitForResult(job, { timeoutMs: 50_000 })).toMatchObject({
      is_success: true,
      attempts: 1,
    });
  };
  const first = await startWorker();
  await hunt();
  expect(await first.event("gate.limit_lowered")).toMatchObject({
    level: "warn",
    lane: "hunting",
    share: 0.5,
  });

  const later = await startWorker({ WORKER_PORT: "0" });
  const { port } = listening.parse(await later.event("health.listening"));
  const text = await metrics(`http://127.0.0.1:${port}`);
  const shareOf = (lane: string) =>
    seriesOf(text, "defender_gate_limit_share", { instance: "default", lane });
  expect({ hunting: shareOf("hunting"), incidents: shareOf("incidents") }).toEqual({
    hunting: 0.5,
    incidents: 1,
  });

  const { code, out } = await runBin(["check", "--json"], env);
  const quotas = findings.parse(JSON.parse(out)).filter(({ check }) => check === "quota");
  expect(code, out).toBe(0);
  expect(quotas).toEqual([
    expect.objectContaining({ ok: true, message: "incidents: 120/1m" }),
    expect.objectContaining({
      ok: true,
      message: expect.stringMatching(/^hunting: 10 of 20\/2s, lowered at /),
    }),
  ]);

  await Promise.all(Array.from({ length: 40 }, hunt));
  const { arrivals } = await simulator.ledger();
  const hunts = arrivals.filter(({ lane }) => lane === "hunting").map(({ timeMs }) => timeMs);
  // Ten is left of twenty. Arrivals jitter on a busy machine, so a few more may fall together; the exact bound is proved
  // where calls are sent (`test/defender/gate-fleet.timed.test.ts`).
  const busiest = busiestWindow(hunts, WINDOW_MS * 0.99);
  expect(busiest).toBeGreaterThanOrEqual(10);
  expect(busiest).toBeLessThan(15);
});
