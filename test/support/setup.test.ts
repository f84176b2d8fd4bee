import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const project = fileURLToPath(new URL("../..", import.meta.url));
let clone: string;
const path = (...parts: string[]): string => join(clone, ...parts);

/** A stand-in for the compiler: copies the sources, and refuses a bad one. */
const COMPILER = `
const { mkdirSync, readdirSync, readFileSync, writeFileSync } = require("node:fs");
const out = process.argv[process.argv.indexOf("--outDir") + 1] + "/src";
mkdirSync(out, { recursive: true });
for (const name of readdirSync("src")) {
  const text = readFileSync("src/" + name, "utf8");
  writeFileSync(out + "/" + name.replace(".ts", ".js"), text);
  if (text === "bad") { console.log("src/" + name + " is bad"); process.exitCode = 2; }
}`;

/** A clone in small: the real set-up script, one source, no dependency. */
beforeEach(async () => {
  clone = await mkdtemp(join(tmpdir(), "defender-actions-clone-"));
  for (const folder of ["bin", "src", "workers", "producers", "test/support", "node_modules"])
    await mkdir(path(folder), { recursive: true });
  await copyFile(join(project, "test/support/setup.mjs"), path("test/support/setup.mjs"));
  await mkdir(path("node_modules/typescript/bin"), { recursive: true });
  await writeFile(path("node_modules/typescript/bin/tsc"), COMPILER);
  for (const config of ["tsconfig.json", "tsconfig.build.json"]) await writeFile(path(config), "{}");
  await writeFile(path("src/a.ts"), "fine");
  await lock("1.0.0");
  // A stand-in for npm that writes down what it was asked for, and installs what is locked.
  await writeFile(
    path("bin/npm"),
    `#!/bin/sh\necho "$@" >>npm.log\ncp package-lock.json node_modules/.package-lock.json\n`,
  );
  await chmod(path("bin/npm"), 0o755);
});
afterEach(() => rm(clone, { recursive: true }));

const lock = (version: string) =>
  writeFile(
    path("package-lock.json"),
    JSON.stringify({
      packages: { "": {}, "node_modules/x": { version }, "node_modules/os": { version, optional: true } },
    }),
  );

/** Resolves with the exit code and what was said. */
function setUp(): Promise<{ code: unknown; said: string }> {
  const env = { ...process.env, PATH: `${path("bin")}:${process.env["PATH"]}` };
  return new Promise((resolve) => {
    execFile(process.execPath, [path("test/support/setup.mjs")], { env }, (error, stdout, said) => {
      expect(stdout).toBe("");
      resolve({ code: error?.code ?? 0, said });
    });
  });
}

describe("the set-up of a clone", () => {
  it("installs and builds once, then has nothing to do", async () => {
    const { code, said } = await setUp();
    expect(said).toContain("npm ci");
    expect(code).toBe(0);
    expect(await readdir(path("dist/src"))).toEqual(["a.js"]);
    expect(await setUp()).toEqual({ code: 0, said: "" });
  });

  it("installs again when another version is locked", async () => {
    await setUp();
    await lock("1.0.1");
    expect((await setUp()).said).toContain("npm ci");
  });

  it("builds again when a source changes, and keeps nothing of one that is gone", async () => {
    await setUp();
    await writeFile(path("src/b.ts"), "fine");
    await rm(path("src/a.ts"));
    await setUp();
    expect(await readdir(path("dist/src"))).toEqual(["b.js"]);
  });

  it("builds again when dist/ was deleted", async () => {
    await setUp();
    await rm(path("dist"), { recursive: true });
    await setUp();
    expect(await readdir(path("dist/src"))).toEqual(["a.js"]);
  });

  it("ends with code 1 on a type error and leaves the last good build", async () => {
    await setUp();
    const { ino } = await stat(path("dist"));
    await writeFile(path("src/a.ts"), "bad");
    expect(await setUp()).toEqual({ code: 1, said: expect.stringContaining("src/a.ts is bad") });
    expect((await stat(path("dist"))).ino).toBe(ino);
  });

  it("does the work once when several start together", async () => {
    const all = await Promise.all([setUp(), setUp(), setUp()]);
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(all.filter(({ said }) => said !== "")).toHaveLength(1);
    expect((await readdir(clone)).filter((name) => name.startsWith("dist"))).toEqual(["dist"]);
  });
});
