/** A Redis of a test's own, which keeps every write on disk and can be killed, frozen, flushed, filled and started again. */
import { rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { installServer } from "../support/redis-install.ts";
import {
  findServer,
  type LeashedServer,
  makePlace,
  type Place,
  SERVER_READY,
  serverCommand,
  startLeashed,
} from "../support/redis-server.ts";
import type { RedisOptions } from "../support/redis-settings.ts";

/** A server program, installed where that can be done; rejects with what to do else. */
export function needServer(): string {
  const program = findServer() ?? (installServer() ? findServer() : null);
  if (program === null)
    throw new Error(
      "These tests kill and freeze Redis, so they need a redis-server or valkey-server on the PATH.",
    );
  return program;
}

/** The part of the log that grows; small logs are never rewritten. */
const LOG = "appendonlydir/appendonly.aof.1.incr.aof";

export class PrivateRedis {
  readonly url: string;
  readonly port: number;
  /** For what only a test does: CONFIG, FLUSHALL. */
  readonly admin: Redis;
  readonly #command: readonly string[];
  readonly #data: string;
  #server: LeashedServer;

  private constructor({ port, data }: Place, command: readonly string[], server: LeashedServer) {
    this.url = `redis://127.0.0.1:${port}`;
    this.port = port;
    this.#command = command;
    this.#data = data;
    this.#server = server;
    this.admin = new Redis(this.url, { maxRetriesPerRequest: null, lazyConnect: true });
    this.admin.on("error", () => undefined);
  }

  /** By default every write is on disk before it is acknowledged. */
  static async start(options: RedisOptions = { appendfsync: "always" }): Promise<PrivateRedis> {
    const place = await makePlace(options);
    const command = serverCommand(needServer(), place, options);
    const server = await startLeashed(command, SERVER_READY);
    return new PrivateRedis(place, command, server);
  }

  /** SIGKILL; what is on disk stays. */
  async kill(): Promise<void> {
    process.kill(this.#server.pid, "SIGKILL");
    await this.#server.ended;
    await this.#server.stop();
  }

  /** Bytes of its log of writes that it has handed to the system so far; they are on disk once that has synced. */
  async logBytes(): Promise<number> {
    return (await stat(join(this.#data, LOG))).size;
  }

  /** After `kill`: the log ends there, as after a power cut before the system had synced the rest. */
  async loseLogAfter(bytes: number): Promise<void> {
    await truncate(join(this.#data, LOG), bytes);
  }

  /** After `kill`: the same port, the same data. */
  async restart(): Promise<void> {
    this.#server = await startLeashed(this.#command, SERVER_READY);
  }

  /** Connections stay open and nothing answers. */
  freeze(): void {
    process.kill(this.#server.pid, "SIGSTOP");
  }

  thaw(): void {
    process.kill(this.#server.pid, "SIGCONT");
  }

  async flush(): Promise<void> {
    await this.admin.flushall();
  }

  /** From now on every write that needs memory is refused. */
  async fill(): Promise<void> {
    await this.admin.config("SET", "maxmemory", "1");
  }

  async drain(): Promise<void> {
    await this.admin.config("SET", "maxmemory", "0");
  }

  async close(): Promise<void> {
    this.admin.disconnect();
    await this.#server.stop();
    await rm(this.#data, { recursive: true, force: true });
  }
}
