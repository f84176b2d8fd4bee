/** Who may do what in Redis, asked of a Redis that has the users which the command makes. */
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aclFile, REDIS_USERS, type RedisUser, rulesFor } from "../../src/queue/redis-users.ts";
import { runBin } from "../cli/bin.ts";
import { PrivateRedis } from "../faults/private-redis.ts";

const PREFIX = "soar-2";
let server: PrivateRedis;
beforeAll(async () => {
  server = await PrivateRedis.start({});
  for (const user of REDIS_USERS)
    await server.admin.call("ACL", "SETUSER", user, ...rulesFor(user, PREFIX).split(" "));
});
afterAll(() => server.close());

async function may(user: RedisUser, ...command: string[]): Promise<boolean> {
  return (await server.admin.call("ACL", "DRYRUN", user, ...command)) === "OK";
}

/** Every key of the architecture's table, with something in the place of what varies. */
const architecture = readFileSync(new URL("../../docs/architecture.md", import.meta.url), "utf8");
const keys = [...architecture.matchAll(/^\| (`(?:b_)?<prefix>:.*?) +\|/gm)]
  .flatMap(([, cell = ""]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, pattern = ""]) => pattern))
  // The second of two parts of one thing, or the name on a cluster.
  .map((pattern) => pattern.replace(/^:/, "<prefix>:{run-<run>}:"))
  .map((pattern) => pattern.replaceAll("<prefix>", PREFIX).replaceAll(/<[^>]+>/g, "x"));

const GATE_IN_TABLE = `b_${PREFIX}:{gate:x-x}:slots:x`;
const GATES = [`${PREFIX}:{gate:x-x}:pause`, `b_${PREFIX}:{gate:x-x}:slots:x`];
const OF_OTHERS = ["defender:{case-x}:result:x", "soar-2", "soar-23:runs", "bull:x:wait"];
const POWERS = [
  ["FLUSHALL"],
  ["FLUSHDB"],
  ["KEYS", "*"],
  ["SCAN", "0"],
  ["CONFIG", "GET", "*"],
  ["ACL", "LIST"],
  ["CLIENT", "KILL", "TYPE", "normal"],
  ["DEBUG", "SLEEP", "1"],
  ["FUNCTION", "LIST"],
  ["MONITOR"],
  ["SHUTDOWN"],
];

describe("the users of Redis", () => {
  it("are the worker for every key of ours but the board's, and nobody else for the gates", async () => {
    expect(keys.length).toBeGreaterThan(20);
    expect(keys).toEqual(expect.arrayContaining([`${PREFIX}:stops`, GATE_IN_TABLE]));
    for (const key of keys) {
      const isBoards = key.includes(":ops:") || key.endsWith(":stops");
      expect([key, await may("worker", "SET", key, "x")]).toEqual([key, !isBoards]);
    }
    for (const key of GATES)
      for (const user of REDIS_USERS)
        for (const command of [
          ["GET", key],
          ["DEL", key],
        ])
          expect([user, ...command, await may(user, ...command)]).toEqual([
            user,
            ...command,
            user === "worker",
          ]);
  });

  it("read what is paused, and only an operator changes it", async () => {
    for (const user of REDIS_USERS) {
      expect(await may(user, "HGETALL", `${PREFIX}:stops`)).toBe(true);
      expect(await may(user, "HSET", `${PREFIX}:stops`, "x", "x")).toBe(user === "operator");
      expect(await may(user, "XRANGE", `${PREFIX}:audit`, "-", "+")).toBe(
        ["worker", "operator"].includes(user),
      );
      expect(await may(user, "XADD", `${PREFIX}:audit`, "*", "x", "x")).toBe(true);
      expect(await may(user, "DEL", `${PREFIX}:audit`)).toBe(user === "worker");
      expect(await may(user, "SET", `${PREFIX}:ops:alerts`, "x")).toBe(user === "ops");
      expect(await may(user, "HSET", `${PREFIX}:instances`, "x", "x")).toBe(user === "worker");
    }
  });

  it("touch nothing of others, and have no power over the server", async () => {
    for (const user of REDIS_USERS) {
      for (const key of OF_OTHERS) expect([key, await may(user, "GET", key)]).toEqual([key, false]);
      for (const power of POWERS) expect([power, await may(user, ...power)]).toEqual([power, false]);
      expect(await may(user, "CLIENT", "LIST")).toBe(user === "ops");
    }
  });
});

describe("defender-actions redis-users", () => {
  it("makes a list and a URL for each, and keeps passwords when it is asked again", async () => {
    const folder = join(await mkdtemp(join(tmpdir(), "defender-actions-users-")), "secrets");
    try {
      const make = () =>
        runBin(["redis-users", "--folder", folder, "--address", "redis:6379"], { QUEUE_PREFIX: PREFIX });
      expect(await make()).toMatchObject({ code: 0, err: "" });
      expect((await stat(folder)).mode & 0o777).toBe(0o700);
      const url = await readFile(join(folder, "redis-url-producer"), "utf8");
      const [, password = ""] = /^redis:\/\/producer:([\w-]{32})@redis:6379\n$/.exec(url) ?? [];
      const list = await readFile(join(folder, "redis-users.acl"), "utf8");
      expect(list).toContain(aclFile(PREFIX, [{ user: "producer", password }]).split("\n")[2]);
      expect(list).not.toContain(password);
      expect((await make()).out).toContain("redis-url-operator");
      expect(await readFile(join(folder, "redis-users.acl"), "utf8")).toBe(list);
    } finally {
      await rm(join(folder, ".."), { recursive: true });
    }
  });

  it("makes a list that Redis takes, and that lets nobody in without a name but to ask whether it answers, and loses nothing when it starts again", async () => {
    const folder = await mkdtemp(join(tmpdir(), "defender-actions-users-"));
    await runBin(["redis-users", "--folder", folder], {});
    const guarded = await PrivateRedis.start({
      appendfsync: "always",
      settings: { aclfile: join(folder, "redis-users.acl") },
    });
    const connect = (account: object): Redis =>
      new Redis(guarded.url, {
        ...account,
        retryStrategy: null,
        maxRetriesPerRequest: 0,
        enableReadyCheck: false,
      }).on("error", () => undefined);
    const stranger = connect({});
    const nameless = connect({ username: "default", password: "any" });
    const doctor = connect({ username: "health", password: "any" });
    try {
      await expect(stranger.get("x")).rejects.toThrow();
      await expect(nameless.get("x")).rejects.toThrow();
      expect(await doctor.ping()).toBe("PONG");
      await expect(doctor.get("x")).rejects.toThrow("NOPERM");
      const url = new URL(await readFile(join(folder, "redis-url-worker"), "utf8"));
      const worker = connect({ username: "worker", password: url.password });
      await worker.multi().set("defender:quotas", "kept").set("defender:instances", "kept").exec();
      worker.disconnect();

      await guarded.kill();
      await guarded.restart();

      const again = connect({ username: "worker", password: url.password });
      expect(await again.get("defender:quotas")).toBe("kept");
      again.disconnect();
    } finally {
      stranger.disconnect();
      nameless.disconnect();
      doctor.disconnect();
      await guarded.close();
      await rm(folder, { recursive: true });
    }
  });
});
