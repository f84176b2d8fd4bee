/** Defender takes a write and never ends its answer: the call ends at its deadline, and what it held comes back. */
import { describe, expect, it } from "vitest";
import { arrivalsOf } from "./arrivals.ts";
import { check } from "./checker.ts";
import { assign, comment } from "./jobs.ts";
import { openFaultRig } from "./rig.ts";

/** Of a write, from its arrival to the next call of the only worker slot there is. */
const DEADLINE_MS = 9_000;
const GIVE_MS = 1_000;
/** Both slots of a window are in the hands of the slow job: its read, and its write. */
const LIMIT = { lane: "incidents", calls: 2, windowMs: 2_000 } as const;
/** Longer than the deadline, so that a comment that may still be stored has no second one. */
const SETTLE_MS = 10_000;

const DRIPS = { answer: "drips in for minutes", fault: { drip: { bytes: 1, everyMs: 500 } }, isStored: true };
const STOPS = {
  answer: "stops after its headers",
  fault: { drip: { bytes: 1, everyMs: 600_000 } },
  isStored: true,
};
const HANGS = {
  answer: "never begins, though it was stored",
  fault: { hang: true, applied: true },
  isStored: true,
};
const LOST = { answer: "never begins, and nothing was stored", fault: { hang: true }, isStored: false };

const COMMENT = { name: "comment", method: "POST", write: comment(29, "contained") };
const UPDATE = { name: "update", method: "PATCH", write: assign(29, "ada") };
const CASES = [
  ...[DRIPS, STOPS, HANGS, LOST].map((slow) => ({ ...COMMENT, ...slow })),
  ...[DRIPS, LOST].map((slow) => ({ ...UPDATE, ...slow })),
];

describe.concurrent("a write whose answer does not end", { timeout: 90_000 }, () => {
  it.for(CASES)(
    "($name) is over at its deadline, frees its slots, is read back and has its effect once, when its answer $answer",
    async (given, context) => {
      const { write, method, fault, isStored } = given;
      const rig = await openFaultRig(context, {
        env: {
          WORKER_CONCURRENCY: "1",
          COMMENT_SETTLE: `${SETTLE_MS}ms`,
          DEFENDER_INCIDENT_LIMITS: `${LIMIT.calls}/${LIMIT.windowMs}ms`,
        },
      });
      const { simulator } = rig;
      await simulator.addFault({ match: { method, path: "/incidents/29(/comments)?$" }, times: 1, fault });
      await rig.startWorker();
      const [slow] = await rig.acceptMany([write]);
      if (slow === undefined) throw new Error("the write was not accepted");
      await simulator.arrivals(`${method} .*incidents/29`);
      const [behind] = await rig.acceptMany([assign(32, "ben")]);
      if (behind === undefined) throw new Error("the one behind it was not accepted");
      await Promise.all([rig.finish(behind), rig.finish(slow)]);

      const calls = await arrivalsOf(rig, { lane: "incidents" });
      const first = calls.findIndex((call) => call.method === method && call.path.includes("/incidents/29"));
      const tookMs = (calls[first + 1]?.timeMs ?? Number.POSITIVE_INFINITY) - (calls[first]?.timeMs ?? 0);
      expect(tookMs).toBeGreaterThan(DEADLINE_MS - GIVE_MS);
      expect(tookMs).toBeLessThan(DEADLINE_MS + GIVE_MS);
      const ofSlow = calls.filter(({ path }) => path.includes("/incidents/29")).map((call) => call.method);
      // One or more reads before anything is sent again, which only happens when there is nothing to find.
      const expected = isStored ? `^GET ${method} GET( GET)*$` : `^GET ${method} GET( GET)* ${method}$`;
      expect(ofSlow.join(" ")).toMatch(new RegExp(expected));
      await check(rig, { limits: [LIMIT] });
    },
  );
});
