/** What the bin refuses, what it loads, and what it says when Redis is away. */
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { loadOpsConfig } from "../../src/config.ts";
import { randomPrefix } from "../support/prefix.ts";
import { APP } from "../support/variables.ts";
import { runBin, startBin, type Variables } from "./bin.ts";

const PING = ["enqueue", "ping", "--input", '{"case_id":"4711"}'];
const NEVER = "redis://127.0.0.1:1";

describe("bad usage exits 2 with a sentence and no stack", () => {
  const refused: [string, string[], string][] = [
    ["an unknown command", ["enque"], "unknown command 'enque'"],
    ["no command", [], "Usage: defender-actions"],
    [
      "an unknown action",
      ["enqueue", "pong", "--input", "{}"],
      'action: given "pong"; allowed: update_incident',
    ],
    ["no input", ["enqueue", "ping"], "input: given nothing"],
    ["two inputs", [...PING, "--input-file", "-"], "cannot be used with option"],
    ["a missing file", ["enqueue", "ping", "--input-file", "no.json"], 'cannot read "no.json" (ENOENT)'],
    ["broken JSON", ["enqueue", "ping", "--input", '{\n "case_id": x}'], 'found "x" at line 2, column 13'],
    ["JSON that is no object", ["enqueue", "ping", "--input", "[1]"], "an object with the arguments case_id"],
    ["a bare number as a time", [...PING, "--expires-in", "60"], 'given "60"; allowed: a time from'],
    ["a bad wait", [...PING, "--wait", "soon"], "Allowed: seconds from 0"],
    ["results of nothing", ["results"], "allowed: either a case_id or --incident <id>"],
    ["cancel without a job", ["cancel", "4711"], "required option '--job <id>' not specified"],
    [
      "a run of nothing",
      ["bulk", "reclassify", "--status", "active"],
      "selection: given nothing; allowed: --where-",
    ],
    ["a run that changes nothing", ["bulk", "reclassify", "--ids", "1"], "at least one of the parameters"],
    [
      "a bad word for it",
      ["bulk", "reclassify", "--where-status", "Done"],
      '--where-status: given "Done"; allowed: Active',
    ],
    ["a worker without an app", ["worker"], "AZURE_TENANT_ID: given nothing"],
    ["a lane that is none", ["worker", "--lane", "fast"], "Allowed: incidents, hunting"],
  ];

  it.each(refused)("%s", async (_, args, sentence) => {
    const { code, out, err } = await runBin(args, { REDIS_URL: NEVER });
    expect(err).toContain(sentence);
    expect(err).not.toMatch(/^\s+at /m);
    expect(out).toBe("");
    expect(code).toBe(2);
  });

  it("names the instances that a worker has when it is asked for another", async () => {
    const { code, err } = await runBin(["worker", "--instance", "fabrikam"], { ...APP, REDIS_URL: NEVER });
    expect(err).toContain('--instance: given "fabrikam"; allowed: default');
    expect(code).toBe(2);
  });

  it("leaves nothing in Redis", async () => {
    const prefix = randomPrefix();
    const env = { REDIS_URL: inject("redisUrl"), QUEUE_PREFIX: prefix };
    expect((await runBin(["enqueue", "ping", "--input", "{}"], env)).code).toBe(2);
    const redis = new Redis(inject("redisUrl"));
    onTestFinished(() => redis.disconnect());
    expect(await redis.keys(`*${prefix}*`)).toEqual([]);
  });
});

it("a worker whose log nobody reads any more ends, and does not try to say so for ever", async () => {
  const env = { ...APP, REDIS_URL: inject("redisUrl"), QUEUE_PREFIX: randomPrefix() };
  const { child } = startBin(["worker"], env);
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "exit");
  await once(child.stderr, "data");
  child.stderr.destroy();
  child.kill("SIGTERM");
  const [, signal] = await ended;
  expect(signal).toBeNull();
});

describe("ops hash-password", () => {
  it("prints a hash that OPS_USERS takes, and no more", async () => {
    const { child, ended } = startBin(["ops", "hash-password"], {});
    child.stdin.end("correct horse\n");
    const { code, out, err } = await ended;
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^scrypt\$\d+\$\d+\$\d+\$[\w-]+\$[\w-]+\n$/);
    expect(loadOpsConfig({ OPS_USERS: `ada:operator:${out.trim()}` }).users).toMatchObject({ listed: [{}] });
  });

  it("refuses a password that is too short, without repeating it", async () => {
    const { child, ended } = startBin(["ops", "hash-password"], {});
    child.stdin.end("canary");
    const { code, out, err } = await ended;
    expect(err).toContain("password: given 6 characters; allowed: one line of 8 or more");
    expect([code, out]).toEqual([2, ""]);
    expect(err).not.toContain("canary");
  });
});

describe("help", () => {
  it.each([
    "worker",
    "enqueue",
    "results",
    "cancel",
    "failed",
    "retry",
    "settle",
    "pause",
    "unpause",
    "bulk",
    "actions",
    "check",
    "ops",
  ])("of %s", async (name) => {
    const { code, out, err } = await runBin([name, "--help"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain(`Usage: defender-actions ${name} [options]`);
  });

  it("is the same by its other name", async () => {
    expect(await runBin(["help", "results"])).toEqual(await runBin(["results", "--help"]));
  });

  it("tells the version", async () => {
    expect(await runBin(["--version"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe("a command loads only what it needs", () => {
  const recorder = fileURLToPath(new URL("record-loads.mjs", import.meta.url));
  const ours = /defender\/(?:client|connection|transport|gate)\.js|engine\//;
  const theirs = /node_modules\/(?:axios|@azure|bottleneck|p-retry)\//;
  const traces = /node_modules\/(?:@opentelemetry|bullmq-otel)\//;

  async function loadedBy(args: readonly string[], env: Variables = {}): Promise<string> {
    const { child, ended } = startBin(args, { REDIS_URL: NEVER, ...env }, ["--import", recorder]);
    child.stdin.end();
    return (await ended).err;
  }

  it.each([
    [["enqueue", "--help"]],
    [PING],
    [["results", "4711"]],
    [["cancel", "4711", "--job", "j1"]],
    [["failed"]],
    [["retry", "--all"]],
    [["settle", "j1", "--as", "done"]],
    [["bulk", "list"]],
    [["actions"]],
  ])("no Defender code for %j", async (args) => {
    const loaded = await loadedBy(args);
    expect(loaded).toContain("producers/commands/");
    expect(loaded).not.toMatch(traces);
    expect(loaded).not.toMatch(ours);
    expect(loaded).not.toMatch(theirs);
  });

  it("but a worker has it", async () => {
    const loaded = await loadedBy(["worker", "--help"]);
    expect(loaded).toMatch(ours);
    expect(loaded).toMatch(theirs);
    expect(loaded).not.toMatch(traces);
  });

  it("and OpenTelemetry comes only with its variables", async () => {
    expect(await loadedBy(PING, { OTEL_TRACES_EXPORTER: "otlp" })).toMatch(traces);
  });
});

describe("a Redis that cannot be used exits 3, naming where and no password", () => {
  const commands = [
    PING,
    ["results", "4711"],
    ["results", "4711", "--follow"],
    ["cancel", "4711", "--job", "j1"],
    ["failed", "--json"],
    ["failed", "--job", "j1", "--json"],
    ["retry", "j1", "--yes", "--json"],
    ["retry", "--all", "--yes", "--json"],
    ["settle", "j1", "--as", "done", "--json"],
    ["bulk", "list", "--json"],
    ["bulk", "reclassify", "--ids", "1", "--status", "active", "--yes", "--json"],
  ];

  it.each(commands.map((args) => [args]))("away: %j", async (args) => {
    const { code, out, err } = await runBin(args, { REDIS_URL: "redis://soar:canary-password@127.0.0.1:1" });
    expect(err).toContain("Redis at 127.0.0.1:1 does not answer");
    expect(err).not.toContain("canary");
    expect([code, out]).toEqual([3, ""]);
  });

  it("accepting and saying nothing", async () => {
    const mute = createServer();
    await once(mute.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void mute.close());
    const address = mute.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const { code, err } = await runBin(PING, { REDIS_URL: `redis://127.0.0.1:${port}` });
    expect(err).toContain(`Redis at 127.0.0.1:${port} does not answer`);
    expect(code).toBe(3);
  });

  it("refusing the login", async () => {
    const url = inject("redisUrl").replace("redis://", "redis://nobody:canary-password@");
    const { code, err } = await runBin(PING, { REDIS_URL: url });
    expect(err).toMatch(/Redis at \S+:\d+ refused the login/);
    expect(err).not.toContain("canary");
    expect(code).toBe(3);
  });
});

describe("the catalog", () => {
  it("is a table of at most 80 columns", async () => {
    const { code, out } = await runBin(["actions"]);
    expect(code).toBe(0);
    expect(out).toContain("add_comment_to_incident");
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("is JSON with its facts, and JSON Schema by name", async () => {
    const actions = JSON.parse((await runBin(["actions", "--json"])).out);
    expect(actions).toContainEqual(
      expect.objectContaining({ name: "update_incident", lane: "incidents", effect: "write" }),
    );
    const schemas = JSON.parse((await runBin(["actions", "--json-schema"])).out);
    expect(Object.keys(schemas)).toEqual(actions.map(({ name }: { name: string }) => name));
    expect(schemas.execute_custom_query).toMatchObject({
      type: "object",
      required: expect.arrayContaining(["case_id", "query"]),
    });
  });

  it("may be read in part", async () => {
    const { child, ended } = startBin(["actions", "--json-schema"], {});
    child.stdin.end();
    child.stdout.destroy();
    expect(await ended).toMatchObject({ code: 0, err: "" });
  });
});
