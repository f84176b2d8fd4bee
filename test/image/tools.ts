/** What containers without an engine need: Debian's bubblewrap, and the Node that the Dockerfile names. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CACHE = fileURLToPath(new URL("../../node_modules/.cache/image", import.meta.url));

const runs = (program: string, ...args: readonly string[]): boolean =>
  spawnSync(program, [...args], { stdio: "ignore" }).status === 0;

/** Whether this machine, and who asks, can make containers. Installs bubblewrap, unless `NO_INSTALL=1`. */
export function canContain(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  if (runs("bwrap", "--version")) return true;
  if (process.env["NO_INSTALL"] === "1" || !runs("apt-get", "--version")) return false;
  process.stderr.write("No bubblewrap found: installing Debian's (NO_INSTALL=1 refuses this) …\n");
  runs("apt-get", "update", "-q");
  return runs("apt-get", "install", "-q", "-y", "--no-install-recommends", "bubblewrap");
}

/** The folder of that Node, from a package of npm's registry which holds nothing else. */
export function fetchNode(dockerfile: string): string {
  const [, major] = /^ARG NODE_IMAGE=node:(\d+)/m.exec(dockerfile) ?? [];
  if (major === undefined) throw new Error("the Dockerfile names no version of Node");
  const folder = join(CACHE, `node-${major}`);
  const bin = join(folder, "package", "bin");
  if (existsSync(join(bin, "node"))) return bin;
  mkdirSync(folder, { recursive: true });
  const name = `node-linux-${process.arch}@${major}`;
  const packed = execFileSync("npm", ["pack", "--silent", name, "--pack-destination", folder], {
    encoding: "utf8",
  });
  const archive = packed.trim().split("\n").at(-1) ?? "";
  execFileSync("tar", ["-xzf", join(folder, archive), "-C", folder, "package/bin"]);
  return bin;
}
