/** A 429 holds back all workers together, in every form in which Defender says how long; and no other gate. */
import { describe, expect, it } from "vitest";
import type { ActionRequest } from "../../producers/client.ts";
import { arrivalsOf, gapsMs } from "./arrivals.ts";
import { check } from "./checker.ts";
import { allOver, comment, hunt, times, waitsFor } from "./jobs.ts";
import { openFaultRig } from "./rig.ts";
import { addTenants } from "./tenants.ts";

const WORKERS = 3;
const LIMIT = { calls: 40, windowMs: 4_000 };
const SPACING_MS = LIMIT.windowMs / LIMIT.calls;
const LIMITS = {
  DEFENDER_HUNTING_LIMITS: `${LIMIT.calls}/${LIMIT.windowMs}ms`,
  DEFENDER_INCIDENT_LIMITS: `${LIMIT.calls}/${LIMIT.windowMs}ms`,
};
const PAUSE_MS = 5_000;
const PROBE_TAKES_MS = 1_500;
/** From the `Date` of the answer. */
const TO_QUARTER_HOUR_MS = 10_000;
const JOBS = 30;
/** The clocks of Redis and of the ledger are one, but a call is stamped a moment after the gate let it go. */
const JITTER_MS = 50;
/** Workers go on within half a second; the rest is for a machine that is busy. */
const SOON_MS = 5_000;

interface Form {
  says: string;
  instance: string;
  lane: "hunting" | "incidents";
  answer: object;
}

const inSeconds = PAUSE_MS / 1_000;
const FORMS: readonly Form[] = [
  {
    says: "in seconds",
    instance: "default",
    lane: "hunting",
    answer: { headers: { "Retry-After": String(inSeconds) } },
  },
  {
    // The date is read against the answer's own clock, so this one may be anywhen.
    says: "as an HTTP date",
    instance: "default",
    lane: "incidents",
    answer: {
      headers: { Date: "Tue, 24 Nov 2026 08:00:00 GMT", "Retry-After": "Tue, 24 Nov 2026 08:00:05 GMT" },
    },
  },
  {
    says: "in the body's text only",
    instance: "fabrikam",
    lane: "hunting",
    answer: {
      body: {
        error: { code: "TooManyRequests", message: `You can run queries again in ${inSeconds} seconds.` },
      },
    },
  },
];
/** Gates that were told nothing. */
const OTHERS = [
  { instance: "fabrikam", lane: "incidents" },
  { instance: "adatum", lane: "hunting" },
] as const;

type Gate = Pick<Form, "instance" | "lane">;

/** Recognised in the ledger and by faults: by the query's text, or by the incident. */
const markOf = ({ instance, lane }: Gate): string =>
  lane === "hunting" ? `of-${instance}` : `/incidents/${idOf(instance)}/`;
const idOf = (instance: string): number => (instance === "default" ? 10 : 11);

function jobOf({ instance, lane }: Gate, index: number): ActionRequest {
  const options = { instance };
  return lane === "hunting"
    ? hunt(`of-${instance} ${index}`, options)
    : comment(idOf(instance), `${instance} ${index}`, options);
}

function faultAt(gate: Gate, fault: object): object {
  const match = gate.lane === "hunting" ? { body: markOf(gate) } : { method: "POST", path: markOf(gate) };
  return { match, times: 1, fault };
}

describe.concurrent("a 429", { timeout: 150_000 }, () => {
  it("holds all three workers back for as long as it says, in every form, lets one probe out first and no burst after it", async (context) => {
    const rig = await openFaultRig(context, { env: LIMITS, warmUp: true });
    const { env, of: tenants } = await addTenants(rig, ["fabrikam", "adatum"]);
    await Promise.all(times(WORKERS, () => rig.startWorker(env)));
    const arrivalsAt = ({ instance, lane }: Gate) => {
      const mark = markOf({ instance, lane });
      return arrivalsOf(rig, { lane, mark, tenant: tenants[instance] });
    };

    const warm = await rig.acceptMany(OTHERS.map((gate) => jobOf(gate, JOBS)));
    await allOver(rig, warm, 60_000);
    const paused = await Promise.all(
      FORMS.map(async (form) => {
        await rig.simulator.addFault(faultAt(form, { status: 429, ...form.answer }));
        const [first] = await rig.acceptMany([jobOf(form, 0)]);
        if (first === undefined) throw new Error("nothing was accepted");
        const { waiting } = await waitsFor(rig, first, "throttled");
        await rig.simulator.addFault(faultAt(form, { delayMs: PROBE_TAKES_MS }));
        return { form, first, untilMs: Date.parse(waiting?.until ?? "") };
      }),
    );
    const waiting = await rig.acceptMany(
      FORMS.flatMap((form) => times(JOBS, (index) => jobOf(form, index + 1))),
    );
    const others = await rig.acceptMany(OTHERS.flatMap((gate) => times(JOBS, (index) => jobOf(gate, index))));
    const results = await allOver(rig, [...paused.map(({ first }) => first), ...waiting, ...others], 120_000);

    for (const { form, untilMs } of paused) {
      const [refused, probe, ...rest] = (await arrivalsAt(form)).map(({ timeMs }) => timeMs);
      if (refused === undefined || probe === undefined || rest[0] === undefined)
        throw new Error("too few calls");
      expect(untilMs - refused, form.says).toBeGreaterThan(PAUSE_MS - JITTER_MS);
      expect(untilMs - refused, form.says).toBeLessThan(PAUSE_MS + SOON_MS);
      expect(probe - refused, form.says).toBeGreaterThan(PAUSE_MS - JITTER_MS);
      expect(probe - refused, form.says).toBeLessThan(PAUSE_MS + SOON_MS);
      // Spaced for one window, in which all of them fit; a busy machine can only make them later.
      for (const [place, timeMs] of rest.entries())
        expect(timeMs - probe, form.says).toBeGreaterThan(PROBE_TAKES_MS + place * SPACING_MS - JITTER_MS);
    }
    const openFromMs = Math.min(...paused.map(({ untilMs }) => untilMs));
    for (const gate of OTHERS) {
      const inPause = (await arrivalsAt(gate)).filter(
        ({ timeMs }) => timeMs > openFromMs - PAUSE_MS && timeMs < openFromMs,
      );
      expect(inPause, gate.instance).not.toEqual([]);
    }
    expect(new Set(results.map(({ attempts }) => attempts))).toEqual(new Set([1]));
    for (const worker of rig.workers)
      expect(worker.log.filter((line) => line.includes("job.completed"))).not.toEqual([]);
    await check(rig);
  });

  it("without a time backs off for longer each time", async (context) => {
    const rig = await openFaultRig(context, { env: LIMITS, warmUp: true });
    const mark = "/incidents/10";
    await rig.simulator.addFault({ match: { path: mark }, times: 3, fault: { status: 429 } });
    await Promise.all(times(WORKERS, () => rig.startWorker()));
    // No query: the first one makes a worker load its parser, which takes seconds.
    const jobs = await rig.acceptMany([comment(10, "again")]);
    await allOver(rig, jobs, 120_000);

    const arrivals = await arrivalsOf(rig, { lane: "incidents", mark });
    const gaps = gapsMs(arrivals.slice(0, 4).map(({ timeMs }) => timeMs));
    expect(gaps).toHaveLength(3);
    for (const [strikes, gapMs] of gaps.entries()) {
      const mostMs = 2_000 * 2 ** strikes;
      expect(gapMs).toBeGreaterThan(mostMs / 2 - JITTER_MS);
      expect(gapMs).toBeLessThan(mostMs + SOON_MS);
    }
    const { jobs: judged } = await check(rig, { events: ["gate.limit_lowered"] });
    expect(judged).toMatchObject([{ result: { attempts: 1 } }]);
  });

  it("for processing time that is spent holds hunting back until the next quarter hour, and lowers no limit", async (context) => {
    const rig = await openFaultRig(context, { env: LIMITS, warmUp: true });
    const code = "TooManyRequests";
    const message = "You have exceeded processing resources allocated to this tenant.";
    const refusals = [
      { body: { error: { code, message: `${message} You can run queries again in 1 seconds.` } } },
      { headers: { Date: "Tue, 24 Nov 2026 08:14:50 GMT" }, body: { error: { code, message } } },
    ];
    for (const refusal of refusals)
      await rig.simulator.addFault({ match: { body: "heavy" }, fault: { status: 429, ...refusal } });
    await Promise.all([rig.startWorker(), rig.startWorker()]);
    const [heavy] = await rig.acceptMany([hunt("heavy")]);
    if (heavy === undefined) throw new Error("nothing was accepted");
    const { waiting } = await waitsFor(rig, heavy, "throttled", TO_QUARTER_HOUR_MS / 2);
    const light = await rig.acceptMany(times(20, (index) => hunt(`light ${index}`)));
    await allOver(rig, [heavy, ...light], 120_000);

    const [, refused, ...rest] = (await arrivalsOf(rig, { lane: "hunting" })).map(({ timeMs }) => timeMs);
    const waitMs = Date.parse(waiting?.until ?? "") - (refused ?? Number.NaN);
    expect(waitMs).toBeGreaterThan(TO_QUARTER_HOUR_MS - JITTER_MS);
    expect(waitMs).toBeLessThan(TO_QUARTER_HOUR_MS + SOON_MS);
    expect((rest[0] ?? 0) - (refused ?? 0)).toBeGreaterThan(TO_QUARTER_HOUR_MS - JITTER_MS);
    // Too many calls and too heavy ones are different things: a lower limit would not help.
    await check(rig);
  });
});
