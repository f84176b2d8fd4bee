/** Spans of this process, kept in memory for one test. */
import { context, propagation, trace } from "@opentelemetry/api";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from "@opentelemetry/sdk-trace";
import { onTestFinished } from "vitest";
import type { Sampling } from "../../src/settings/traces.ts";
import { startSdk } from "../../src/trace/sdk.ts";
import { putTracer } from "../../src/trace/tracer.ts";

export interface Recorded {
  spans(): readonly ReadableSpan[];
  /** The one of that name. */
  span(name: string): ReadableSpan | undefined;
}

export async function recordSpans(sampler: Sampling = "parentbased_always_on"): Promise<Recorded> {
  const exporter = new InMemorySpanExporter();
  const settings = { protocol: "http/json", sampler, ratio: 1 } as const;
  const { tracer, close } = await startSdk(settings, () => {}, new SimpleSpanProcessor({ exporter }));
  putTracer(tracer);
  onTestFinished(async () => {
    await close();
    forgetTracer();
  });
  const spans = () => exporter.getFinishedSpans();
  return { spans, span: (name) => spans().find((each) => each.name === name) };
}

/** What is set up for a process is gone again. */
export function forgetTracer(): void {
  putTracer(null);
  for (const api of [context, propagation, trace]) api.disable();
}
