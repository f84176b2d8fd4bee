/** The commands against a worker process and a simulated Defender. */
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { type Result, resultSchema } from "../../src/contract/result.ts";
import { type Simulator, startSimulator } from "../simulator/simulator.ts";
import { randomPrefix } from "../support/prefix.ts";
import { startWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";
import { type Ended, runBin, startBin, type Variables } from "./bin.ts";

let simulator: Simulator;
let worker: WorkerProcess;
let env: Variables;

beforeAll(async () => {
  simulator = await startSimulator({ warmUp: true });
  env = {
    REDIS_URL: inject("redisUrl"),
    QUEUE_PREFIX: randomPrefix(),
    AZURE_TENANT_ID: simulator.tenant,
    AZURE_CLIENT_ID: simulator.clientId,
    AZURE_CLIENT_SECRET: simulator.clientSecret,
    LOGIN_API_ROOT: simulator.url,
    GRAPH_API_ROOT: simulator.url,
  };
  worker = await startWorkerProcess(env);
});

afterAll(async () => {
  await worker?.kill("SIGTERM");
  await simulator?.close();
});

function enqueue(action: string, input: object, ...options: string[]): Promise<Ended> {
  return runBin(["enqueue", action, "--input", JSON.stringify(input), ...options, "--json"], env);
}

const resultOf = ({ out }: Ended): Result => resultSchema.parse(JSON.parse(out));

describe("enqueue", () => {
  it("prints the job, and the same job for the same key", async () => {
    const input = { case_id: "keys", incident_id: 3, comment: "seen" };
    const [first, second] = [
      await enqueue("add_comment_to_incident", input, "--idempotency-key", "k1"),
      await enqueue("add_comment_to_incident", input, "--idempotency-key", "k1"),
    ];
    const job = JSON.parse(first.out);
    expect(job).toEqual({
      jobId: expect.any(String),
      caseId: "keys",
      action: "add_comment_to_incident",
      deduplicated: false,
    });
    expect(JSON.parse(second.out)).toEqual({ ...job, deduplicated: true });
    const other = { ...input, comment: "something else" };
    const third = await enqueue("add_comment_to_incident", other, "--idempotency-key", "k1");
    expect(third).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("idempotencyKey: given one"),
    });
  });

  it("waits for the result, with all that was asked for on it", async () => {
    const input = { case_id: "wait", incident_id: 5, status: "Active" };
    const ended = await enqueue("update_incident", input, "--wait", "30", "--requested-by", "ana");
    expect(ended).toMatchObject({ code: 0, err: "" });
    expect(resultOf(ended)).toMatchObject({ status: "completed", is_success: true, requested_by: "ana" });
  });

  it("exits 1 with the record when the action failed", async () => {
    const ended = await enqueue(
      "update_incident",
      { case_id: "none", incident_id: 987654, status: "Active" },
      "--wait",
    );
    expect(ended.code).toBe(1);
    expect(resultOf(ended).error?.code).toBe("not_found");
  });

  it("exits 0 when a hunt finds nothing: the status counts", async () => {
    const query = 'DeviceProcessEvents | where FileName == "none"';
    const ended = await enqueue("execute_custom_query", { case_id: "empty", query }, "--wait");
    expect(ended.code).toBe(0);
    expect(resultOf(ended)).toMatchObject({ status: "completed", is_success: false, reason: "no_rows" });
  });

  it("takes its input from a file and from standard input", async () => {
    const folder = await mkdtemp(join(tmpdir(), "defender-actions-cli-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "input.json");
    await writeFile(file, '\uFEFF{"case_id":"files"}');
    expect((await runBin(["enqueue", "ping", "--input-file", file], env)).code).toBe(0);
    expect((await runBin(["enqueue", "ping", "--input-file", "-"], env, '{"case_id":"files"}')).code).toBe(0);
    expect(JSON.parse((await runBin(["results", "files", "--json"], env)).out)).toHaveLength(2);
  });

  it("exits 4 with the record when the wait ends first, and says how to follow and cancel", async () => {
    const alone = { REDIS_URL: inject("redisUrl"), QUEUE_PREFIX: randomPrefix() };
    const asked = await runBin(
      ["enqueue", "ping", "--input", '{"case_id":"it\'s 1"}', "--wait", "0", "--json"],
      alone,
    );
    expect(asked.code).toBe(4);
    const { job_id: job, status } = resultOf(asked);
    expect(status).toBe("queued");
    expect(asked.err).toContain(`defender-actions results 'it'\\''s 1' --job ${job} --follow`);
    expect(asked.err).toContain(`defender-actions cancel 'it'\\''s 1' --job ${job}`);

    const cancelled = await runBin(["cancel", "it's 1", "--job", job, "--json"], alone);
    expect(JSON.parse(cancelled.out)).toEqual({ cancelled: true, sent: false });
    const after = await runBin(["results", "it's 1", "--job", job, "--json"], alone);
    expect(resultOf(after).error?.code).toBe("cancelled");
    expect((await runBin(["results", "it's 1", "--job", job, "--follow"], alone)).code).toBe(1);
  });

  it("lets a job expire that nobody took", async () => {
    const alone = { REDIS_URL: inject("redisUrl"), QUEUE_PREFIX: randomPrefix() };
    const args = ["--input", '{"case_id":"late"}', "--expires-in", "50ms", "--wait", "20", "--json"];
    const ended = await runBin(["enqueue", "ping", ...args], alone);
    expect(ended.code).toBe(1);
    expect(resultOf(ended).error?.code).toBe("expired");
  });
});

describe("results", () => {
  it("of a case are all of them, oldest first, in any format", async () => {
    const jobs: string[] = [];
    for (const comment of ["one", "two", "three"]) {
      const ended = await enqueue(
        "add_comment_to_incident",
        { case_id: "all", incident_id: 7, comment },
        "--wait",
      );
      jobs.push(resultOf(ended).job_id);
    }
    const results: Result[] = JSON.parse((await runBin(["results", "all", "--json"], env)).out);
    expect(results.map(({ job_id }) => job_id)).toEqual(jobs);

    const lines = (await runBin(["results", "all", "--format", "ndjson"], env)).out.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(results);

    const csv = (await runBin(["results", "all", "--format", "csv"], env)).out.trim().split("\n");
    expect(csv[0]).toMatch(/^case_id,job_id,action,instance,status,/);
    expect(csv).toHaveLength(4);

    const { out: table } = await runBin(["results", "all"], env);
    for (const job of jobs) expect(table).toContain(job);
    expect(Math.max(...table.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);

    const ofIncident = JSON.parse((await runBin(["results", "--incident", "7", "--json"], env)).out);
    expect(ofIncident).toEqual(results);
  });

  it("of an unknown case are none, and of an unknown job an error", async () => {
    expect(await runBin(["results", "unknown", "--json"], env)).toEqual({ code: 0, out: "[]\n", err: "" });
    const job = await runBin(["results", "unknown", "--job", "j1", "--json"], env);
    expect(job).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining('no job "j1" in case "unknown"'),
    });
    expect((await runBin(["cancel", "unknown", "--job", "j1"], env)).code).toBe(1);
  });

  it("stream every row of a large answer, columns in the order of its schema", async () => {
    const rows = 2_345;
    const query = "BigTable | project Id, DeviceName";
    const ended = await enqueue(
      "execute_custom_query",
      { case_id: "rows", query, max_results_to_return: rows },
      "--wait",
    );
    const { job_id: job, schema, error } = resultOf(ended);
    expect(error).toBeNull();
    const head = schema?.map(({ name }) => name).join(",");
    const csv = (await runBin(["results", "rows", "--job", job, "--format", "csv"], env)).out
      .trim()
      .split("\n");
    expect(csv[0]).toBe(head);
    expect(new Set(csv.slice(1)).size).toBe(rows);
    const ndjson = (await runBin(["results", "rows", "--job", job, "--format", "ndjson"], env)).out
      .trim()
      .split("\n");
    expect(ndjson).toHaveLength(rows);
    expect(Object.keys(JSON.parse(ndjson[0] ?? "")).join(",")).toBe(head);
  });

  it("follow a job until it is final, one JSON a line", async () => {
    const job = JSON.parse((await enqueue("ping", { case_id: "follow" })).out).jobId;
    const { code, out } = await runBin(["results", "follow", "--job", job, "--follow", "--json"], env);
    const states = out
      .trim()
      .split("\n")
      .map((line) => resultSchema.parse(JSON.parse(line)).status);
    expect(states.at(-1)).toBe("completed");
    expect(code).toBe(0);
  });

  it("follow a case until Ctrl-C", async () => {
    const { child, ended } = startBin(["results", "live", "--follow", "--json"], env);
    const lines = createInterface({ input: child.stdout });
    const ping = enqueue("ping", { case_id: "live" }, "--wait");
    for await (const line of lines) if (JSON.parse(line).status === "completed") break;
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 0, err: "" });
    expect((await ping).code).toBe(0);
  });
});

describe("check", () => {
  const findings = async (more: Variables) => {
    const { code, out } = await runBin(["check", "--json"], { ...env, ...more });
    const parsed: { check: string; ok: boolean | null; message: string }[] = JSON.parse(out);
    return { code, verdicts: Object.fromEntries(parsed.map(({ check, ok }) => [check, ok])) };
  };

  it("finds a good installation good", async () => {
    const { code, out } = await runBin(["check"], env);
    expect(code, out).toBe(0);
    expect(out).toMatch(/^ok {4}configuration/);
    expect(out).toMatch(/^ok {4}hunting \(default\)/m);
  });

  it("exits 1 for a wrong secret, and skips what needs a token", async () => {
    expect(await findings({ AZURE_CLIENT_SECRET: "wrong", LANES: "incidents" })).toMatchObject({
      code: 1,
      verdicts: { configuration: true, redis: true, token: false, "incident read": null, hunting: null },
    });
  });

  it("exits 1 for a bad configuration, and looks at Redis all the same", async () => {
    expect(await findings({ AZURE_TENANT_ID: "" })).toMatchObject({
      code: 1,
      verdicts: { configuration: false, redis: true },
    });
  });

  it("exits 3 when Redis or Microsoft is away", async () => {
    expect(await findings({ REDIS_URL: "redis://127.0.0.1:1" })).toMatchObject({
      code: 3,
      verdicts: { redis: false, token: null },
    });
    expect(await findings({ LOGIN_API_ROOT: "http://127.0.0.1:1" })).toMatchObject({
      code: 3,
      verdicts: { redis: true, token: false },
    });
  });
});

it("a worker ends with 0 on SIGTERM", async () => {
  const second = startBin(["worker", "--lane", "hunting"], env);
  for await (const line of createInterface({ input: second.child.stderr }))
    if (line.includes("worker.ready")) break;
  second.child.kill("SIGTERM");
  const [code] = await once(second.child, "exit");
  expect(code).toBe(0);
});
