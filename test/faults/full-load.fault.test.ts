/** The same over minutes, with clocks that agree and with clocks that don't. */
import { describe, it } from "vitest";
import { clockOffset } from "../support/worker-process.ts";
import { loadFully } from "./full-load.ts";

const SKEW_MS = 120_000;
const LOAD = {
  short: { calls: 20, windowMs: 5_000 },
  long: { calls: 60, windowMs: 30_000 },
  windows: 4,
};

describe.concurrent("under full load both windows of two tenants are kept and used", () => {
  it("by three workers", async (context) => {
    const used = await loadFully(context, { ...LOAD, workers: [{}, {}, {}] });
    console.log(used);
  });

  it("by three workers, one two minutes ahead and one two minutes behind", async (context) => {
    const workers = [{}, clockOffset(SKEW_MS), clockOffset(-SKEW_MS)];
    const used = await loadFully(context, { ...LOAD, workers, events: ["clock.drift"] });
    console.log(used);
  });
});
