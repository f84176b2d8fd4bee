/** A comment that may have been stored, on an incident that can no longer be read: nobody guesses, a person settles it. */
import { expect, it } from "vitest";
import { z } from "zod";
import { check } from "./checker.ts";
import { openFaultRig } from "./rig.ts";

/** Six tries, with waits of up to 5 s, 15 s, 45 s, 2 min and 5 min. */
const ALL_TRIES_MS = 600_000;

it("parks as outcome_unknown with its evidence, is never sent twice, and holds nothing back once it is settled", {
  timeout: ALL_TRIES_MS + 120_000,
}, async (context) => {
  const rig = await openFaultRig(context, { env: { COMMENT_SETTLE: "1s", WORKER_PORT: "0" } });
  const { simulator, client } = rig;
  await simulator.addFault({
    match: { method: "POST", path: "/comments$" },
    times: 1,
    fault: { reset: "after" },
  });
  await simulator.addFault({
    match: { method: "GET", path: "/incidents/29$" },
    after: 1,
    times: null,
    fault: { status: 503 },
  });
  const worker = await rig.startWorker();
  const job = await rig.accept("add_comment_to_incident", { incident_id: 29, comment: "contained" });

  const result = await rig.finish(job, ALL_TRIES_MS);

  expect(result).toMatchObject({
    status: "failed",
    attempts: 6,
    error: { code: "outcome_unknown" },
    json_result: { sent: { incident_id: "29", mark: expect.stringMatching(/^\[ref /) } },
  });
  const { port } = z.looseObject({ port: z.number() }).parse(await worker.event("health.listening"));
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toMatch(/defender_jobs_finished_total\{[^}]*outcome="outcome_unknown"[^}]*\} 1/);
  expect(await worker.event("job.failed")).toMatchObject({ job_id: job.jobId, code: "outcome_unknown" });
  const { ledger } = await check(rig, { failures: ["outcome_unknown"] });
  expect(
    ledger.arrivals.filter(({ method, path }) => method === "POST" && path.endsWith("/comments")),
  ).toHaveLength(1);

  const settled = await client.settle(
    { jobId: job.jobId, caseId: job.caseId },
    { as: "done", by: "ada@contoso.com" },
  );
  expect(settled).toMatchObject({ result: { status: "completed", is_success: true } });
});
