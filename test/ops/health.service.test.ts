import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { z } from "zod";
import { loadOpsConfig } from "../../src/config.ts";
import { createLog } from "../../src/log.ts";
import { startOps } from "../../src/ops/server.ts";
import { startWorkerHealth } from "../../src/ops/worker-server.ts";
import { startSimulator } from "../simulator/simulator.ts";
import { randomPrefix } from "../support/prefix.ts";
import { openDeafProxy } from "./deaf-proxy.ts";
import { ask } from "./http.ts";
import { failNextJob, openOps, openWorker } from "./opened.ts";

const CASE = { case_id: "4711", alert_group_identifiers: [] };
const REDIS_AWAY = "redis://127.0.0.1:1";
const silent = createLog("silent");

const health = async (url: string, path: string) => {
  const { status, body } = await ask(`${url}${path}`);
  return { status, body: z.record(z.string(), z.unknown()).parse(JSON.parse(body)) };
};
const metrics = async (url: string) => (await ask(`${url}/metrics`)).body;

/** The value of a series, whatever the order of its labels. */
function seriesOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number | null {
  const line = text
    .split("\n")
    .find(
      (each) =>
        /^\w+/.exec(each)?.[0] === name &&
        Object.entries(labels).every(([label, value]) => each.includes(`${label}="${value}"`)),
    );
  return line === undefined ? null : Number(line.split(" ").at(-1));
}

describe("ops", () => {
  it("is alive and ready", async () => {
    const { url } = await openOps();
    expect(await health(url, "/livez")).toMatchObject({ status: 200, body: { status: "alive" } });
    expect(await health(url, "/readyz")).toEqual({
      status: 200,
      body: { status: "ready", checks: { redis: "ok" } },
    });
  });

  it("is alive but not ready while Redis is away, and shows no old figures", async () => {
    const { url } = await openOps({ REDIS_URL: REDIS_AWAY });
    expect(await health(url, "/livez")).toMatchObject({ status: 200 });
    expect(await health(url, "/readyz")).toMatchObject({ status: 503, body: { status: "not ready" } });
    const text = await metrics(url);
    expect(seriesOf(text, "defender_redis_up")).toBe(0);
    expect(seriesOf(text, "defender_queue_jobs")).toBeNull();
    expect(seriesOf(text, "defender_redis_memory_used_bytes")).toBeNull();
  });

  it("is not ready when Redis accepts and says nothing", async () => {
    const mute = createServer();
    await once(mute.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void mute.close());
    const address = mute.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const { url } = await openOps({ REDIS_URL: `redis://127.0.0.1:${address.port}` });
    expect(await health(url, "/readyz")).toEqual({
      status: 503,
      body: { status: "not ready", checks: { redis: "no answer within 2000 ms" } },
    });
  });

  it("counts the jobs of every queue and tells the age of the oldest one that waits", async () => {
    const { url, client, prefix } = await openOps();
    const update = { ...CASE, incident_id: 29, status: "Resolved" } as const;
    await client.enqueue("update_incident", update);
    await failNextJob(prefix, "defender-default-incidents", "not_found: no such incident");
    await client.enqueue("execute_custom_query", { ...CASE, query: "AlertInfo" }, { priority: "bulk" });
    await client.enqueue("execute_custom_query", { ...CASE, query: "AlertInfo" }, { priority: "bulk" });

    const text = await metrics(url);

    const hunting = { instance: "default", lane: "hunting", priority: "bulk" };
    const incidents = { instance: "default", lane: "incidents", priority: "interactive" };
    expect(seriesOf(text, "defender_queue_jobs", { ...hunting, state: "waiting" })).toBe(2);
    expect(seriesOf(text, "defender_queue_jobs", { ...incidents, state: "failed" })).toBe(1);
    expect(seriesOf(text, "defender_queue_jobs", { ...incidents, state: "waiting" })).toBe(0);
    expect(seriesOf(text, "defender_queue_oldest_waiting_age_seconds", hunting)).toBeGreaterThan(0);
    expect(seriesOf(text, "defender_queue_oldest_waiting_age_seconds", incidents)).toBe(0);
    expect(seriesOf(text, "defender_redis_up")).toBe(1);
    expect(seriesOf(text, "defender_redis_memory_used_bytes")).toBeGreaterThan(0);
  });

  it.each(["0.0.0.0", "::", "192.0.2.7", "ops.contoso.com"])("refuses to listen on %s", async (host) => {
    const config = loadOpsConfig({ OPS_HOST: host });
    await expect(startOps(config, silent)).rejects.toMatchObject({
      code: "invalid_input",
      message: `OPS_HOST: given "${host}"; allowed: a loopback address such as 127.0.0.1`,
    });
  });

  it("says so when its port is taken", async () => {
    const { port } = new URL((await openOps()).url);
    const config = loadOpsConfig({ REDIS_URL: inject("redisUrl"), OPS_PORT: port });
    await expect(startOps(config, silent)).rejects.toMatchObject({
      code: "invalid_input",
      message: `OPS_HOST, OPS_PORT: given 127.0.0.1 and ${port}; the port is taken`,
    });
  });

  it("ends with 0 on SIGTERM, also while a browser keeps its connection open", async () => {
    const entry = new URL("../../workers/ops.ts", import.meta.url).href;
    const program = `const { runOps } = await import(${JSON.stringify(entry)}); process.exit(await runOps());`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
      env: { PATH: process.env["PATH"], REDIS_URL: inject("redisUrl"), OPS_PORT: "0" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    let log = "";
    for await (const text of child.stderr.iterator({ destroyOnReturn: false })) {
      log += String(text);
      if (log.includes("ops.listening")) break;
    }
    child.stderr.resume();
    const url = /"url":"([^"]+)"/.exec(log)?.[1] ?? "";
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });
});

describe("a worker's health", () => {
  async function openHealth() {
    const log: string[] = [];
    const server = await startWorkerHealth(
      { host: "127.0.0.1", port: 0 },
      createLog("info", { write: (line) => log.push(line) }),
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
    const proxy = await openDeafProxy(inject("redisUrl"));
    const { server, url } = await openHealth();
    server.watch(await openWorker(randomPrefix(), { redisUrl: proxy.url }));
    expect(await health(url, "/readyz")).toMatchObject({ status: 200 });

    proxy.goDeaf();
    await expect
      .poll(() => health(url, "/readyz"), { timeout: 30_000 })
      .toMatchObject({
        status: 503,
        body: { checks: { redis: "ok", queues: expect.stringMatching(/^not listening: defender-default-/) } },
      });

    proxy.hear();
    await expect.poll(() => health(url, "/readyz"), { timeout: 30_000 }).toMatchObject({ status: 200 });
  });

  it("measures jobs by how they ended and calls by how they were answered", async () => {
    const simulator = await startSimulator({ warmUp: false });
    onTestFinished(simulator.close);
    const { client, prefix, queues } = await openOps();
    const { server, url } = await openHealth();
    await openWorker(prefix, { simulator, observe: server.observe });
    const jobs = await Promise.all([
      client.enqueue("update_incident", { ...CASE, incident_id: 29, status: "Resolved" }),
      client.enqueue("update_incident", { ...CASE, incident_id: 404_404, status: "Resolved" }),
    ]);
    await Promise.all(jobs.map((job) => client.waitForResult(job, { timeoutMs: 20_000 })));
    const foreign = await queues
      .get("defender-default-incidents")
      .add("canary-name", { secret: "canary-data" });
    const place = { queue: "defender-default-incidents", queueJobId: foreign.id ?? "" };
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
    const job = await client.enqueue("update_incident", { ...CASE, incident_id: 29, status: "Resolved" });
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
