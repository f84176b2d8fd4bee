/** What a worker needs is proved without one, and a worker ends well. */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { randomPrefix } from "../support/prefix.ts";
import { runBin, startBin, type Variables } from "./bin.ts";
import { installForFile } from "./installation.ts";

const installation = installForFile({ worker: false });

describe("check", () => {
  const findings = async (more: Variables) => {
    const { code, out } = await runBin(["check", "--json"], { ...installation.env, ...more });
    const parsed: { check: string; ok: boolean | null; message: string }[] = JSON.parse(out);
    return { code, verdicts: Object.fromEntries(parsed.map(({ check, ok }) => [check, ok])) };
  };

  it("finds a good installation good", async () => {
    const { code, out } = await runBin(["check"], installation.env);
    expect(code, out).toBe(0);
    expect(out).toMatch(/^ok {4}configuration/);
    expect(out).toMatch(/^ok {4}hunting \(default\)/m);
  });

  it("sends nothing that somebody has paused, says who did, and that writes are off", async () => {
    const env = { ...installation.env, QUEUE_PREFIX: randomPrefix(), DEFENDER_WRITES: "off" };
    await runBin(["pause", "--lane", "hunting", "--by", "ada", "--reason", "change freeze"], env);
    const { code, out } = await runBin(["check"], env);
    expect(code, out).toBe(0);
    expect(out).toMatch(/^ok {4}incident read \(default\)/m);
    expect(out).toMatch(/^skip {2}hunting \(default\) +calls are paused by ada: change freeze/m);
    expect(out).toContain("DEFENDER_WRITES is off: no write of default is sent");
  });

  it("exits 1 for a wrong secret, and skips what needs a token", async () => {
    expect(await findings({ AZURE_CLIENT_SECRET: "wrong", LANES: "incidents" })).toMatchObject({
      code: 1,
      verdicts: { configuration: true, redis: true, token: false, "incident read": null, hunting: null },
    });
  });

  it("exits 1 for a bad configuration, and looks at Redis all the same", async () => {
    expect(await findings({ AZURE_TENANT_ID: "" })).toMatchObject({
      code: 1,
      verdicts: { configuration: false, redis: true },
    });
  });

  it("exits 3 when Redis or Microsoft is away", async () => {
    expect(await findings({ REDIS_URL: "redis://127.0.0.1:1" })).toMatchObject({
      code: 3,
      verdicts: { redis: false, token: null },
    });
    expect(await findings({ LOGIN_API_ROOT: "http://127.0.0.1:1" })).toMatchObject({
      code: 3,
      verdicts: { redis: true, token: false },
    });
  });
});

it("a worker ends with 0 on SIGTERM", async () => {
  const second = startBin(["worker", "--lane", "hunting"], installation.env);
  for await (const line of createInterface({ input: second.child.stderr }))
    if (line.includes("worker.ready")) break;
  second.child.kill("SIGTERM");
  const [code] = await once(second.child, "exit");
  expect(code).toBe(0);
});
