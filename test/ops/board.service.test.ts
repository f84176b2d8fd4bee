import { describe, expect, inject, it } from "vitest";
import { publishInstances } from "../../src/queue/instances.ts";
import { Stops } from "../../src/queue/stops.ts";
import { CASE, HUNTING, INCIDENTS, listQueues, routesFor, UPDATE } from "./bull-board.ts";
import { finishJob } from "./finished.ts";
import { ask } from "./http.ts";
import { failNextJob, openOps } from "./opened.ts";

const PUBLISHED = { jobExpiresAfterMs: 60_000, resultTtlMs: 60_000 };

describe("the board", () => {
  it("is where / leads to, and loads nothing from elsewhere", async () => {
    const { url } = await openOps();
    expect(await ask(url)).toMatchObject({ status: 302, headers: { location: "/queues" } });
    const page = await ask(`${url}/queues`);
    expect(page.body).toContain("<title>Defender actions</title>");
    expect(page.headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'self';/);
    expect(page.headers).toMatchObject({ "x-content-type-options": "nosniff", "x-frame-options": "DENY" });
    const scripts = [...page.body.matchAll(/<script defer src="([^"]+)"/g)].map(([, path]) => path);
    expect(scripts).not.toEqual([]);
    for (const path of scripts) expect(await ask(`${url}/queues/${path}`)).toMatchObject({ status: 200 });
  });

  it("shows the queues of an instance that comes while it runs", async () => {
    const ops = await openOps();
    expect((await listQueues(ops)).map(({ name }) => name)).toEqual([
      INCIDENTS,
      `${INCIDENTS}-bulk`,
      HUNTING,
      `${HUNTING}-bulk`,
      "defender-default-ping",
      "defender-default-incidents-runs",
    ]);
    await publishInstances(ops.redis, ops.prefix, ["fabrikam-eu"], PUBLISHED);
    expect((await listQueues(ops)).map(({ name }) => name)).toContain("defender-fabrikam-eu-hunting-bulk");
  });

  it("says who paused a queue, and why", async () => {
    const ops = await openOps();
    const stops = new Stops(ops.redis, ops.prefix);
    await stops.pause({ instance: null, lane: "hunting", writes: false }, { by: "ada", why: "too slow" });
    const queues = await listQueues(ops);
    const described = queues.filter(({ description }) => description.startsWith("PAUSED by ada: too slow."));
    expect(described.map(({ name }) => name)).toEqual([HUNTING, `${HUNTING}-bulk`]);
  });

  it("says of each queue that has writes who paused them, that of bulk runs too", async () => {
    const ops = await openOps();
    const writes = { instance: null, lane: null, writes: true };
    await new Stops(ops.redis, ops.prefix).pause(writes, { by: "ada", why: "" });
    const queues = await listQueues(ops);
    const described = queues.filter(({ description }) => description.startsWith("PAUSED for writes by ada."));
    expect(described.map(({ name }) => name)).toEqual([
      INCIDENTS,
      `${INCIDENTS}-bulk`,
      "defender-default-incidents-runs",
    ]);
  });

  it("shows who asked for what, and how it failed", async () => {
    const ops = await openOps();
    await ops.client.enqueue("update_incident", UPDATE, { requestedBy: "ada" });
    await failNextJob(ops.prefix, INCIDENTS, "not_found: no such incident");
    const queue = (await listQueues(ops, INCIDENTS)).find(({ name }) => name === INCIDENTS);
    expect(queue?.jobs).toMatchObject([
      {
        name: "update_incident",
        failedReason: "not_found: the incident does not exist in this tenant.",
        data: { case_id: "4711", action: "update_incident", instance: "default", requested_by: "ada" },
      },
    ]);
  });

  it("shows of a failed job its hint, its request id and the way to all about it", async () => {
    const ops = await openOps();
    const job = await ops.client.enqueue("update_incident", UPDATE);
    await failNextJob(ops.prefix, INCIDENTS, "not_found: no such incident");
    const told = { http_status: 404, graph_code: null, request_id: "r-1", hint: "Is the id right?" };
    const error = { code: "not_found", message: "no such incident", retryable: false, ...told } as const;
    await finishJob(ops, job, { error });
    const queue = (await listQueues(ops, INCIDENTS)).find(({ name }) => name === INCIDENTS);
    expect(queue?.jobs).toMatchObject([
      {
        failedReason:
          "not_found: the incident does not exist in this tenant. Is the id right? Request id: r-1",
        externalUrl: { href: `/cases/job?case_id=4711&job_id=${job.jobId}` },
      },
    ]);
  });

  it("shows no argument of any job, no foreign payload and no text of a failure, on any route", async () => {
    const canary = "canary-7f3a9c";
    const ops = await openOps({ OPS_WRITES: "on" });
    const { client, queues, prefix } = ops;
    const comment = await client.enqueue("add_comment_to_incident", {
      ...CASE,
      incident_id: 29,
      comment: canary,
    });
    await failNextJob(prefix, INCIDENTS, `invalid_query: ${canary}`);
    await client.enqueue("execute_custom_query", {
      ...CASE,
      query: `AlertInfo | where Title == "${canary}"`,
    });
    const foreign = await queues.get(INCIDENTS).add("comment", { case_id: [canary], secret: canary });
    const odd = await queues.get(INCIDENTS).add("comment", canary);
    const jobs = [`${comment.jobId}-1`, foreign.id ?? "", odd.id ?? ""];
    const paths = [
      ...jobs
        .flatMap(routesFor)
        .filter(({ method }) => method === "GET")
        .map(({ path }) => path),
      ...[INCIDENTS, HUNTING].map((name) => `/queues/api/queues?activeQueue=${name}`),
      ...["/livez", "/readyz", "/metrics"],
    ];
    for (const path of paths) {
      const { status, body } = await ask(`${ops.url}${path}`);
      expect([path, status]).toEqual([path, 200]);
      expect(body).not.toContain(canary);
    }
    expect(ops.log.join("")).not.toContain(canary);
  });

  it("shows no password of Redis, also when Redis refuses it", async () => {
    const { host } = new URL(inject("redisUrl"));
    const ops = await openOps({ REDIS_URL: `redis://soar:canary-pw@${host}/0` });
    for (const path of [
      "/",
      "/queues",
      "/queues/api/queues",
      "/queues/api/redis/stats",
      "/readyz",
      "/metrics",
    ]) {
      expect((await ask(`${ops.url}${path}`)).body).not.toContain("canary-pw");
    }
    expect(ops.log.join("")).not.toContain("canary-pw");
  });

  it("answers to no other name than this machine's", async () => {
    const { url } = await openOps();
    const { port } = new URL(url);
    for (const path of ["/queues/api/queues", "/metrics", "/nowhere"]) {
      const headers = { host: `rebound.example:${port}` };
      expect(await ask(`${url}${path}`, { headers })).toMatchObject({ status: 421 });
    }
    expect(await ask(`${url}/queues`, { headers: { host: `localhost:${port}` } })).toMatchObject({
      status: 200,
    });
  });
});
