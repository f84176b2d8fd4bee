/** Debian's Chromium for tests of pages; installed with the system's package manager where that can be done. */
import { spawnSync } from "node:child_process";
import { type Browser, chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

function succeeds(command: string, args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync(command, [...args], { stdio: ["ignore", "ignore", 2], env }).status === 0;
}

function find(): string | null {
  return NAMES.find((name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0) ?? null;
}

function install(): boolean {
  if (process.env["NO_INSTALL"] === "1" || process.getuid?.() !== 0) return false;
  if (!succeeds("apt-get", ["--version"])) return false;
  process.stderr.write("No Chromium found: installing Debian's (NO_INSTALL=1 refuses this) …\n");
  return (
    succeeds("apt-get", ["update", "-q"]) &&
    succeeds("apt-get", ["install", "-q", "-y", "--no-install-recommends", "chromium"])
  );
}

/** Null where there is none and none can be installed. */
export async function openChromium(): Promise<Browser | null> {
  const name = find() ?? (install() ? find() : null);
  if (name === null) return null;
  const executablePath = spawnSync("which", [name], { encoding: "utf8" }).stdout.trim();
  // Root has no sandbox; the pages are our own.
  return await chromium.launch({ executablePath, args: ["--no-sandbox"] });
}
