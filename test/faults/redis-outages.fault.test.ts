/** Workers come back by themselves from a Redis that was away: in every way it can be, short and long, idle and busy. */
import { describe, expect, it } from "vitest";
import { CONSUME_WITHIN_MS, OUTAGES, surviveOutage } from "./outages.ts";

const LENGTHS_S = [2, 6, 20, 60] as const;
const LOADS = [
  { while: "idle", isBusy: false },
  { while: "busy", isBusy: true },
] as const;

// One length after the other: more workers at once would only wait for the processor.
describe.each(LENGTHS_S)(
  "all workers consume again within 30 s, without a restart, after %s s",
  (seconds) => {
    describe.each(LOADS)("while $while", ({ isBusy }) => {
      it.concurrent.for(OUTAGES)("of a Redis that was %s", async (kind, context) => {
        const tookMs = await surviveOutage(context, { kind, ms: seconds * 1_000, isBusy });
        console.log(`${kind} for ${seconds} s, ${isBusy ? "busy" : "idle"}: ${Math.round(tookMs)} ms`);
        expect(tookMs).toBeLessThan(CONSUME_WITHIN_MS);
      });
    });
  },
);
