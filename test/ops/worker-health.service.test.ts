import { describe, expect, inject, it, onTestFinished } from "vitest";
import { z } from "zod";
import { createLog } from "../../src/log.ts";
import { startWorkerHealth } from "../../src/ops/worker-server.ts";
import { startSimulator } from "../simulator/simulator.ts";
import { randomPrefix } from "../support/prefix.ts";
import { openRedisProxy } from "../support/redis-proxy.ts";
import { CASE, INCIDENTS, UPDATE } from "./bull-board.ts";
import { health, metrics, seriesOf } from "./health.ts";
import { openOps, openWorker } from "./opened.ts";

describe("a worker's health", () => {
  async function openHealth(instances: string[] = []) {
    const log: string[] = [];
    const server = await startWorkerHealth(
      { host: "127.0.0.1", port: 0 },
      createLog("info", { write: (line) => log.push(line) }),
      instances,
    );
    onTestFinished(server.close);
    const { event, port } = z.object({ event: z.string(), port: z.number() }).parse(JSON.parse(log[0] ?? ""));
    expect(event).toBe("health.listening");
    return { server, url: `http://127.0.0.1:${port}` };
  }

  it("is alive but not ready before it has started, ready then, and not ready once it stops", async () => {
    const { server, url } = await openHealth();
    expect(await health(url, "/livez")).toMatchObject({ status: 200 });
    expect(await health(url, "/readyz")).toMatchObject({
      status: 503,
      body: { checks: { worker: "starting" } },
    });
    const worker = await openWorker(randomPrefix());
    server.watch(worker);
    expect(await health(url, "/readyz")).toEqual({
      status: 200,
      body: { status: "ready", checks: { redis: "ok", queues: "ok" } },
    });
    const stopped = worker.stop();
    expect(await health(url, "/readyz")).toMatchObject({
      status: 503,
      body: { checks: { queues: "stopping" } },
    });
    await stopped;
  });

  it("is not alive after its event loop was blocked for a second", async () => {
    const { url } = await openHealth();
    // The first measurement is what later ones are compared with.
    await expect
      .poll(async () => (await health(url, "/livez")).body["event_loop_delay_ms"])
      .toBeGreaterThan(0);
    const endMs = performance.now() + 1_200;
    while (performance.now() < endMs);
    const { status, body } = await health(url, "/livez");
    expect([status, body["status"]]).toEqual([503, "event loop blocked"]);
    expect(body["event_loop_delay_ms"]).toBeGreaterThan(1_000);
  });

  it("is not ready when only its blocking connections are dead, and ready again when they are not", async () => {
    const proxy = await openRedisProxy(inject("redisUrl"));
    onTestFinished(proxy.close);
    const { server, url } = await openHealth();
    server.watch(await openWorker(randomPrefix(), { redisUrl: proxy.url }));
    expect(await health(url, "/readyz")).toMatchObject({ status: 200 });

    proxy.goDeaf(({ isBlocking }) => isBlocking);
    await expect
      .poll(() => health(url, "/readyz"), { timeout: 30_000 })
      .toMatchObject({
        status: 503,
        body: { checks: { redis: "ok", queues: expect.stringMatching(/^not listening: defender-default-/) } },
      });

    proxy.heal();
    await expect.poll(() => health(url, "/readyz"), { timeout: 30_000 }).toMatchObject({ status: 200 });
  });

  it("shows which part of a limit is in use, and nothing when Redis does not answer", async () => {
    const proxy = await openRedisProxy(inject("redisUrl"));
    onTestFinished(proxy.close);
    const { server, url } = await openHealth();
    const hunting = { instance: "default", lane: "hunting" };
    const share = async () => seriesOf(await metrics(url), "defender_gate_limit_share", hunting);
    expect(await share()).toBeNull();
    server.watch(await openWorker(randomPrefix(), { redisUrl: proxy.url }));
    expect(await share()).toBe(1);

    proxy.goDeaf(({ name }) => name.startsWith("defender-gate-"));
    expect(await share()).toBeNull();
    proxy.heal();
    await expect.poll(share, { timeout: 30_000 }).toBe(1);
  });

  it("counts from nought what alerts look at, so that the first of its kind is a rise", async () => {
    const { url } = await openHealth(["default"]);
    const text = await metrics(url);
    const of = { instance: "default" };
    const failed = { ...of, action: "update_incident", outcome: "permission_denied" };
    expect(seriesOf(text, "defender_jobs_finished_total", failed)).toBe(0);
    expect(seriesOf(text, "defender_token_requests_total", { ...of, outcome: "auth_failed" })).toBe(0);
    expect(seriesOf(text, "defender_jobs_lost_total", { ...of, how: "stalled" })).toBe(0);
    expect(seriesOf(text, "defender_webhook_deliveries_total", { ...of, outcome: "given_up" })).toBe(0);
  });

  it("measures jobs by how they ended and calls by how they were answered", async () => {
    const simulator = await startSimulator({ warmUp: false });
    onTestFinished(simulator.close);
    const { client, prefix, queues } = await openOps();
    const { server, url } = await openHealth();
    await openWorker(prefix, { simulator, observe: server.observe });
    const jobs = await Promise.all([
      client.enqueue("update_incident", UPDATE),
      client.enqueue("update_incident", { ...CASE, incident_id: 404_404, status: "Resolved" }),
    ]);
    await Promise.all(jobs.map((job) => client.waitForResult(job, { timeoutMs: 20_000 })));
    const foreign = await queues.get(INCIDENTS).add("canary-name", { secret: "canary-data" });
    const place = { queue: INCIDENTS, queueJobId: foreign.id ?? "" };
    await expect.poll(() => queues.stateOf(place)).toBe("failed");

    const text = await metrics(url);

    const update = { instance: "default", action: "update_incident" };
    expect(seriesOf(text, "defender_jobs_finished_total", { ...update, outcome: "completed" })).toBe(1);
    expect(seriesOf(text, "defender_jobs_finished_total", { ...update, outcome: "not_found" })).toBe(1);
    expect(seriesOf(text, "defender_job_runs_total", { ...update, ended: "failed" })).toBe(1);
    expect(seriesOf(text, "defender_job_run_duration_seconds_count", { action: "update_incident" })).toBe(2);
    const unread = { instance: "default", action: "unknown", outcome: "invalid_input" };
    expect(seriesOf(text, "defender_jobs_finished_total", unread)).toBe(1);
    const calls = { instance: "default", lane: "incidents" };
    expect(seriesOf(text, "defender_calls_total", { ...calls, call: "patch", status: "200" })).toBe(1);
    expect(seriesOf(text, "defender_calls_total", { ...calls, status: "404" })).toBe(1);
    expect(seriesOf(text, "defender_token_requests_total", { instance: "default", outcome: "ok" })).toBe(1);
    for (const secret of ["canary", simulator.clientSecret, "eyJ"]) expect(text).not.toContain(secret);
  });

  it("counts what Defender throttles and the holds that follow", async () => {
    const simulator = await startSimulator({ warmUp: false });
    onTestFinished(simulator.close);
    await fetch(`${simulator.url}/_sim/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        match: { method: "GET" },
        times: 1,
        fault: { status: 429, headers: { "Retry-After": "1" } },
      }),
    });
    const { client, prefix } = await openOps();
    const { server, url } = await openHealth();
    await openWorker(prefix, { simulator, observe: server.observe });
    const job = await client.enqueue("update_incident", UPDATE);
    expect(await client.waitForResult(job, { timeoutMs: 20_000 })).toMatchObject({ status: "completed" });

    const text = await metrics(url);

    const lane = { instance: "default", lane: "incidents" };
    expect(seriesOf(text, "defender_throttled_calls_total", lane)).toBe(1);
    expect(seriesOf(text, "defender_gate_holds_total", { ...lane, scope: "lane" })).toBeGreaterThan(0);
    expect(
      seriesOf(text, "defender_job_runs_total", { action: "update_incident", ended: "held" }),
    ).toBeGreaterThan(0);
  });
});
