/** What the audit trail has of those who ask: through the client, over HTTP, and on the command line. */
import { Redis } from "ioredis";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { createClient } from "../../producers/client.ts";
import { trailKey } from "../../src/audit/entry.ts";
import { auditEntries } from "../audit/entries.ts";
import { runBin, startBin } from "../cli/bin.ts";
import { randomPrefix } from "../support/prefix.ts";
import { openApi, tokenFor } from "./api/opened-api.ts";

const UPDATE = { case_id: "4711", incident_id: 29, status: "Resolved" } as const;

function openClient(caller = "playbooks") {
  const prefix = randomPrefix();
  const client = createClient({ redisUrl: inject("redisUrl"), queuePrefix: prefix, caller });
  onTestFinished(() => client.close());
  return { client, prefix, env: { REDIS_URL: inject("redisUrl"), QUEUE_PREFIX: prefix } };
}

describe("a client", () => {
  it("has taken down what it asked for by the time that it says so, refusals too", async () => {
    const { client, prefix } = openClient();
    const key = { idempotencyKey: "k", requestedBy: "ada" };
    const job = await client.enqueue("update_incident", UPDATE, key);
    const asked = { via: "client", caller: "playbooks", case_id: "4711" };
    const enqueue = { ...asked, verb: "enqueue", requested_by: "ada", incident_id: "29" };
    const accepted = { outcome: "accepted", job_id: job.jobId };
    expect(await auditEntries(prefix)).toMatchObject([
      { ...enqueue, ...accepted, deduplicated: false, input: { status: "resolved" } },
    ]);
    await client.enqueue("update_incident", UPDATE, key);
    await expect(client.enqueue("update_incident", { ...UPDATE, status: "Active" }, key)).rejects.toThrow();
    await client.cancel(job);
    await client.cancel(job);
    await expect(client.retry({ jobId: "unknown" })).rejects.toThrow();
    await client.close();
    expect((await auditEntries(prefix)).slice(1)).toMatchObject([
      { ...enqueue, ...accepted, deduplicated: true },
      { ...enqueue, outcome: "conflict", input: { status: "active" } },
      { ...asked, ...accepted, verb: "cancel" },
      { ...asked, verb: "cancel", outcome: expect.stringMatching(/^(?:accepted|too_late)$/) },
      { verb: "retry", outcome: "not_found", job_id: "unknown" },
    ]);
  });

  it("takes down no request that its own check refuses, and each of a batch", async () => {
    const { client, prefix } = openClient();
    const bad = { action: "update_incident", input: { case_id: "4711", incident_id: "x" } };
    await expect(client.submit(bad)).rejects.toThrow();
    const ping = (case_id: string) => ({ action: "ping", input: { case_id } }) as const;
    const jobs = await client.enqueueMany([ping("1"), ping("2")]);
    expect((await auditEntries(prefix)).map(({ job_id }) => job_id).sort()).toEqual(
      jobs.map(({ jobId }) => jobId).sort(),
    );
  });

  it("has what begins and steers a bulk run", async () => {
    const { client, prefix } = openClient();
    const { run } = await client.bulk.draft({
      ids: ["29", "31"],
      change: { status: "Resolved" },
      caseId: "4711",
    });
    expect(await auditEntries(prefix)).toEqual([]);
    await client.bulk.start(run.run_id);
    await client.bulk.cancel(run.run_id);
    expect(await auditEntries(prefix)).toMatchObject([
      { verb: "bulk_start", run_id: run.run_id, case_id: "4711", input: { selected: 2, change: {} } },
      { verb: "bulk_cancel", run_id: run.run_id, caller: "playbooks" },
    ]);
  });

  it("goes on when the trail cannot be written", async () => {
    const { client, prefix } = openClient();
    const redis = new Redis(inject("redisUrl"));
    await redis.set(trailKey(prefix), "in the way");
    redis.disconnect();
    const warned = new Promise((resolve) => process.once("warning", resolve));
    expect(await client.enqueue("ping", { case_id: "1" })).toMatchObject({ deduplicated: false });
    expect(await warned).toMatchObject({ message: expect.stringContaining("audit trail") });
  });
});

describe("the API", () => {
  it("takes down under the token's name what it was asked, outside of its bounds too", async () => {
    const { token, entry } = tokenFor("siem:default:ping");
    const { call, prefix } = await openApi({ API_TOKENS: entry });
    const ping = { token, body: { case_id: "4711" }, headers: { "defender-requested-by": "ada" } };
    const { json } = await call("/v1/actions/ping", ping);
    await call("/v1/actions/update_incident", { token, body: UPDATE });
    await call("/v1/actions/ping", { token, body: {} });
    await call("/v1/actions/ping", { body: {} });
    await expect.poll(() => auditEntries(prefix)).toHaveLength(2);
    const siem = { verb: "enqueue", via: "http", caller: "siem", case_id: "4711" };
    expect(await auditEntries(prefix)).toMatchObject([
      { ...siem, outcome: "accepted", requested_by: "ada", job_id: Object(json).job_id },
      { ...siem, outcome: "permission_denied", action: "update_incident", incident_id: "29" },
    ]);
    expect(JSON.stringify(await auditEntries(prefix))).not.toContain(token);
  });
});

describe("defender-actions audit", () => {
  it("prints an entry a line, narrowed down, harmless on a terminal, or as JSON", async () => {
    const { client, env } = openClient("\u001b[31mred");
    await client.enqueue("update_incident", UPDATE, { requestedBy: "ada" });
    await client.enqueue("ping", { case_id: "2" });
    await client.enqueue("ping", { case_id: "3" });
    const [plain, json, none] = await Promise.all([
      runBin(["audit", "--by", "ada"], env),
      runBin(["audit", "--json", "--limit", "2"], env),
      runBin(["audit", "--case", "unknown"], env),
    ]);
    expect(plain).toMatchObject({ code: 0, err: "" });
    expect(plain.out).toMatch(
      /^\S+Z {2}enqueue {2}accepted {2}by \\u001b\[31mred \(client, for ada\) .*incident 29/,
    );
    expect(plain.out).not.toContain("\u001b");
    expect(
      json.out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).case_id),
    ).toEqual(["2", "3"]);
    expect(none).toEqual({ code: 0, out: "", err: "Nothing of that was taken down.\n" });
  });

  it("follows what comes, with what this machine's user stopped, until it is told to end", async () => {
    const { client, env } = openClient();
    await client.enqueue("ping", { case_id: "before" });
    const { child, ended } = startBin(["audit", "--follow", "--json"], env);
    let printed = "";
    child.stdout.on("data", (text: string) => {
      printed += text;
    });
    await expect.poll(() => printed, { timeout: 10_000 }).toContain("before");
    expect((await runBin(["pause", "--writes", "--by", "ada"], env)).code).toBe(0);
    await expect.poll(() => printed, { timeout: 10_000 }).toContain("pause");
    child.kill("SIGINT");
    const { code, out } = await ended;
    expect(code).toBe(0);
    expect(
      out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { verb: "enqueue", case_id: "before" },
      { verb: "pause", via: "cli", requested_by: "ada", input: { writes: true, instance: null } },
    ]);
  });

  it("says when Redis is away", async () => {
    const { code, err } = await runBin(["audit"], { REDIS_URL: "redis://127.0.0.1:1" });
    expect([code, err]).toEqual([3, expect.stringContaining("does not answer")]);
  });
});
