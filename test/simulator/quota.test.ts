/** Sliding windows against a model, and the 429 they lead to. */
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { control, signIn } from "./probe.ts";
import { parseLimits, SlidingWindows } from "./quota.ts";
import { type Simulator, startSimulator } from "./simulator.ts";

describe("limits", () => {
  it("are read from text", () => {
    expect(parseLimits("45/1m, 20/2s,5/100ms,1500/1h")).toEqual([
      { calls: 45, windowMs: 60_000 },
      { calls: 20, windowMs: 2_000 },
      { calls: 5, windowMs: 100 },
      { calls: 1500, windowMs: 3_600_000 },
    ]);
  });

  it.each(["", "45", "45/m", "0/1m", "45/0s", "45/1d", "a/1m"])("are not read from %j", (text) => {
    expect(() => parseLimits(text)).toThrow("not a limit");
  });
});

const limit = fc.record({ calls: fc.integer({ min: 1, max: 8 }), windowMs: fc.integer({ min: 1, max: 50 }) });
const gaps = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 120 });

describe("sliding windows", () => {
  it("reject exactly the calls that are one too many in the window that ends with them", () => {
    fc.assert(
      fc.property(fc.array(limit, { minLength: 1, maxLength: 3 }), gaps, (limits, steps) => {
        const windows = new SlidingWindows(limits);
        const times: number[] = [];
        let now = 0;
        for (const step of steps) {
          now += step;
          times.push(now);
          const inWindow = ({ windowMs }: { windowMs: number }) =>
            times.filter((time) => time > now - windowMs).length;
          expect(windows.take(now).rejected).toBe(limits.some((one) => inWindow(one) > one.calls));
        }
      }),
    );
  });

  it("say a wait after which the next call fits, and not before", () => {
    fc.assert(
      fc.property(limit, gaps, (one, steps) => {
        const windows = () => new SlidingWindows([one]);
        const replay = (times: readonly number[]) => {
          const fresh = windows();
          return times.map((time) => fresh.take(time)).at(-1);
        };
        let last = 0;
        const times = [0, ...steps].map((step) => {
          last += step;
          return last;
        });
        const verdict = replay(times);
        if (!verdict?.rejected) return;
        expect(replay([...times, last + verdict.retryAfterMs])?.rejected).toBe(false);
        if (verdict.retryAfterMs > 1) {
          expect(replay([...times, last + verdict.retryAfterMs - 1])?.rejected).toBe(true);
        }
      }),
    );
  });
});

describe("a throttled call", () => {
  let simulator: Simulator;
  afterEach(() => simulator.close());

  const exhaust = async (options: Parameters<typeof startSimulator>[0]) => {
    simulator = await startSimulator(options);
    const caller = await signIn(simulator);
    await caller.graph("GET", "incidents/29");
    return { caller, refused: await caller.graph("GET", "incidents/29") };
  };

  it("gets Graph's 429 with seconds to wait, is counted, and leaves the other lane alone", async () => {
    const { caller, refused } = await exhaust({ quotas: { incidents: "1/1h", hunting: "1/1h" } });
    expect(refused.status).toBe(429);
    expect(refused.json.error).toMatchObject({
      code: "TooManyRequests",
      innerError: { code: "429", status: "429" },
    });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(3_590);
    expect((await caller.hunt("print ok=1")).status).toBe(200);
    const { json } = await control(simulator, "GET", "ledger");
    const incidents = json.arrivals.filter((one: { lane: string }) => one.lane === "incidents");
    expect(incidents).toMatchObject([
      { counted: true, rejected: false, status: 200 },
      { counted: true, rejected: true, status: 429 },
    ]);
  });

  it("may be told a date, or nothing, or that processing time ran out", async () => {
    const { caller, refused } = await exhaust({ quotas: { incidents: "1/1h" }, retryAfter: "date" });
    expect(Date.parse(refused.headers.get("retry-after") ?? "")).toBeGreaterThan(Date.now() + 3_590_000);
    await control(simulator, "PUT", "settings", { retryAfter: "none", throttleText: "cpu" });
    const silent = await caller.graph("GET", "incidents/29");
    expect(silent.headers.get("retry-after")).toBeNull();
    expect(silent.json.error.message).toMatch(/exceeded processing resources .* in \d+ seconds\.$/);
  });

  it("is admitted again when its quota is turned off", async () => {
    const { caller } = await exhaust({ quotas: { incidents: "1/1h" } });
    await control(simulator, "PUT", "settings", { quotas: { incidents: null } });
    expect((await caller.graph("GET", "incidents/29")).status).toBe(200);
  });

  it("is counted by tenant for hunting, by tenant and app for incidents", async () => {
    const { caller } = await exhaust({ quotas: { incidents: "1/1h", hunting: "1/1h" } });
    const sibling = { tenant: simulator.tenant, clientId: "second-app", clientSecret: "s" };
    await control(simulator, "POST", "apps", sibling);
    const other = await signIn({ ...sibling, url: simulator.url });
    expect((await other.graph("GET", "incidents/29")).status).toBe(200);
    expect((await other.hunt("print ok=1")).status).toBe(200);
    expect((await caller.hunt("print ok=1")).status).toBe(429);
  });
});
