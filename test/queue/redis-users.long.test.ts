/** All programs at their real work, each as its own user of Redis: nothing is refused. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, it, onTestFinished, vi } from "vitest";
import { z } from "zod";
import { makeToken } from "../../producers/api/tokens.ts";
import { createClient } from "../../producers/client.ts";
import type { RedisUser } from "../../src/queue/redis-users.ts";
import { runBin, startBin, type Variables } from "../cli/bin.ts";
import { PrivateRedis } from "../faults/private-redis.ts";
import { ask } from "../ops/http.ts";
import { login, OPS_SESSION_SECRET, OPS_USERS } from "../ops/session.ts";
import { startApiProcess } from "../support/api-process.ts";
import { CASE, openRig } from "../support/rig.ts";

const listening = z.looseObject({ event: z.literal("ops.listening"), url: z.string() });

async function startOpsProcess(env: Variables): Promise<string> {
  const { child, ended } = startBin(["ops"], { OPS_PORT: "0", OPS_USERS, OPS_SESSION_SECRET, ...env });
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  return await new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      const parsed = listening.safeParse(JSON.parse(line));
      if (parsed.success) resolve(parsed.data.url);
    });
    void ended.then(({ err }) => reject(new Error(err)));
  });
}

it("lets every program do its work, and refuses nothing", async () => {
  const folder = await mkdtemp(join(tmpdir(), "defender-actions-users-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const server = await PrivateRedis.start({});
  onTestFinished(() => server.close());
  const rig = await openRig({ redisUrl: server.url });
  onTestFinished(() => rig.close());
  const { prefix, simulator } = rig;

  const made = await runBin(["redis-users", "--folder", folder, "--address", new URL(server.url).host], {
    QUEUE_PREFIX: prefix,
  });
  expect(made.code).toBe(0);
  // The rig's own client is none of the users.
  const list = readFileSync(join(folder, "redis-users.acl"), "utf8").replace(/^user default .*\n/m, "");
  for (const line of list.trim().split("\n")) {
    const [, user = "", ...rules] = line.split(" ");
    await server.admin.call("ACL", "SETUSER", user, ...rules);
  }
  const fileOf = (user: RedisUser): string => join(folder, `redis-url-${user}`);
  const as = (user: RedisUser): Variables => ({ REDIS_URL_FILE: fileOf(user), QUEUE_PREFIX: prefix });
  const done = async (user: RedisUser, ...args: string[]): Promise<string> => {
    const { code, out, err } = await runBin(args, as(user));
    expect([args.join(" "), code, err]).toEqual([args.join(" "), 0, expect.any(String)]);
    return out;
  };

  const { REDIS_URL: _, ...app } = rig.env;
  const worker = await rig.startWorker({ REDIS_URL: "", ...as("worker") });
  const checked = await runBin(["check"], { ...app, ...as("worker") });
  expect(checked).toMatchObject({ code: 0 });

  const client = createClient({
    redisUrl: readFileSync(fileOf("producer"), "utf8").trim(),
    queuePrefix: prefix,
  });
  onTestFinished(() => client.close());
  const comment = { ...CASE, incident_id: 29, comment: "ws-01 is isolated." };
  const jobs = [
    await client.enqueue("ping", CASE),
    await client.enqueue("update_incident", { ...CASE, incident_id: 29, status: "Resolved" }),
    await client.enqueue("add_comment_to_incident", comment, { idempotencyKey: "isolated" }),
    await client.enqueue("execute_query", { ...CASE, table_names: "AlertInfo", time_frame: "Last 24 Hours" }),
    ...(await client.enqueueMany([
      { action: "add_comment_to_incident", input: comment, options: { priority: "bulk" } },
    ])),
  ];
  for (const job of jobs)
    expect(await client.waitForResult(job, { timeoutMs: 60_000 })).toMatchObject({ status: "completed" });
  expect((await client.resultsForCase("4711")).length).toBe(jobs.length);
  expect((await client.resultsForIncident("29")).length).toBeGreaterThan(0);
  const missing = await client.enqueue("update_incident", {
    ...CASE,
    incident_id: 987_654,
    status: "Active",
  });
  expect(await client.waitForResult(missing, { timeoutMs: 60_000 })).toMatchObject({ status: "failed" });
  // The queue knows of the end a moment later than the result.
  await vi.waitFor(() => client.retry({ jobId: missing.jobId }), { timeout: 10_000 });

  await done("operator", "pause", "--reason", "a look");
  const held = await client.enqueue("ping", CASE);
  await client.cancel(held);
  await done("operator", "unpause");
  await done("operator", "failed", "--json");
  await done("operator", "retry", "--code", "not_found", "--yes");
  const change = [
    "--status",
    "Resolved",
    "--classification",
    "False Positive",
    "--determination",
    "Not Malicious",
  ];
  const ended = await done("producer", "bulk", "reclassify", "--ids", "10,11", ...change, "--yes", "--json");
  const runId = /"run_id":"(\w+)"/.exec(ended)?.[1] ?? "";
  await done("producer", "bulk", "report", runId, "--format", "csv");
  await done("producer", "bulk", "undo", runId, "--yes");
  expect((await simulator.countEffects()).patch).toMatchObject({ 10: 2, 11: 2 });

  const { token, hash } = makeToken();
  const api = await startApiProcess({ ...as("api"), API_TOKENS: `soar:default:*:${hash}` });
  const asked = await fetch(`${api.url}/v1/actions/ping?wait=30`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(CASE),
  });
  expect([asked.status, await asked.json()]).toMatchObject([200, {}]);

  const ops = await startOpsProcess(as("ops"));
  const { cookie, write } = await login(ops, "ada");
  for (const path of ["/queues/api/queues", "/cases?case_id=4711", "/runs", "/readyz"])
    expect([path, (await ask(ops + path, { headers: cookie })).status]).toEqual([path, 200]);
  const metrics = (await ask(`${ops}/metrics`)).body;
  expect(metrics).toContain(
    'defender_queue_workers{instance="default",lane="incidents",priority="interactive"} 1',
  );
  expect((await ask(`${ops}/logout`, { method: "POST", headers: write })).status).toBe(303);
  await worker.kill("SIGTERM");

  expect(await server.admin.call("ACL", "LOG")).toEqual([]);
}, 120_000);
