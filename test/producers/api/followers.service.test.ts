import { expect, it, onTestFinished } from "vitest";
import { collectWarnings } from "../../support/warnings.ts";
import { readEvents } from "./event-reader.ts";
import { openApi } from "./opened-api.ts";

it("many may follow a case at once, and each sees what happens", async () => {
  const warnings = collectWarnings();
  const { url, client } = await openApi();
  const { jobId } = await client.enqueue("ping", { case_id: "4711" });
  const followers = await Promise.all(Array.from({ length: 20 }, () => readEvents(url, "4711")));
  onTestFinished(() => {
    for (const follower of followers) follower.close();
  });
  const seen = await Promise.all(followers.map((follower) => follower.next()));
  expect(new Set(seen.map(({ result }) => result.job_id))).toEqual(new Set([jobId]));
  expect(warnings).toEqual([]);
});
