import { expect, inject, it } from "vitest";
import { deliverySchema } from "../../src/queue/deliveries.ts";
import { WEBHOOK_QUEUE } from "../../src/queue/names.ts";
import { openFailures } from "../queue/opened-failures.ts";
import { runBin } from "./bin.ts";

it("failed --webhook lists the results that the webhook was not told of, newest first", async () => {
  const { failNext, queues, prefix } = openFailures();
  const run = (...args: string[]) =>
    runBin(["failed", "--webhook", ...args], { REDIS_URL: inject("redisUrl"), QUEUE_PREFIX: prefix });
  for (const case_id of ["4711", "4712"]) {
    const about = { v: 1, case_id, job_id: "j1", generation: 1, action: "ping", instance: "default" };
    const said = { status: "failed", is_success: false, output_message: "canary", error: null, reason: null };
    const rest = { incident: null, row_count: null, requested_by: null, cursor: "1", path: "/" };
    const finished_at = new Date(0).toISOString();
    const delivery = deliverySchema.parse({ ...about, ...said, ...rest, finished_at, given_up: true });
    await queues.get(WEBHOOK_QUEUE).add("tell", delivery);
    await failNext("the webhook answered 410", WEBHOOK_QUEUE);
  }

  const { code, out } = await run("--limit", "1");
  expect([code, out]).toEqual([0, expect.stringContaining("case 4712")]);
  for (const text of ["the webhook answered 410", "There are more"]) expect(out).toContain(text);
  expect(out).not.toMatch(/4711|canary/);
  const narrowed = await run("--case", "4711", "--since", "1h", "--json");
  expect(JSON.parse(narrowed.out)).toMatchObject([
    { caseId: "4711", jobId: "j1", status: "failed", why: "the webhook answered 410" },
  ]);
});
