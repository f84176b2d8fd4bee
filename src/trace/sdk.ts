/** OpenTelemetry's SDK, set up for a process of ours: traces alone, told by OTLP over HTTP. */
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { setGlobalErrorHandler, W3CTraceContextPropagator } from "@opentelemetry/core";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { TraceSettings } from "../settings/traces.ts";
import { openApiTracer } from "./api-tracer.ts";
import type { Tracer } from "./tracer.ts";

export interface Sdk {
  tracer: Tracer;
  /** Tells what is left, for as long as the exporter's own limits let it. */
  close(): Promise<void>;
}

/** `processor` is for tests; the default exports in batches. */
export async function startSdk(
  settings: TraceSettings,
  onError: () => void,
  processor?: SpanProcessor,
): Promise<Sdk> {
  setGlobalErrorHandler(onError);
  const provider = new TracerProvider({
    sampler: samplerOf(settings),
    // The environment's names win over ours.
    resource: resourceFromAttributes({ "service.name": "defender-actions" }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: [processor ?? new BatchSpanProcessor({ exporter: await openExporter(settings) })],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return { tracer: openApiTracer(), close: () => provider.shutdown() };
}

async function openExporter({ protocol }: TraceSettings): Promise<SpanExporter> {
  const { OTLPTraceExporter } =
    protocol === "http/json"
      ? await import("@opentelemetry/exporter-trace-otlp-http")
      : await import("@opentelemetry/exporter-trace-otlp-proto");
  return new OTLPTraceExporter();
}

function samplerOf({ sampler, ratio }: TraceSettings): Sampler {
  const kind = sampler.replace("parentbased_", "");
  const root =
    kind === "always_on"
      ? new AlwaysOnSampler()
      : kind === "always_off"
        ? new AlwaysOffSampler()
        : new TraceIdRatioBasedSampler(ratio);
  return sampler === kind ? root : new ParentBasedSampler({ root });
}
