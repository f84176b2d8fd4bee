/** Two windows at once hold for all workers of a tenant together, whatever time a worker believes it is, and are used. */
import { it } from "vitest";
import { clockOffset } from "../support/worker-process.ts";
import { loadFully } from "./full-load.ts";

const SKEW_MS = 120_000;

it("three workers, one two minutes ahead and one two minutes behind, keep and use both windows of two tenants", {
  timeout: 180_000,
}, async (context) => {
  await loadFully(context, {
    short: { calls: 20, windowMs: 4_000 },
    long: { calls: 60, windowMs: 16_000 },
    windows: 2,
    workers: [{}, clockOffset(SKEW_MS), clockOffset(-SKEW_MS)],
    events: ["clock.drift"],
  });
});
