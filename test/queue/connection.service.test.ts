import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster, Redis } from "ioredis";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { connectProducer, connectWorker } from "../../src/queue/connection.ts";
import type { RedisConfig } from "../../src/settings/redis.ts";
import { openRedisProxy } from "../support/redis-proxy.ts";
import { findServer, startServer } from "../support/redis-server.ts";

const program = findServer();
const config = (url: string, rest: Partial<RedisConfig> = {}): RedisConfig => ({
  url,
  mode: "single",
  sentinelName: null,
  prefix: "test",
  ...rest,
});

async function portOf(server: Server): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening");
  onTestFinished(() => void server.close());
  return address.port;
}

async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await portOf(server);
  server.close();
  await once(server, "close");
  return port;
}

describe("a producer", () => {
  const modes: Partial<RedisConfig>[] = [
    { mode: "single" },
    { mode: "cluster" },
    { mode: "sentinel", sentinelName: "main" },
  ];

  it.each(modes)("gives up within seconds when Redis is away: %o", async (rest) => {
    const redis = connectProducer(config(`redis://127.0.0.1:${await closedPort()}`, rest));
    onTestFinished(() => redis.disconnect());
    const start = performance.now();
    await expect(redis.ping()).rejects.toThrow();
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it("gives up within seconds when Redis accepts and says nothing", async () => {
    const redis = connectProducer(config(`redis://127.0.0.1:${await portOf(createServer())}`));
    onTestFinished(() => redis.disconnect());
    await expect(redis.ping()).rejects.toThrow("timed out");
  });

  it("leaves a connection that has died unnoticed after the first call that it did not answer", async () => {
    const proxy = await openRedisProxy(inject("redisUrl"));
    onTestFinished(proxy.close);
    const redis = connectProducer(config(proxy.url));
    onTestFinished(() => redis.disconnect());
    await redis.ping();
    const forgotten = new Set(proxy.connections());
    proxy.goDeaf((connection) => forgotten.has(connection));
    await expect(redis.ping()).rejects.toThrow("timed out");
    await expect(redis.ping()).resolves.toBe("PONG");
  });

  it("is there again within its patience after Redis was away for long", async () => {
    const proxy = await openRedisProxy(inject("redisUrl"));
    onTestFinished(proxy.close);
    const redis = connectProducer(config(proxy.url));
    onTestFinished(() => redis.disconnect());
    await redis.ping();
    const tried = new Promise<void>((resolve) => {
      let tries = 0;
      redis.on("reconnecting", () => {
        tries += 1;
        // By then ioredis would wait for five seconds.
        if (tries === 8) resolve();
      });
    });
    proxy.refuse();
    await tried;
    proxy.heal();
    await expect(redis.ping()).resolves.toBe("PONG");
  });

  it("speaks TLS to rediss://", async () => {
    const server = createServer();
    const port = await portOf(server);
    const redis = connectProducer(config(`rediss://127.0.0.1:${port}`));
    onTestFinished(() => redis.disconnect());
    const [socket] = await once(server, "connection");
    const [hello] = await once(socket, "data");
    const handshake = 0x16;
    expect(hello[0]).toBe(handshake);
    socket.destroy();
  });
});

describe("a worker", () => {
  it("waits for a Redis that comes late, and tells of every failed try", async () => {
    const port = await closedPort();
    let redis: Redis | Cluster | undefined;
    const failed = new Promise<Error>((onError) => {
      redis = connectWorker(config(`redis://127.0.0.1:${port}`), { onError });
    });
    onTestFinished(() => redis?.disconnect());
    const answer = redis?.ping();
    expect((await failed).message).toContain("ECONNREFUSED");

    const { hostname, port: target } = new URL(inject("redisUrl"));
    const late = createServer((socket) => {
      socket.pipe(connect(Number(target), hostname)).pipe(socket);
    });
    onTestFinished(() => void late.close());
    late.listen(port, "127.0.0.1");
    expect(await answer).toBe("PONG");
  });

  it("is found by its name in the client list", async () => {
    const redis = connectWorker(config(inject("redisUrl")), { name: "worker-7" });
    onTestFinished(() => redis.disconnect());
    expect(await redis.call("CLIENT", "LIST")).toContain("name=worker-7");
  });
});

describe.skipIf(program === null)("against a server of our own", () => {
  async function serve(settings: Record<string, string> = {}): Promise<string> {
    const redis = await startServer(program ?? "", { settings });
    onTestFinished(redis.stop);
    return redis.url;
  }

  it("logs in as an ACL user whose password needs encoding", async () => {
    const url = await serve();
    const admin = new Redis(url);
    await admin.call("ACL", "SETUSER", "soar", "on", ">p/w@1", "~*", "&*", "+@all");
    admin.disconnect();
    const redis = connectProducer(config(url.replace("//", "//soar:p%2Fw@1@")));
    onTestFinished(() => redis.disconnect());
    expect(await redis.call("ACL", "WHOAMI")).toBe("soar");
  });

  it("finds the nodes of a cluster", async () => {
    const url = await serve({ "cluster-enabled": "yes", "cluster-announce-ip": "127.0.0.1" });
    const node = new Redis(url);
    await node.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    node.disconnect();
    // The worker first: it waits until the new cluster calls itself ready.
    for (const open of [connectWorker, connectProducer]) {
      const redis = open(config(url, { mode: "cluster" }));
      onTestFinished(() => redis.disconnect());
      expect(redis).toBeInstanceOf(Cluster);
      await redis.set("{case}:a", "1");
      expect(await redis.get("{case}:a")).toBe("1");
    }
  });

  it("asks the Sentinels for the primary", async () => {
    const primary = new URL(await serve());
    const folder = await mkdtemp(join(tmpdir(), "defender-actions-sentinel-"));
    const port = await closedPort();
    const file = join(folder, "sentinel.conf");
    await writeFile(
      file,
      `bind 127.0.0.1\nport ${port}\ndir ${folder}\nsentinel monitor main 127.0.0.1 ${primary.port} 1\n`,
    );
    const sentinel = spawn(program ?? "", [file, "--sentinel"], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(async () => {
      sentinel.kill();
      await once(sentinel, "exit");
      await rm(folder, { recursive: true });
    });
    for await (const text of sentinel.stdout) if (String(text).includes("+monitor")) break;

    const away = await closedPort();
    const hosts = `redis://127.0.0.1:${away},127.0.0.1:${port}`;
    const redis = connectProducer(config(hosts, { mode: "sentinel", sentinelName: "main" }));
    onTestFinished(() => redis.disconnect());
    expect(await redis.config("GET", "port")).toEqual(["port", primary.port]);
  });
});
