import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { Redis } from "ioredis";
import { afterEach, describe, expect, inject, it, vi } from "vitest";
import { z } from "zod";
import { startRedis } from "./redis.ts";
import { installServer } from "./redis-install.ts";
import { findServer } from "./redis-server.ts";

const server = findServer();
const url = new URL("redis.ts", import.meta.url);

describe.skipIf(server === null)("a private Redis", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("keeps every acknowledged write, evicts nothing, and takes its data with it", async () => {
    vi.stubEnv("REDIS_URL", "");
    const redis = await startRedis({ appendfsync: "always" });
    const client = new Redis(redis.url);
    const setting = async (name: string): Promise<string | undefined> =>
      z.array(z.string()).parse(await client.config("GET", name))[1];
    expect(await setting("appendonly")).toBe("yes");
    expect(await setting("appendfsync")).toBe("always");
    expect(await setting("maxmemory-policy")).toBe("noeviction");
    const data = await setting("dir");
    client.disconnect();
    await redis.stop();
    expect(data).toContain("defender-actions-redis-");
    expect(existsSync(data ?? "")).toBe(false);
  });

  it("ends with the process that started it, however that ends", async () => {
    const script = `import { startRedis } from ${JSON.stringify(url.href)}; console.log((await startRedis()).url); setInterval(() => {}, 1e6);`;
    const parent = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, REDIS_URL: "" },
    });
    const [address] = await once(parent.stdout.setEncoding("utf8"), "data");
    const client = new Redis(String(address).trim(), { retryStrategy: null });
    await client.ping();
    const closed = once(client, "end");
    parent.kill("SIGKILL");
    await closed;
  });
});

it("a Redis that is given is used as it is and outlives us", async () => {
  vi.stubEnv("REDIS_URL", inject("redisUrl"));
  const given = await startRedis();
  await given.stop();
  const client = new Redis(given.url);
  expect(await client.ping()).toBe("PONG");
  client.disconnect();
  vi.unstubAllEnvs();
});

it("nothing is installed where that is refused", () => {
  vi.stubEnv("NO_INSTALL", "1");
  expect(installServer()).toBe(false);
  vi.unstubAllEnvs();
});
