/** The package as a SOAR engineer gets it: packed, installed into an empty project, imported, type-checked, run. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { randomPrefix } from "../support/prefix.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
/** Downloads from a registry and a whole compilation, on a busy machine. */
const patienceMs = 240_000;

const packed = z.tuple([z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) })]);

const TYPED = `
import { createClient, Failure, type Result } from "defender-actions";

export async function close(redisUrl: string): Promise<Result> {
  const client = createClient({ redisUrl, queuePrefix: "soar", instance: "contoso" });
  const { jobId, caseId } = await client.enqueue("update_incident", { case_id: "4711", incident_id: 29, status: "Resolved" });
  // @ts-expect-error: the name of an action is checked
  await client.enqueue("delete_incident", { case_id: "4711" });
  // @ts-expect-error: and so are the names of its arguments
  await client.enqueue("execute_custom_query", { case_id: "4711", kql: "AlertInfo" });
  const result = await client.waitForResult({ caseId, jobId }, { timeoutMs: 1_000 });
  if (result.error?.code === "conflict") throw new Failure("conflict", result.error.message);
  return result;
}
`;

const COMPILER_OPTIONS = {
  target: "ES2023",
  module: "NodeNext",
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  typeRoots: [join(root, "node_modules/@types")],
  types: ["node"],
};

const PROGRAM = `
import { createClient } from "defender-actions";

const [redisUrl, queuePrefix] = process.argv.slice(2);
const client = createClient({ redisUrl, queuePrefix });
const refused = await client.enqueue("update_incident", { case_id: "4711", incident_id: "29", status: "Asleep" }).catch((error) => error);
const { jobId, caseId } = await client.enqueue("ping", { case_id: "4711" });
const { status } = await client.result({ caseId, jobId });
console.log(JSON.stringify({ code: refused.code, message: refused.message, status }));
await client.close();
`;

let folder: string;
let files: string[];

beforeAll(async () => {
  await run(process.execPath, [join(root, "test/support/setup.mjs")]);
  folder = await mkdtemp(join(tmpdir(), "defender-actions-pack-"));
  const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
    cwd: root,
  });
  const [tarball] = packed.parse(JSON.parse(stdout));
  files = tarball.files.map(({ path }) => path);
  await writeFile(
    join(folder, "package.json"),
    JSON.stringify({ name: "soar", private: true, type: "module" }),
  );
  await run(
    "npm",
    [
      "install",
      "--no-save",
      "--ignore-scripts",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
      join(folder, tarball.filename),
    ],
    {
      cwd: folder,
    },
  );
}, patienceMs);
afterAll(() => rm(folder, { recursive: true }));

describe("the packed tarball", () => {
  it("carries the build, the licence and the README, and no test, source or setting", () => {
    expect(files).toEqual(
      expect.arrayContaining([
        "package.json",
        "LICENSE",
        "README.md",
        "dist/src/cli.js",
        "dist/producers/client.d.ts",
      ]),
    );
    const odd = files.filter(
      (name) =>
        !/^(dist\/(src|producers|workers)\/.+(\.js|\.d\.ts)|producers\/python\/\w+\.py|package\.json|LICENSE|README\.md|CHANGELOG\.md)$/.test(
          name,
        ),
    );
    expect(odd).toEqual([]);
    expect(files.filter((name) => /test|simulator/.test(name))).toEqual([]);
  });

  it("type-checks what a SOAR engineer writes, also with library checks on", {
    timeout: patienceMs,
  }, async () => {
    await writeFile(join(folder, "close.ts"), TYPED);
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files: ["close.ts"] }),
    );
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const { stdout } = await run(process.execPath, [compiler, "-p", folder]).catch((error: unknown) =>
      z.object({ stdout: z.string() }).parse(error),
    );
    expect(stdout).toBe("");
  });

  it("enqueues, refuses bad input, reads back, and lets the program end", async () => {
    await writeFile(join(folder, "program.js"), PROGRAM);
    const { stdout } = await run(process.execPath, ["program.js", inject("redisUrl"), randomPrefix()], {
      cwd: folder,
    });
    expect(JSON.parse(stdout)).toEqual({
      code: "invalid_input",
      message: expect.stringContaining("Asleep"),
      status: "queued",
    });
  });

  it("has a bin of the same name that needs no configuration to explain itself", async () => {
    const bin = join(folder, "node_modules/.bin/defender-actions");
    const { stdout } = await run(bin, ["--help"], { cwd: folder });
    expect(stdout).toContain("enqueue");
  });
});
