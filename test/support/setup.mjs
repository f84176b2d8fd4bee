/**
 * Makes a clone ready: installs the locked dependencies and builds `dist/`, each only when it is out of date, and once
 * when several start together. Plain JavaScript on Node alone, because it runs before anything is installed.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const inRoot = (...parts) => join(root, ...parts);
const say = (text) => process.stderr.write(`${text}\n`);
const hash = (...texts) =>
  texts.reduce((sum, text) => sum.update(text).update("\0"), createHash("sha256")).digest("hex");

/** Runs a program with its output on standard error: standard output belongs to whoever called us. */
function run(command, args) {
  const shell = process.platform === "win32";
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2], shell });
  if (status !== 0)
    throw new Error(`set-up failed: ${command} ${args.join(" ")}${error ? ` (${error.message})` : ""}`);
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

/** Compares versions, not times: a checkout touches files. npm writes its own list last, so a broken install has none. */
function isInstalled() {
  const locked = readJson(inRoot("package-lock.json"))?.packages ?? {};
  const installed = readJson(inRoot("node_modules", ".package-lock.json"))?.packages ?? {};
  return Object.entries(locked).every(
    ([path, { version, optional }]) =>
      path === "" ||
      (installed[path] === undefined ? optional === true : installed[path].version === version),
  );
}

const CONFIGS = ["package-lock.json", "tsconfig.json", "tsconfig.build.json"];
const SOURCES = ["src", "workers", "producers"];
const cache = inRoot("node_modules", ".cache", "defender-actions");
const stamp = join(cache, "sources");

function hashSources() {
  const sources = SOURCES.flatMap((folder) =>
    readdirSync(inRoot(folder), { recursive: true }).map((name) => join(folder, name)),
  );
  const files = [...CONFIGS, ...sources.filter((name) => name.endsWith(".ts")).sort()];
  return hash(...files.flatMap((name) => [name, readFileSync(inRoot(name))]));
}

const isBuilt = (sources) =>
  existsSync(inRoot("dist")) && existsSync(stamp) && readFileSync(stamp, "utf8") === sources;

/** An incremental build would leave out what it wrote last time. */
const EVERYTHING = ["--incremental", "false", "--tsBuildInfoFile", "null"];

/** Into a folder of its own, swapped in whole: nothing of a deleted source stays, and nobody meets half a build. */
function build(sources) {
  const fresh = join(cache, "new");
  const old = join(cache, "old");
  for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  try {
    const tsc = inRoot("node_modules", "typescript", "bin", "tsc");
    run(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", fresh, ...EVERYTHING]);
    if (existsSync(inRoot("dist"))) renameSync(inRoot("dist"), old);
    renameSync(fresh, inRoot("dist"));
  } finally {
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
  }
  writeFileSync(stamp, sources);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Waits for another set-up of this clone. Linking makes the lock appear with its owner's id in it, or not at all. */
function withLock(work) {
  const lock = join(tmpdir(), `defender-actions-setup-${hash(root).slice(0, 16)}.lock`);
  const mine = `${lock}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    for (;;) {
      try {
        linkSync(mine, lock);
        break;
      } catch (error) {
        if (error.code !== "EEXIST") throw error;
        const owner = Number(readJson(lock) ?? process.pid);
        if (!isAlive(owner)) rmSync(lock, { force: true });
        else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      }
    }
    try {
      work();
    } finally {
      rmSync(lock, { force: true });
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

function setUp() {
  if (!isInstalled()) {
    say("installing the locked dependencies (npm ci) …");
    run("npm", ["ci", "--include=dev"]);
  }
  const sources = hashSources();
  if (!isBuilt(sources)) {
    say("building dist/ …");
    build(sources);
  }
}

try {
  if (!isInstalled() || !isBuilt(hashSources())) withLock(setUp);
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
