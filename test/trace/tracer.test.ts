import { ROOT_CONTEXT, SpanStatusCode } from "@opentelemetry/api";
import { SpanKind } from "bullmq";
import { describe, expect, it } from "vitest";
import { Failure } from "../../src/contract/failure.ts";
import { joinTraces } from "../../src/trace/start.ts";
import {
  activeSpan,
  activeTraceparent,
  openSpan,
  putTracer,
  queueTelemetry,
  traced,
} from "../../src/trace/tracer.ts";
import { scripted } from "../defender/scripted-connection.ts";
import { json } from "../defender/scripted-server.ts";
import { recordSpans } from "./recorded.ts";

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

describe("without a tracer", () => {
  it("work is done, and nothing is told", async () => {
    expect(await traced("work", {}, async (span) => `${span.end()} ${activeTraceparent()}`)).toBe(
      "undefined null",
    );
    expect(queueTelemetry()).toEqual({});
    openSpan("work", {}).end();
    activeSpan().fail("internal_error");
  });
});

describe("spans", () => {
  it("belong to the trace that they are given, and to each other", async () => {
    const recorded = await recordSpans();
    await traced("outer", { parent: PARENT }, async () => {
      await traced("inner", {}, async () => {});
      openSpan("aside", {}).end();
    });
    const outer = recorded.span("outer")?.spanContext();
    expect(outer?.traceId).toBe("0af7651916cd43dd8448eb211c80319c");
    expect(recorded.span("outer")?.parentSpanContext?.spanId).toBe("b7ad6b7169203331");
    for (const name of ["inner", "aside"])
      expect(recorded.span(name)?.parentSpanContext?.spanId).toBe(outer?.spanId);
  });

  it("tell a failure by its code, not by its text", async () => {
    const recorded = await recordSpans();
    const work = traced("work", {}, async () => {
      throw new Failure("invalid_query", "canary-query");
    });
    await expect(work).rejects.toThrow("canary-query");
    const span = recorded.span("work");
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR });
    expect([span?.attributes, span?.events]).toEqual([{ "error.type": "invalid_query" }, []]);
  });

  it("are not kept of a trace that its beginner does not keep", async () => {
    const recorded = await recordSpans();
    await traced("work", { parent: PARENT.replace(/01$/, "00") }, async () => {});
    expect(recorded.spans()).toEqual([]);
  });
});

describe("an application that embeds the client", () => {
  it("gets the client's spans into the trace that it has begun", async () => {
    const recorded = await recordSpans();
    putTracer(null);
    await joinTraces();
    await traced("enqueue", { parent: PARENT }, async () => {});
    expect(recorded.span("enqueue")?.spanContext().traceId).toBe("0af7651916cd43dd8448eb211c80319c");
  });
});

describe("a call to Graph", () => {
  it("is a span with its route, without ids, bodies and tokens, and hands its trace on", async () => {
    const recorded = await recordSpans();
    const { server, open } = await scripted();
    server.reply(json(404, { error: { code: "NotFound", message: "canary" } }, { "request-id": "r-1" }));
    await expect(open().getIncident("4712")).rejects.toThrow();
    const span = recorded.span("GET /v1.0/security/incidents/{id}");
    expect(span?.attributes).toMatchObject({
      "http.request.method": "GET",
      "url.template": "/v1.0/security/incidents/{id}",
      "server.address": "127.0.0.1",
      "http.response.status_code": 404,
      "defender.request.id": "r-1",
      "error.type": "404",
    });
    const { traceId, spanId } = span?.spanContext() ?? {};
    expect(server.calls[0]?.headers["traceparent"]).toBe(`00-${traceId}-${spanId}-01`);
    const told = JSON.stringify(
      recorded.spans().map(({ name, attributes, events }) => [name, attributes, events]),
    );
    expect(told).not.toMatch(/4712|canary|token-/);
    expect(told).toContain("gate incidents");
  });
});

describe("BullMQ's spans", () => {
  it("are of jobs, never of its own keeping, and without the texts of errors", async () => {
    const recorded = await recordSpans();
    const { tracer } = queueTelemetry().telemetry ?? {};
    const kind = SpanKind.INTERNAL;
    await traced("run", {}, async () => {
      for (const name of ["extendLocks q", "fail q"]) {
        const span = tracer?.startSpan(name, { kind });
        span?.recordException(new Error("canary"));
        span?.addEvent("job failed", { reason: "canary" });
        span?.end();
      }
    });
    tracer?.startSpan("rateLimit q", { kind }, ROOT_CONTEXT).end();
    tracer?.startSpan("process q", { kind: SpanKind.CONSUMER }, ROOT_CONTEXT).end();
    expect(recorded.spans().map(({ name, events }) => [name, events])).toEqual([
      ["fail q", []],
      ["run", []],
      ["process q", []],
    ]);
  });
});
