import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { RunStore } from "../../src/bulk/run-store.ts";
import { loadOpsConfig } from "../../src/config.ts";
import { createLog } from "../../src/log.ts";
import { startOps } from "../../src/ops/server.ts";
import { CASE, UPDATE } from "./bull-board.ts";
import { makeRun } from "./finished-run.ts";
import { health, metrics, seriesOf } from "./health.ts";
import { failNextJob, openOps } from "./opened.ts";

const REDIS_AWAY = "redis://127.0.0.1:1";
const silent = createLog("silent");

describe("ops", () => {
  it("is alive and ready", async () => {
    const { url } = await openOps();
    expect(await health(url, "/livez")).toMatchObject({ status: 200, body: { status: "alive" } });
    expect(await health(url, "/readyz")).toEqual({
      status: 200,
      body: { status: "ready", checks: { redis: "ok" } },
    });
  });

  it("is alive but not ready while Redis is away, says so once, and shows no old figures", async () => {
    const { url, log } = await openOps({ REDIS_URL: REDIS_AWAY });
    expect(await health(url, "/livez")).toMatchObject({ status: 200 });
    expect(await health(url, "/readyz")).toMatchObject({ status: 503, body: { status: "not ready" } });
    const text = await metrics(url);
    expect(seriesOf(text, "defender_redis_up")).toBe(0);
    expect(seriesOf(text, "defender_queue_jobs")).toBeNull();
    expect(seriesOf(text, "defender_redis_memory_used_bytes")).toBeNull();
    // By then it was refused several times.
    expect(log.filter((line) => line.includes("redis.error"))).toHaveLength(1);
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
    await client.enqueue("update_incident", UPDATE);
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
    expect(seriesOf(text, "defender_result_rows_bytes")).toBe(0);
  });

  it("tells the age of the oldest job also when it waits by itself", async () => {
    const { url, client, queues } = await openOps();
    const age = async () =>
      seriesOf(await metrics(url), "defender_queue_oldest_waiting_age_seconds", {
        lane: "incidents",
        priority: "interactive",
      });
    const queue = queues.get("defender-default-incidents");
    const enqueued_at = new Date(Date.now() - 600_000).toISOString();
    await queue.add("update_incident", { v: 1, enqueued_at }, { delay: 60_000 });
    await queue.add("update_incident", { v: 1 }, { delay: 1_000 });
    expect(await age()).toBeGreaterThan(599);
    await client.enqueue("update_incident", UPDATE);
    expect(await age()).toBeGreaterThan(599);
    await queue.drain(true);
    expect(await age()).toBe(0);
  });

  it("counts bulk runs that are not over, and their incidents by what became of them", async () => {
    const ops = await openOps();
    await makeRun(ops, {}, 4, [{ result: "changed" }, { result: "skipped", reason: "merged" }]);
    await makeRun(ops, { run_id: "r2" }, 3, [{ result: "failed", code: "not_found" }]);
    await new RunStore(ops.redis, ops.prefix).pause("r2");
    await makeRun(ops, { run_id: "over" }, 1, [{ result: "changed" }]);
    const text = await metrics(ops.url);
    const states = ["selecting", "running", "paused"].map((state) =>
      seriesOf(text, "defender_bulk_runs", { instance: "default", state }),
    );
    expect(states).toEqual([0, 1, 1]);
    const outcomes = ["changed", "unchanged", "skipped", "failed", "waiting", "in_hand"].map((outcome) =>
      seriesOf(text, "defender_bulk_items", { instance: "default", outcome }),
    );
    expect(outcomes).toEqual([1, 0, 1, 1, 4, 0]);
    expect(seriesOf(text, "defender_bulk_workers", { instance: "default" })).toBe(0);
  });

  it.each(["0.0.0.0", "::", "192.0.2.7", "ops.contoso.com"])("refuses to listen on %s", async (host) => {
    const config = loadOpsConfig({ OPS_HOST: host });
    await expect(startOps(config, silent)).rejects.toMatchObject({
      code: "invalid_input",
      message: `OPS_HOST: given "${host}"; allowed without OPS_USERS: a loopback address such as 127.0.0.1`,
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
