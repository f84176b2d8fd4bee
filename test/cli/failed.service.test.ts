/** Seeing to what failed: listing it, asking for it again, settling it. */
import { describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { publishInstances } from "../../src/queue/instances.ts";
import { openFailures } from "../queue/opened-failures.ts";
import { INCIDENTS, update } from "../queue/opened-queue.ts";
import { randomPrefix } from "../support/prefix.ts";
import { runBin } from "./bin.ts";

const listed = z.array(z.object({ jobId: z.string(), code: z.string() }));

function open() {
  const failures = openFailures();
  const env = { REDIS_URL: inject("redisUrl"), QUEUE_PREFIX: failures.prefix };
  return {
    ...failures,
    run: (...args: string[]) => runBin(args, env),
    async json(...args: string[]) {
      const { code, out, err } = await runBin([...args, "--json"], env);
      return { code, err, value: JSON.parse(out) };
    },
  };
}

describe("failed", () => {
  it("is nothing where nothing is", async () => {
    const env = { REDIS_URL: inject("redisUrl"), QUEUE_PREFIX: randomPrefix() };
    expect(await runBin(["failed", "--json"], env)).toEqual({ code: 0, out: "[]\n", err: "" });
    expect(await runBin(["failed"], env)).toEqual({
      code: 0,
      out: "No job has failed for good.\n",
      err: "",
    });
  });

  it("counts by reason, then lists, and narrows down", async () => {
    const { fail, run, json } = open();
    const jobs = [await fail("not_found"), await fail("throttled"), await fail("not_found")];
    const { code, out } = await run("failed");
    expect(code).toBe(0);
    const [reasons = "", list = ""] = out.split(/\n(?=┌[^\n]*\n│ Job )/);
    expect(reasons).toMatch(/not_found\s+│ 2 .*throttled\s+│ 1 /s);
    for (const { jobId } of jobs) expect(list).toContain(jobId);
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    const expired = await run("failed", "--code", "expired");
    expect(expired.out).toBe("No such job has failed for good.\n");

    expect((await run("failed", "--limit", "2")).out).not.toContain(jobs[0]?.jobId);
    const { value } = await json("failed", "--code", "not_found", "--since", "1h");
    expect(listed.parse(value).map(({ jobId }) => jobId)).toEqual([jobs[2]?.jobId, jobs[0]?.jobId]);
  });

  it("shows the first twenty and counts them all", async () => {
    const { enqueuer, failNext, run } = open();
    for (let count = 0; count < 21; count += 1) await enqueuer.enqueue(update());
    for (let count = 0; count < 21; count += 1) await failNext("not_found: none");
    const { out } = await run("failed");
    expect(out.match(/case 4711/g)).toHaveLength(20);
    expect(out).toContain("20 of 21 jobs; more of them: --limit 21");
    expect(out).toMatch(/not_found\s+│ 21 /);
  });

  it("shows one whole: result, arguments, evidence, and what can be done", async () => {
    const { fail, run, json } = open();
    const { jobId } = await fail("outcome_unknown");
    const { out } = await run("failed", "--job", jobId);
    for (const text of [
      "update_incident  failed (outcome_unknown)",
      '"incident_id": "29"',
      "Evidence",
      '"patch"',
      `defender-actions settle ${jobId} --as done`,
      `defender-actions settle ${jobId} --as retry`,
    ])
      expect(out).toContain(text);
    const { value } = await json("failed", "--job", jobId);
    expect(value).toMatchObject({ jobId, evidence: { incidentId: "29" }, result: { job_id: jobId } });
    expect(await run("failed", "--job", "j1")).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining('there is no failed job "j1"'),
    });
  });

  it("shows what others put there without letting it drive the terminal", async () => {
    const { queues, failNext, run } = open();
    await queues.get(INCIDENTS).add("close\u001b[2J", { text: "\u001b[31m" }, { jobId: "theirs" });
    await failNext("\u001b[31mred\n┌ of theirs");
    for (const args of [["failed"], ["failed", "--job", "theirs"], ["retry", "theirs"]]) {
      const { out, err } = await run(...args);
      expect(out + err).not.toContain("\u001b");
      expect(out).toContain("theirs");
    }
  });
});

describe("retry", () => {
  it("is a dry run when nobody says yes and nobody can be asked", async () => {
    const { fail, run, json, jobs, list } = open();
    const { jobId } = await fail("throttled");
    for (const options of [[], ["--dry-run"], ["--dry-run", "--yes"]]) {
      const { code, value } = await json("retry", "--all", ...options);
      expect(code).toBe(0);
      expect(value).toMatchObject({
        dryRun: true,
        planned: [{ jobId }],
        retried: [],
        skipped: [],
        failed: [],
      });
    }
    const { out } = await run("retry", jobId);
    expect(out).toContain(jobId);
    expect(out).toContain("Nothing was done. To do it: --yes");
    expect(await jobs()).toEqual([]);
    expect(await list()).toHaveLength(1);
  });

  it("asks for what may succeed, in the order of acceptance, and names what it skips and why", async () => {
    const { fail, run, json, jobs, forgetResult, queues, failNext } = open();
    const first = await fail("throttled");
    const second = await fail("expired");
    const bad = await fail("invalid_input");
    const unknown = await fail("outcome_unknown");
    const forgotten = await fail("throttled");
    await forgetResult(forgotten);
    await queues.get(INCIDENTS).add("close", "close 29", { jobId: "theirs" });
    await failNext("throttled: x");

    const { code, value } = await json("retry", "--all", "--yes");
    expect(code).toBe(0);
    expect(value).toMatchObject({
      dryRun: false,
      retried: [{ jobId: first.jobId }, { jobId: second.jobId }],
      skipped: [
        { jobId: "theirs", reason: expect.stringContaining("not a job of ours") },
        { jobId: forgotten.jobId, reason: expect.stringContaining("its result has expired") },
        { jobId: unknown.jobId, reason: expect.stringContaining(`defender-actions settle ${unknown.jobId}`) },
        { jobId: bad.jobId, reason: expect.stringContaining("--code invalid_input") },
      ],
      failed: [],
    });
    expect((await jobs()).map(({ id }) => id)).toEqual([`${first.jobId}-2`, `${second.jobId}-2`]);

    const { out } = await run("retry", "--code", "invalid_input", "--yes");
    expect(out).toContain("Asked for again: 1 job");
    expect(await jobs()).toHaveLength(3);
    await run("retry", forgotten.jobId, "--yes");
    expect(await jobs()).toHaveLength(4);
  });

  it("of a named job that cannot be asked for exits 1 and says why", async () => {
    const { fail, run, jobs } = open();
    const { jobId } = await fail("outcome_unknown");
    const { code, out } = await run("retry", jobId, "--yes");
    expect(code).toBe(1);
    expect(out).toContain(`the outcome of its write is unknown`);
    expect(out).toContain(`defender-actions settle ${jobId}\n`);
    expect(await jobs()).toEqual([]);
  });

  it("exits 1 when a job could not be asked for, and goes on with the others", async () => {
    const { fail, json, redis, prefix, failedJobs } = open();
    const request = { case_id: "4711", incident_id: 29, unassign: true };
    const broken = await fail("throttled", { action: "update_incident", input: request });
    const key = `${prefix}:${INCIDENTS}:${broken.jobId}-1`;
    const data = JSON.parse((await redis.hget(key, "data")) ?? "");
    await redis.hset(key, "data", JSON.stringify({ ...data, input: { case_id: "4711" } }));
    const good = await fail("throttled");
    expect(await failedJobs.details(broken)).toMatchObject({ input: { case_id: "4711" } });
    const { code, value } = await json("retry", "--all", "--yes");
    expect(code).toBe(1);
    expect(value).toMatchObject({
      retried: [{ jobId: good.jobId }],
      failed: [{ jobId: broken.jobId, error: { code: "invalid_input" } }],
    });
  });
});

describe("settle", () => {
  it("shows the evidence and the choice, then takes the answer", async () => {
    const { fail, run, json } = open();
    const { jobId } = await fail("outcome_unknown");
    const { code, out } = await run("settle", jobId);
    expect(code).toBe(0);
    expect(out).toContain(`defender-actions settle ${jobId} --as done`);
    expect((await json("settle", jobId)).value).toMatchObject({ jobId, evidence: { incidentId: "29" } });

    const settled = await json("settle", jobId, "--as", "done", "--by", "ada", "--note", "seen");
    expect(settled).toMatchObject({
      code: 0,
      err: "",
      value: { jobId, caseId: "4711", as: "done", result: { status: "completed", is_success: true } },
    });
    expect(await run("settle", jobId, "--as", "done", "--case", "4711")).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("it is completed: Settled as done by ada: seen"),
    });
  });

  it("is refused for any other failure, with the way to go on", async () => {
    const { fail, run } = open();
    const { jobId } = await fail("not_found");
    for (const args of [[], ["--as", "retry"]]) {
      const { code, err } = await run("settle", jobId, ...args);
      expect(code).toBe(2);
      expect(err).toContain("failed as not_found; only a write whose outcome is unknown can be settled");
      expect(err).toContain(`defender-actions retry ${jobId}`);
    }
  });
});

it.each<[string[], string]>([
  [["retry"], "job: given none; allowed: a job, a filter such as --code or --since, or --all"],
  [["retry", "--limit", "3"], "job: given none"],
  [["retry", "j1", "--all"], "job: given one beside --all"],
  [["failed", "--job", "j1", "--code", "expired"], "--job: given beside --code"],
  [["failed", "--code", "lost"], "Allowed choices are invalid_input"],
  [["failed", "--webhook", "--code", "expired"], "--webhook: given beside --code"],
  [["failed", "--webhook", "--job", "j1"], "--webhook: given beside --job"],
  [["failed", "--since", "2"], 'given "2"; allowed: a time from'],
  [["failed", "--limit", "0"], "a whole number from 1"],
  [["failed", "--instance", "fabrikam"], 'instance: given "fabrikam"; allowed: default'],
  [["settle"], "missing required argument 'job'"],
  [["settle", "j1", "--as", "ok"], "Allowed choices are done, retry"],
])("%j is bad usage", async (args, sentence) => {
  const { run, redis, prefix } = open();
  await publishInstances(redis, prefix, ["default"], { jobExpiresAfterMs: 1_000, resultTtlMs: 1_000 });
  const { code, out, err } = await run(...args);
  expect(err).toContain(sentence);
  expect([code, out]).toEqual([2, ""]);
});
