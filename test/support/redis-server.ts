/** A private Redis from a server program on this machine: a free port, data in a temporary folder, gone with us. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type RedisOptions, type RunningRedis, settingsOf } from "./redis-settings.ts";

const PROGRAMS = ["redis-server", "valkey-server"];

/** The first Redis-compatible server on the PATH, or null. */
export function findServer(path = process.env["PATH"] ?? ""): string | null {
  for (const program of PROGRAMS) {
    for (const folder of path.split(delimiter).filter((part) => part !== "")) {
      const file = join(folder, program);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // Not in this folder.
      }
    }
  }
  return null;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port on the loopback");
  return address.port;
}

/**
 * The server runs under a shell that reads our pipe: when that closes, also because this process was killed, the
 * server ends and its data goes. The shell's own output is cut off so that only the server holds the pipe we read.
 */
const LEASH = `data=$1; shift; "$@" & exec >/dev/null 2>&1; cat; kill -9 $!; wait $!; rm -rf "$data"`;

/** Starts `program`; rejects with what it printed when it does not come up. */
export async function startServer(program: string, options: RedisOptions): Promise<RunningRedis> {
  const port = await freePort();
  const data = await mkdtemp(join(tmpdir(), "defender-actions-redis-"));
  const place = ["--bind", "127.0.0.1", "--port", String(port), "--dir", data];
  // Detached: Ctrl-C must reach us first, so that we can stop in order.
  const leash = spawn("sh", ["-c", LEASH, "sh", data, program, ...place, ...settingsOf(options)], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  const stop = async (): Promise<void> => {
    leash.stdin.end();
    if (leash.exitCode === null && leash.signalCode === null) await once(leash, "exit");
  };

  let output = "";
  leash.stdout.setEncoding("utf8");
  const ready = new Promise<void>((resolve, reject) => {
    leash.once("error", reject);
    leash.stdout.on("data", (text: string) => {
      output = (output + text).slice(-4_000);
      if (output.includes("Ready to accept connections")) resolve();
    });
    leash.stdout.once("end", () => reject(new Error(`${program} did not start:\n${output}`)));
  });
  try {
    await ready;
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `redis://127.0.0.1:${port}`, stop };
}
