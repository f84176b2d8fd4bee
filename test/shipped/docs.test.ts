/** The README's examples, run as they stand there, and the architecture's table of keys, held against what they leave in Redis. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import ts from "typescript";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { tokenFor } from "../producers/api/opened-api.ts";
import { startApiProcess } from "../support/api-process.ts";
import { openPipe } from "../support/pipe.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");
const architecture = readFileSync(join(root, "docs/architecture.md"), "utf8");
const LONGEST_MS = 120_000;

/** The code blocks of a language under a heading. */
function examples(heading: string, language: string): string[] {
  const section = readme.slice(readme.indexOf(`\n${heading}\n`) + 1).split(/\n## /)[0] ?? "";
  return [...section.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter(([, name]) => name === language)
    .map(([, , code = ""]) => code);
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "defender-actions-docs-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** The command is the one that was built; `jq` need not be there. */
const COMMANDS = `
set -euo pipefail
defender-actions() { "${process.execPath}" "${join(root, "dist/src/cli.js")}" "$@"; }
jq() { "${process.execPath}" -p 'JSON.parse(fs.readFileSync(0)).jobId'; }
`;

it("the README's commands do what it says", { timeout: LONGEST_MS }, async () => {
  const pipe = await openPipe();
  await pipe.startWorker();
  const { PATH = "" } = process.env;
  const { REDIS_URL = "", QUEUE_PREFIX = "" } = pipe.env;
  const folder = await temporaryFolder();
  const [commands = ""] = examples("## Enqueue and read", "sh");
  const { stdout, stderr } = await run("bash", ["--norc", "-c", COMMANDS + commands], {
    cwd: folder,
    env: { PATH, REDIS_URL, QUEUE_PREFIX },
  });

  expect(stderr).toBe("");
  expect(stdout).toContain("Successfully connected to the Microsoft 365 Defender server");
  expect(stdout).toContain('"output_message": "Successfully updated incident 29 in Microsoft 365 Defender"');
  expect(stdout).toContain("add_comment_to_incident is queued as job");
  expect(await readFile(join(folder, "alerts.csv"), "utf8")).toMatch(/^Timestamp,.*\n.+High/);
  const results = await pipe.client.resultsForCase("4711");
  expect(results.map(({ action, status }) => `${action} ${status}`)).toEqual([
    "ping completed",
    "update_incident completed",
    "add_comment_to_incident completed",
    "execute_query completed",
  ]);
  await expectKnownKeys(QUEUE_PREFIX);
});

/** Holds every key there is against the patterns of the architecture's table. */
async function expectKnownKeys(prefix: string): Promise<void> {
  const patterns = [...architecture.matchAll(/^\| `(\S*<prefix>\S*)` /gm)].map(([, key = ""]) => {
    const parts = key.replace("<prefix>", prefix).split(/<[^>]+>/);
    return new RegExp(`^${parts.map((part) => part.replaceAll(/[{}]/g, "\\$&")).join(".+")}$`);
  });
  const redis = new Redis(inject("redisUrl"));
  const keys = await redis.keys(`*${prefix}*`);
  redis.disconnect();
  expect(keys.length).toBeGreaterThan(patterns.length);
  expect(keys.filter((key) => !patterns.some((pattern) => pattern.test(key)))).toEqual([]);
}

it("the README's program type-checks and runs", { timeout: LONGEST_MS }, async () => {
  const pipe = await openPipe();
  await pipe.startWorker();
  const [example = ""] = examples("## Enqueue and read", "ts");
  expect(typeErrors(example)).toEqual([]);

  const { REDIS_URL, QUEUE_PREFIX } = pipe.env;
  const options = JSON.stringify({ redisUrl: REDIS_URL, queuePrefix: QUEUE_PREFIX });
  const program = example.replace('{ redisUrl: "redis://127.0.0.1:6379" }', options);
  expect(program).not.toBe(example);
  const { outputText } = ts.transpileModule(program, { compilerOptions: { module: ts.ModuleKind.ESNext } });
  const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "-e", outputText], {
    cwd: root,
  });
  expect(stderr).toBe("");
  expect(stdout).toBe(
    "true Successfully updated incident 29 in Microsoft 365 Defender\nupdate_incident completed\n",
  );
});

describe("the README's calls over HTTP", () => {
  async function openServed() {
    const pipe = await openPipe();
    await pipe.startWorker();
    const { token, entry } = tokenFor("soar:default:*");
    const { REDIS_URL = "", QUEUE_PREFIX = "" } = pipe.env;
    const api = await startApiProcess({ REDIS_URL, QUEUE_PREFIX, API_TOKENS: entry });
    return { PATH: process.env["PATH"] ?? "", DEFENDER_API: api.url, DEFENDER_TOKEN: token };
  }
  const DONE = "Successfully updated incident 29 in Microsoft 365 Defender";

  it("close an incident with curl", { timeout: LONGEST_MS }, async () => {
    const [curl = ""] = examples("## Enqueue and read", "bash");
    const { stdout } = await run("bash", ["--norc", "-euc", curl], { env: await openServed() });
    expect(JSON.parse(stdout)).toMatchObject({ status: "completed", output_message: DONE });
  });

  it("close an incident with ten lines of Python", { timeout: LONGEST_MS }, async () => {
    const [program = ""] = examples("## Enqueue and read", "python");
    expect(program.trim().split("\n").length).toBeLessThanOrEqual(10);
    const env = {
      ...(await openServed()),
      PYTHONPATH: join(root, "producers/python"),
      PYTHONDONTWRITEBYTECODE: "1",
    };
    const { stdout } = await run("python3", ["-c", program], { env });
    expect(stdout).toBe(`True ${DONE}\n`);
  });

  it("close an incident as an agent that speaks MCP", { timeout: LONGEST_MS }, async () => {
    const [program = ""] = examples("## Enqueue and read", "js");
    const env = await openServed();
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], {
      cwd: root,
      env,
    });
    expect(stdout).toBe(`true ${DONE}\n`);
  });
});

/** Compiles a program in the strictest settings as if it lay in this package, which then finds itself by its name. */
function typeErrors(program: string): string[] {
  const file = join(root, "example.ts");
  expect(existsSync(file)).toBe(false);
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: true,
    types: ["node"],
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, target, ...rest) =>
    name === file ? ts.createSourceFile(name, program, target) : getSourceFile(name, target, ...rest);
  const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram([file], options, host));
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}
