/** Prometheus' own checker, from Debian's package: on the PATH, or taken out of the package without installing it. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CACHE = fileURLToPath(new URL("../../node_modules/.cache/promtool", import.meta.url));

const runs = (command: string, args: readonly string[], cwd?: string): boolean =>
  spawnSync(command, [...args], { cwd, stdio: ["ignore", "ignore", "ignore"] }).status === 0;

/** Null where it is not, and cannot be had. */
export function findPromtool(): string | null {
  if (runs("promtool", ["--version"])) return "promtool";
  const program = join(CACHE, "usr", "bin", "promtool");
  if (existsSync(program)) return program;
  if (process.env["NO_INSTALL"] === "1" || !runs("apt-get", ["--version"])) return null;
  mkdirSync(CACHE, { recursive: true });
  if (process.getuid?.() === 0) runs("apt-get", ["update", "-q"]);
  if (!runs("apt-get", ["download", "prometheus"], CACHE)) return null;
  const archive = readdirSync(CACHE).find((name) => name.endsWith(".deb"));
  if (archive === undefined || !runs("dpkg", ["-x", archive, "."], CACHE)) return null;
  return existsSync(program) ? program : null;
}

/** What it says, and whether it is content. */
export function promtool(
  program: string,
  args: readonly string[],
  input = "",
): { ok: boolean; said: string } {
  const { status, stdout, stderr } = spawnSync(program, [...args], { input, encoding: "utf8" });
  return { ok: status === 0, said: `${stdout}${stderr}` };
}
