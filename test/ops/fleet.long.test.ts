/** Two ops servers and four workers on one Redis, each a process of its own, behave as one. */
import { describe, expect, it } from "vitest";
import { runBin } from "../cli/bin.ts";
import { startOpsProcess } from "../support/ops-process.ts";
import { CASE, openPipe } from "../support/pipe.ts";
import { INCIDENTS, listQueues } from "./bull-board.ts";
import { metrics, seriesOf } from "./health.ts";
import { ask } from "./http.ts";
import { login, OPS_SESSION_SECRET, OPS_USERS } from "./session.ts";

const QUEUE = `/queues/api/queues/${INCIDENTS}`;
const IDS = Array.from({ length: 20 }, (_, index) => index + 1);

async function openFleet() {
  const pipe = await openPipe({ env: { WORKER_CONCURRENCY: "1" } });
  const env = { REDIS_URL: pipe.redisUrl, QUEUE_PREFIX: pipe.prefix };
  const ops = { ...env, OPS_USERS, OPS_SESSION_SECRET };
  const [a, b] = await Promise.all([startOpsProcess(ops), startOpsProcess(ops)]);
  const workers = await Promise.all([1, 2, 3, 4].map(() => pipe.startWorker()));
  return { ...pipe, env, a, b, workers };
}

type Server = { url: string };

const read = async ({ url }: Server, path: string, headers: Record<string, string>) =>
  await ask(`${url}${path}`, { headers });
/** As a page of that very server writes, whichever one the session was begun on. */
const put = async ({ url }: Server, path: string, headers: Record<string, string>) =>
  await ask(`${url}${path}`, { method: "PUT", headers: { ...headers, origin: url } });
const updatesOf = (ids: readonly number[]) =>
  ids.map((id) => ({
    action: "update_incident" as const,
    input: { ...CASE, incident_id: id, add_tags: ["fleet"] },
  }));

/** What is told of queues, whatever the order: the figures that do not go with the clock. */
async function figuresOf({ url }: Server): Promise<string[]> {
  const lines = (await metrics(url)).split("\n");
  return lines
    .filter((line) => /^defender_(?:queue_(?:jobs|workers|unsettled_jobs)|paused)\b/.test(line))
    .sort();
}

describe("two ops servers and four workers", { timeout: 120_000 }, () => {
  it("know a login of either server, and a logout too", async () => {
    const { a, b } = await openFleet();
    const operator = await login(a.url, "ada");
    const viewer = await login(b.url, "grace");
    for (const server of [a, b]) {
      expect(await read(server, "/cases", operator.cookie)).toMatchObject({ status: 200 });
      expect(await put(server, `${QUEUE}/pause`, viewer.write)).toMatchObject({ status: 403 });
    }

    const left = await ask(`${a.url}/logout`, { method: "POST", headers: operator.write });

    expect(left).toMatchObject({ status: 303, headers: { location: "/login" } });
    for (const server of [a, b]) {
      expect(await read(server, "/cases", operator.cookie)).toMatchObject({
        status: 303,
        headers: { location: "/login" },
      });
      expect(await put(server, `${QUEUE}/pause`, operator.write)).toMatchObject({ status: 401 });
      expect(await read(server, "/cases", viewer.cookie)).toMatchObject({ status: 200 });
    }
  });

  it("are held by one pause of the command line, shown by both, until it is lifted", async () => {
    const { a, b, env, workers, acceptMany, finish, simulator } = await openFleet();
    const { cookie } = await login(a.url, "grace");
    const scope = ["--writes", "--json"];
    const pause = ["pause", ...scope, "--by", "ada", "--reason", "change freeze"];
    expect(await runBin(pause, env)).toMatchObject({ code: 0 });
    const jobs = await acceptMany(updatesOf(IDS));
    await Promise.all(workers.map((worker) => worker.event("job.later")));
    const calls = { instance: "all", lane: "all", calls: "writes" };
    for (const server of [a, b]) {
      expect(seriesOf(await metrics(server.url), "defender_paused", calls)).toBe(1);
      // One that is just being looked at anew is not said to wait.
      const held = async () =>
        (await read(server, "/cases?case_id=4711", cookie)).body.match(/paused by ada: change freeze/g);
      await expect.poll(held, { timeout: 30_000 }).toHaveLength(jobs.length);
    }

    const liftedAtMs = Date.now();
    expect(await runBin(["unpause", ...scope], env)).toMatchObject({ code: 0 });

    for (const job of jobs) expect(await finish(job)).toMatchObject({ is_success: true });
    const { effects } = await simulator.ledger();
    expect(effects.map(({ incidentId }) => Number(incidentId)).sort((x, y) => x - y)).toEqual(IDS);
    expect(Math.min(...effects.map(({ timeMs }) => timeMs))).toBeGreaterThanOrEqual(liftedAtMs);
    for (const server of [a, b])
      expect(seriesOf(await metrics(server.url), "defender_paused", calls)).toBeNull();
  });

  it("are held by a queue that is paused on one board, and let go on the other", async () => {
    const { a, b, acceptMany, finish, simulator } = await openFleet();
    const { write, cookie } = await login(a.url, "ada");
    const isPaused = async (server: Server) =>
      (await listQueues(server, "", cookie)).find(({ name }) => name === INCIDENTS)?.isPaused;
    expect(await put(a, `${QUEUE}/pause`, write)).toMatchObject({ status: 200 });
    const jobs = await acceptMany(updatesOf(IDS));
    expect([await isPaused(a), await isPaused(b)]).toEqual([true, true]);

    const resumedAtMs = Date.now();
    expect(await put(b, `${QUEUE}/resume`, write)).toMatchObject({ status: 200 });

    for (const job of jobs) expect(await finish(job)).toMatchObject({ is_success: true });
    const { effects } = await simulator.ledger();
    expect(effects).toHaveLength(jobs.length);
    expect(Math.min(...effects.map(({ timeMs }) => timeMs))).toBeGreaterThanOrEqual(resumedAtMs);
    expect([await isPaused(a), await isPaused(b)]).toEqual([false, false]);
  });

  it("run a failed job once more when it is retried on both servers at once", async () => {
    const { a, b, acceptMany, client, finish, simulator } = await openFleet();
    const { write } = await login(b.url, "ada");
    const ids = IDS.slice(0, 8);
    const failed = { instance: "default", lane: "incidents", priority: "interactive", state: "failed" };
    await simulator.addFault({ match: { method: "PATCH" }, times: ids.length, fault: { status: 404 } });
    const jobs = await acceptMany(updatesOf(ids));
    for (const job of jobs)
      expect(await client.waitForResult(job, { timeoutMs: 30_000 })).toMatchObject({ status: "failed" });
    for (const server of [a, b])
      await expect
        .poll(async () => seriesOf(await metrics(server.url), "defender_queue_jobs", failed))
        .toBe(ids.length);

    for (const { jobId } of jobs) {
      const pressed = await Promise.all(
        [a, b].map((server) => put(server, `${QUEUE}/${jobId}-1/retry`, write)),
      );
      expect(pressed.filter(({ status }) => status === 204)).toHaveLength(1);
      // The other one finds it asked for again, or gone from the failed ones.
      expect([400, 404, 409]).toContain(pressed.find(({ status }) => status !== 204)?.status);
    }

    for (const job of jobs) expect(await finish(job)).toMatchObject({ is_success: true });
    for (const server of [a, b])
      for (const state of ["waiting", "active", "delayed", "failed"])
        await expect
          .poll(async () => seriesOf(await metrics(server.url), "defender_queue_jobs", { ...failed, state }))
          .toBe(0);
    const { arrivals, effects } = await simulator.ledger();
    expect(effects).toHaveLength(ids.length);
    expect(arrivals.filter(({ method }) => method === "PATCH")).toHaveLength(2 * ids.length);
  });

  it("tell a page that is open on one of them what any worker does", async () => {
    const { a, b, accept } = await openFleet();
    const { cookie } = await login(a.url, "grace");
    const heard = await fetch(`${b.url}/cases/changes?case_id=4711`, { headers: cookie });
    expect(heard.headers.get("content-type")).toBe("text/event-stream");
    const reader = heard.body?.pipeThrough(new TextDecoderStream()).getReader();
    await accept("update_incident", { incident_id: 29, status: "Resolved" });
    let body = "";
    while (!body.includes("Successfully updated incident 29")) {
      const { value = "", done } = (await reader?.read()) ?? { done: true };
      expect(done).toBe(false);
      if (value.includes("event: change")) ({ body } = await read(b, "/cases?case_id=4711", cookie));
    }
    await reader?.cancel();
  });

  it("do each job of a batch once between them, and count alike", async () => {
    const { a, b, workers, acceptMany, finish, simulator } = await openFleet();
    await simulator.addFault({
      match: { method: "POST", path: "/comments$" },
      times: 1,
      fault: { status: 404 },
    });
    const comments = IDS.flatMap((id) =>
      ["first", "second"].map((comment) => ({
        action: "add_comment_to_incident" as const,
        input: { ...CASE, incident_id: id, comment },
      })),
    );
    const jobs = await acceptMany(comments);

    const results = [];
    for (const job of jobs) results.push(await finish(job));

    expect(results.filter(({ status }) => status === "failed")).toHaveLength(1);
    const { effects } = await simulator.ledger();
    expect(new Set(effects.map(({ incidentId, what }) => `${incidentId} ${what}`)).size).toBe(39);
    expect(effects).toHaveLength(39);
    const places = { instance: "default", lane: "incidents", priority: "interactive" };
    const failed = { ...places, state: "failed" };
    for (const server of [a, b]) {
      await expect
        .poll(async () => seriesOf(await metrics(server.url), "defender_queue_jobs", failed))
        .toBe(1);
      expect(seriesOf(await metrics(server.url), "defender_queue_workers", places)).toBe(workers.length);
    }
    expect(await figuresOf(a)).toEqual(await figuresOf(b));
    const shares = workers.map(({ log }) => log.filter((line) => line.includes('"job.completed"')).length);
    expect(shares.filter((share) => share > 0).length).toBeGreaterThan(1);
  });
});
