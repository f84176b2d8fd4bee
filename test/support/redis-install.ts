/** Installs a Redis server with the system's package manager. It says so first, and leaves no service running. */
import { spawnSync } from "node:child_process";

interface PackageManager {
  program: string;
  steps: readonly (readonly string[])[];
  needsRoot: boolean;
}

const MANAGERS: readonly PackageManager[] = [
  {
    program: "apt-get",
    needsRoot: true,
    steps: [
      ["apt-get", "update", "-q"],
      ["apt-get", "install", "-q", "-y", "--no-install-recommends", "redis-server"],
    ],
  },
  { program: "dnf", needsRoot: true, steps: [["dnf", "install", "-y", "redis"]] },
  { program: "apk", needsRoot: true, steps: [["apk", "add", "redis"]] },
  { program: "brew", needsRoot: false, steps: [["brew", "install", "redis"]] },
];

function succeeds(command: readonly string[]): boolean {
  const [program = "", ...args] = command;
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}

function run(command: readonly string[]): boolean {
  const [program = "", ...args] = command;
  process.stderr.write(`$ ${command.join(" ")}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // Standard output belongs to the program that asked for Redis.
  return spawnSync(program, args, { stdio: ["ignore", 2, 2], env }).status === 0;
}

/** Words to put before a command so that it runs as root; null when that cannot be done without a password. */
function elevation(manager: PackageManager): readonly string[] | null {
  if (!manager.needsRoot || process.getuid?.() === 0) return [];
  return succeeds(["sudo", "-n", "true"]) ? ["sudo", "-n"] : null;
}

/** True when a server was installed. `NO_INSTALL=1` refuses. */
export function installServer(): boolean {
  if (process.env["NO_INSTALL"] === "1") return false;
  const manager = MANAGERS.find(({ program }) => succeeds([program, "--version"]));
  if (manager === undefined) return false;
  const prefix = elevation(manager);
  if (prefix === null) return false;
  process.stderr.write(
    `No Redis found: installing one with ${manager.program} (NO_INSTALL=1 refuses this, REDIS_URL avoids it) …\n`,
  );
  if (!manager.steps.every((step) => run([...prefix, ...step]))) return false;
  // Debian starts the packaged service on the default port; we run our own and leave none behind.
  if (succeeds(["systemctl", "is-active", "--quiet", "redis-server"]))
    run([...prefix, "systemctl", "disable", "--now", "redis-server"]);
  return true;
}
