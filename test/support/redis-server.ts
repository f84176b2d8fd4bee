/** Redis servers from a program on this machine: a free port, data in a temporary folder, gone with us. */
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

/** A node of a cluster also listens so many ports above its own. */
const BUS_ABOVE = 10_000;
const HIGHEST_PORT = 65_535;

export async function freePort(highest = HIGHEST_PORT): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port on the loopback");
  return address.port <= highest ? address.port : await freePort(highest);
}

export interface Place {
  port: number;
  data: string;
}

/** A port and a folder for a server of these options. */
export async function makePlace({ settings }: RedisOptions): Promise<Place> {
  const isNode = settings?.["cluster-enabled"] === "yes";
  const [port, data] = await Promise.all([
    freePort(isNode ? HIGHEST_PORT - BUS_ABOVE : HIGHEST_PORT),
    mkdtemp(join(tmpdir(), "defender-actions-redis-")),
  ]);
  return { port, data };
}

/**
 * The server runs under a shell that reads our pipe: when that closes, also because this process was killed, the
 * server ends and its data goes. The shell's own output is cut off so that only the server holds the pipe we read.
 */
const LEASH = `data=$1; shift; "$@" & echo "pid $!"; exec >/dev/null 2>&1; cat; kill -9 $!; wait $!; [ -z "$data" ] || rm -rf "$data"`;

export interface LeashedServer {
  pid: number;
  /** Settles once the server has ended, for whatever reason. */
  ended: Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts a server program; rejects with what it printed when it ends before it says `ready`. `removes` goes with it. */
export async function startLeashed(
  command: readonly string[],
  ready: string,
  removes = "",
): Promise<LeashedServer> {
  // Detached: Ctrl-C must reach us first, so that we can stop in order.
  const leash = spawn("sh", ["-c", LEASH, "sh", removes, ...command], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  const ended = once(leash.stdout, "end");
  const stop = async (): Promise<void> => {
    leash.stdin.end();
    if (leash.exitCode === null && leash.signalCode === null) await once(leash, "exit");
  };
  let output = "";
  leash.stdout.setEncoding("utf8");
  const isReady = new Promise<number>((resolve, reject) => {
    leash.once("error", reject);
    leash.stdout.on("data", (text: string) => {
      output = (output + text).slice(-4_000);
      const pid = /^pid (\d+)$/m.exec(output)?.[1];
      if (pid !== undefined && output.includes(ready)) resolve(Number(pid));
    });
    leash.stdout.once("end", () => reject(new Error(`${command[0]} did not start:\n${output}`)));
  });
  try {
    return { pid: await isReady, ended, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What a server is told of its place, and of what it keeps. */
export function serverCommand(program: string, { port, data }: Place, options: RedisOptions): string[] {
  return [program, "--bind", "127.0.0.1", "--port", String(port), "--dir", data, ...settingsOf(options)];
}

export const SERVER_READY = "Ready to accept connections";

/** Starts `program` for as long as this process lives. */
export async function startServer(program: string, options: RedisOptions): Promise<RunningRedis> {
  const place = await makePlace(options);
  const { stop } = await startLeashed(serverCommand(program, place, options), SERVER_READY, place.data);
  return { url: `redis://127.0.0.1:${place.port}`, stop };
}
