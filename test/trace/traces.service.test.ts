import { describe, expect, it } from "vitest";
import { z } from "zod";
import { runBin } from "../cli/bin.ts";
import { ask } from "../ops/http.ts";
import { startOpsProcess } from "../support/ops-process.ts";
import { openPipe } from "../support/pipe.ts";
import { type ReceivedSpan, startOtlpReceiver } from "./otlp-receiver.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SOAR_SPAN = "b7ad6b7169203331";
const TRACEPARENT = `00-${TRACE}-${SOAR_SPAN}-01`;
const jobSchema = z.looseObject({ job_id: z.string() });
const INPUT = { case_id: "4711", alert_group_identifiers: [], incident_id: 29, comment: "canary-comment" };

function enqueueArgs(input: object): string[] {
  return [
    "enqueue",
    "add_comment_to_incident",
    "--input",
    JSON.stringify(input),
    "--traceparent",
    TRACEPARENT,
  ];
}

/** The names on the way from a span to the one that no other span here is the parent of. */
function wayUp(spans: readonly ReceivedSpan[], from: ReceivedSpan | undefined): string[] {
  if (from === undefined) return [];
  return [
    from.name,
    ...wayUp(
      spans,
      spans.find(({ spanId }) => spanId === from.parentSpanId),
    ),
  ];
}

describe("a trace, from the SOAR's span to Defender and back", () => {
  it("goes through real processes and a second run, over OTLP", async () => {
    const receiver = await startOtlpReceiver();
    const otel = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" };
    const pipe = await openPipe({ env: otel });
    await pipe.simulator.addFault({
      match: { method: "POST", path: "/comments$" },
      fault: { status: 429, headers: { "Retry-After": "1" } },
    });
    const worker = await pipe.startWorker();
    const { REDIS_URL = "", QUEUE_PREFIX = "" } = pipe.env;
    const enqueued = await runBin([...enqueueArgs(INPUT), "--wait", "--json"], {
      REDIS_URL,
      QUEUE_PREFIX,
      ...otel,
    });
    expect(enqueued.code).toBe(0);
    // Asked for again: by command, then on the board.
    const missing = { ...INPUT, incident_id: 404_404 };
    const env = { REDIS_URL, QUEUE_PREFIX, ...otel };
    const failed = await runBin([...enqueueArgs(missing), "--wait", "--json"], env);
    expect(failed.code).toBe(1);
    const { job_id: jobId } = jobSchema.parse(JSON.parse(failed.out));
    const retried = await runBin(["retry", jobId, "--yes"], env);
    expect(retried.code).toBe(0);
    const ops = await startOpsProcess({ ...env, OPS_WRITES: "on" });
    const retry = `${ops.url}/queues/api/queues/defender-default-incidents/${jobId}-2/retry`;
    await expect
      .poll(async () => (await ask(retry, { method: "PUT", headers: { origin: ops.url } })).status, {
        timeout: 10_000,
      })
      .toBe(204);
    // At its end it tells what it has not told yet.
    await ops.stop();
    // The client of this test tells no spans.
    await pipe.finish(await pipe.accept("ping", {}, { traceparent: TRACEPARENT }));
    expect(await worker.kill("SIGTERM")).toBe(0);

    const { spans } = receiver;
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
    const ping = spans.find(({ name }) => name === "process defender-default-ping");
    expect(ping).toMatchObject({ parentSpanId: SOAR_SPAN });
    const runs = spans.filter(
      ({ name, attributes }) =>
        name === "process defender-default-incidents" && attributes["defender.job.id"] !== jobId,
    );
    expect(runs.map(({ attributes }) => attributes)).toMatchObject([
      { "defender.outcome": "held", "defender.attempt": 1 },
      {
        "defender.outcome": "completed",
        "defender.action": "add_comment_to_incident",
        "defender.case.id": "4711",
      },
    ]);
    const posts = spans.filter(({ name }) => name === "POST /v1.0/security/incidents/{id}/comments");
    expect(posts.map(({ attributes }) => attributes["http.response.status_code"])).toEqual([429, 200]);
    for (const post of posts) {
      expect(wayUp(spans, post)).toEqual([
        post.name,
        "process defender-default-incidents",
        "add defender-default-incidents.add_comment_to_incident",
        "enqueue add_comment_to_incident",
      ]);
    }
    const asked = spans.filter(({ name }) => name === "enqueue add_comment_to_incident");
    for (const span of asked)
      expect(span).toMatchObject({ parentSpanId: SOAR_SPAN, service: "defender-actions" });
    expect(asked.filter(({ attributes }) => attributes["defender.job.id"] === jobId)).toHaveLength(3);
    expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(["token", "gate incidents"]));
    expect(await worker.event("job.completed")).toMatchObject({ trace_id: TRACE });
    for (const secret of [pipe.clientSecret, "canary-comment", "Bearer", "eyJ"])
      expect(receiver.text()).not.toContain(secret);
  });
});
