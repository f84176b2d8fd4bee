import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { describe, expect, inject, it } from "vitest";

const DEMO = fileURLToPath(new URL("../demo/main.ts", import.meta.url));
const LONGEST_MS = 120_000;

/** A process group of its own, as a shell makes one: what the demo starts is in it. */
function startDemo(redisUrl: string) {
  const child = spawn(process.execPath, ["--import", "tsx", DEMO], {
    detached: true,
    env: { PATH: process.env["PATH"] ?? "", REDIS_URL: redisUrl },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const group = -(child.pid ?? 0);
  const ended = once(child, "close");
  const output = { out: "", err: "" };
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.err += text;
  });
  child.stdout.setEncoding("utf8");
  return {
    output,
    /** Resolves once it has said so. */
    says: (text: string) =>
      new Promise<void>((resolve) => {
        child.stdout.on("data", (piece: string) => {
          output.out += piece;
          if (output.out.includes(text)) resolve();
        });
      }),
    interrupt: () => process.kill(group, "SIGINT"),
    async end(): Promise<number | null> {
      await ended;
      return child.exitCode;
    },
    /** The loader's own helper ends a moment after the process that it served. */
    async leavesNothingRunning(): Promise<void> {
      await expect.poll(() => hasMembers(group), { timeout: 10_000 }).toBe(false);
    },
  };
}

function hasMembers(group: number): boolean {
  try {
    return process.kill(group, 0);
  } catch {
    return false;
  }
}

async function expectNoKeys(): Promise<void> {
  const redis = new Redis(inject("redisUrl"));
  expect(await redis.keys("*demo-*")).toEqual([]);
  redis.disconnect();
}

describe("the demo", { timeout: LONGEST_MS }, () => {
  it("plays its story to the end and leaves nothing running and nothing behind", async () => {
    const demo = startDemo(inject("redisUrl"));
    void demo.says("All of it is stopped again.");
    expect(await demo.end(), demo.output.err).toBe(0);
    expect(demo.output.err).toBe("");
    expect(demo.output.out).toContain("refused, nothing was queued: determination: given");
    expect(demo.output.out).toContain("one comment");
    const table = demo.output.out.slice(demo.output.out.indexOf("$ defender-actions results 4711"));
    for (const action of ["ping", "execute_query", "execute_entity_query", "execute_custom_query"])
      expect(table).toContain(`│ ${action} `);
    for (const action of ["update_incident", "add_comment_to_incident"])
      expect(table.split(`│ ${action} `)).toHaveLength(2);
    await demo.leavesNothingRunning();
    await expectNoKeys();
  });

  it("takes everything down on Ctrl-C", async () => {
    const demo = startDemo(inject("redisUrl"));
    await demo.says("a process that takes jobs");
    demo.interrupt();
    expect(await demo.end()).toBe(1);
    expect(demo.output.err).toBe("The demo did not get to its end: stopped by SIGINT\n");
    await demo.leavesNothingRunning();
    await expectNoKeys();
  });

  it("says what to do when the Redis it was given does not answer", async () => {
    const demo = startDemo("redis://127.0.0.1:1");
    expect(await demo.end()).toBe(1);
    expect(demo.output.err).toMatch(
      /^The demo did not get to its end: Redis does not answer at the address in REDIS_URL; .*\n$/,
    );
    await demo.leavesNothingRunning();
  });
});
