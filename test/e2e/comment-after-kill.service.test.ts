/** One comment per intent, also when the worker dies between Defender's storing it and hearing of it. */
import { expect, test } from "vitest";
import { CASE, openPipe } from "../support/pipe.ts";

const POST_COMMENT = { method: "POST", path: "/incidents/29/comments$" };

test("a worker killed right after Graph stored a comment leaves one comment and a completed result", async () => {
  const { client, simulator, startWorker } = await openPipe();
  await simulator.addFault({ match: POST_COMMENT, times: 1, fault: { hang: true, applied: true } });
  const first = await startWorker();
  const job = await client.enqueue("add_comment_to_incident", {
    ...CASE,
    incident_id: 29,
    comment: "contained",
  });
  await simulator.effect("comment 29");
  await first.kill("SIGKILL");
  const killedAtMs = performance.now();

  await startWorker();
  const result = await client.waitForResult(job, { timeoutMs: 40_000 });

  expect(performance.now() - killedAtMs).toBeLessThan(30_000);
  expect(result).toMatchObject({
    status: "completed",
    is_success: true,
    attempts: 1,
    incident: { id: "29" },
  });
  expect(result.json_result).toMatchObject({
    comment: expect.stringMatching(/^contained\n\n\[ref [0-9A-Z]{8}\]$/),
  });
  const { effects } = await simulator.ledger();
  expect(effects.filter(({ kind }) => kind === "comment")).toHaveLength(1);
});

test("a comment whose answer was lost is read back, not sent again", async () => {
  const { client, simulator, startWorker } = await openPipe();
  await simulator.addFault({ match: POST_COMMENT, times: 1, fault: { reset: "after" } });
  await startWorker();
  const job = await client.enqueue("add_comment_to_incident", {
    ...CASE,
    incident_id: 29,
    comment: "contained",
  });

  const result = await client.waitForResult(job, { timeoutMs: 40_000 });

  expect(result).toMatchObject({ status: "completed", is_success: true });
  const { arrivals, effects } = await simulator.ledger();
  expect(effects.filter(({ kind }) => kind === "comment")).toHaveLength(1);
  expect(arrivals.filter(({ method, path }) => method === "POST" && path.endsWith("/comments"))).toHaveLength(
    1,
  );
});

test("a comment that was never stored is sent once more after its settle time", async () => {
  const { client, simulator, startWorker } = await openPipe();
  await simulator.addFault({ match: POST_COMMENT, times: 1, fault: { reset: "before" } });
  await startWorker({ COMMENT_SETTLE: "1s" });
  const job = await client.enqueue("add_comment_to_incident", {
    ...CASE,
    incident_id: 29,
    comment: "contained",
  });

  const result = await client.waitForResult(job, { timeoutMs: 40_000 });

  expect(result).toMatchObject({ status: "completed", is_success: true });
  const { effects } = await simulator.ledger();
  expect(effects.filter(({ kind }) => kind === "comment")).toHaveLength(1);
});
