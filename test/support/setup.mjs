/**
 * Makes a fresh clone ready: installs the locked dependencies and builds `dist/`, each only when it is out of date.
 * Plain JavaScript on Node alone, because it runs before anything is installed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const lock = join(root, "package-lock.json");
const installed = join(root, "node_modules", ".package-lock.json");

function run(command, args) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    process.stderr.write(`set-up failed: ${command} ${args.join(" ")}\n`);
    process.exit(status ?? 1);
  }
}

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  process.stderr.write("installing the locked dependencies (npm ci) …\n");
  run("npm", ["ci", "--no-audit", "--no-fund"]);
}
// Incremental: a build with nothing to do costs about a second.
run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json"]);
