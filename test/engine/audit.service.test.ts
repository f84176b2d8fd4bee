/** What a real worker takes down of what it sends. */
import { describe, expect, it } from "vitest";
import { trailKey } from "../../src/audit/entry.ts";
import { auditEntries } from "../audit/entries.ts";
import { openEngine } from "./running.ts";

async function openAudited() {
  const engine = await openEngine();
  return { ...engine, entries: () => auditEntries(engine.prefix) };
}

describe("the audit trail of a worker", () => {
  it("has every write with its answer and for whom it was, and no reading of an incident", async () => {
    const { startWorker, update, end, simulator, entries } = await openAudited();
    await startWorker();
    await simulator.addFault({ match: { method: "PATCH" }, times: 1, fault: { status: 404 } });
    const options = { requestedBy: "ada" };
    const failed = await update(7, { status: "Resolved" }, options);
    await end(failed);
    const done = await update(29, { status: "Resolved" }, options);
    await end(done);
    const sent = (await entries()).filter((entry) => entry.via === "worker");
    const patch = { method: "PATCH", case_id: "4711", requested_by: "ada", instance: "default" };
    const request_id = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(sent).toMatchObject([
      { ...patch, verb: "send", job_id: failed.jobId, incident_id: "7", body: { status: "resolved" } },
      { ...patch, verb: "answer", job_id: failed.jobId, outcome: "not_found", status: 404 },
      { ...patch, verb: "send", job_id: done.jobId, path: "/security/incidents/29" },
      { ...patch, verb: "answer", job_id: done.jobId, outcome: "ok", status: 200, request_id },
    ]);
    expect(JSON.stringify(sent)).not.toContain("simulated.");
  });

  it("that cannot be written holds writes back until it can, and nothing is lost", async () => {
    const { startWorker, update, end, effects, redis, prefix, client, entries } = await openAudited();
    await startWorker();
    const key = trailKey(prefix);
    const job = await update(29, { status: "Resolved" });
    await end(job);
    await redis.rename(key, `${key}-kept`);
    await redis.set(key, "in the way");
    const next = await update(31, { status: "Resolved" });
    await expect
      .poll(async () => (await client.result(next))?.waiting?.for, { timeout: 10_000 })
      .toBe("quota");
    expect(await effects()).toEqual(["patch 29"]);
    await redis.rename(`${key}-kept`, key);
    await end(next);
    expect(await effects()).toEqual(["patch 29", "patch 31"]);
    expect((await entries()).filter((entry) => entry.verb === "send")).toHaveLength(2);
  });
});
