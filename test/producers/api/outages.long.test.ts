/** What dies under a caller's hands: the API server, its Redis, the line to it; and what is then still true. */
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { startApiProcess } from "../../support/api-process.ts";
import { openPipe } from "../../support/pipe.ts";
import { randomPrefix } from "../../support/prefix.ts";
import { openRedisProxy } from "../../support/redis-proxy.ts";
import { readEvents } from "./event-reader.ts";
import { callApi, openApi } from "./opened-api.ts";

const PING = { case_id: "4711" };

describe("a server that is killed before it has answered", () => {
  it.for(["after-record", "after-turn", "after-accept"] as const)(
    "%s leaves one job, when the request is repeated with its key",
    async (point) => {
      const pipe = await openPipe();
      const { REDIS_URL = "", QUEUE_PREFIX = "" } = pipe.env;
      const comment = { case_id: "4711", incident_id: 29, comment: "ws-01 is isolated." };
      const path = "/v1/actions/add_comment_to_incident";
      const ask = { body: comment, headers: { "idempotency-key": "isolated" } };

      const doomed = await startApiProcess({ REDIS_URL, QUEUE_PREFIX, FAULT_POINT: point });
      await expect(callApi(doomed.url, path, ask)).rejects.toThrow();
      expect((await doomed.ended).code).toBeNull();

      const api = await startApiProcess({ REDIS_URL, QUEUE_PREFIX });
      await pipe.startWorker();
      const { status, json } = await callApi(api.url, `${path}?wait=30`, ask);
      expect([status, json]).toMatchObject([200, { status: "completed", is_success: true }]);
      expect(await pipe.client.resultsForCase("4711")).toHaveLength(1);
      expect((await pipe.simulator.countEffects()).comment).toEqual({ "29": 1 });
    },
  );
});

describe("while Redis is away", () => {
  const REFUSED_WITHIN_MS = 3_000;

  it.for(["refuses", "answers nothing"] as const)(
    "because it %s, callers hear 503 within 3 s, and need no restart after",
    async (how) => {
      const proxy = await openRedisProxy(inject("redisUrl"));
      onTestFinished(() => proxy.close());
      const { call, refused } = await openApi({}, proxy.url);
      const { headers } = await call("/v1/actions/ping", { body: PING });
      const job = headers.get("location") ?? "";
      if (how === "refuses") proxy.refuse();
      else proxy.goDeaf();

      const asked: [string, object?][] = [
        ["/v1/actions/ping", { body: PING }],
        ["/v1/actions/ping?wait=10", { body: PING }],
        ["/v1/actions", { body: [{ action: "ping", input: PING }] }],
        ["/v1/cases/4711/results"],
        ["/v1/cases/4711/events"],
        [job],
        [`${job}/rows`],
        [job, { method: "DELETE" }],
        ["/readyz"],
      ];
      await Promise.all(
        asked.map(async ([path, options]) => {
          const sentMs = performance.now();
          const { status, text } = await call(path, options);
          const tookMs = performance.now() - sentMs;
          expect([path, status]).toEqual([path, 503]);
          expect(tookMs, path).toBeLessThan(REFUSED_WITHIN_MS);
          expect(text).not.toContain(new URL(proxy.url).port);
        }),
      );
      expect((await refused(503, "/v1/cases/4711/results")).retryable).toBe(true);

      proxy.heal();
      await expect.poll(async () => (await call(job)).status, { timeout: 10_000 }).toBe(200);
      expect((await call("/v1/actions/ping?wait=0.1", { body: PING })).status).toBe(202);
    },
  );
});

describe("a follower", () => {
  it("sees every final state once, over breaks of the line and a new server, and takes up where it was", async () => {
    const env = { REDIS_URL: inject("redisUrl"), QUEUE_PREFIX: randomPrefix() };
    let api = await startApiProcess(env);
    const enqueue = async (): Promise<string> => {
      const { json } = await callApi(api.url, "/v1/actions/ping", { body: PING });
      return Object(json).job_id;
    };
    const cancel = async (jobId: string): Promise<void> => {
      await callApi(api.url, `/v1/cases/4711/jobs/${jobId}`, { method: "DELETE" });
    };
    const first = await enqueue();
    const events = await readEvents(api.url, "4711");
    expect((await events.next()).result).toMatchObject({ job_id: first, status: "queued" });
    await cancel(first);
    const seen = await events.next();
    expect(seen.result).toMatchObject({ job_id: first, status: "failed" });

    expect((await api.stop()).code).toBe(0);
    await expect(events.next()).rejects.toThrow("the stream ended");
    api = await startApiProcess(env);
    const second = await enqueue();
    await cancel(second);
    const again = await readEvents(api.url, "4711", { "last-event-id": seen.id });
    // What it had seen does not come again.
    expect((await again.next()).result).toMatchObject({ job_id: second, status: "failed" });
    again.close();
  });

  it("is refused a cursor that is none", async () => {
    const { refused } = await openApi();
    const headers = { "last-event-id": "x" };
    expect((await refused(400, "/v1/cases/4711/events", { headers })).detail).toContain(
      "last-event-id: given",
    );
  });
});
