/** BullMQ's spans, by bullmq-otel: those that belong to a job, and of them no text of an error. */
import { ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { type Span, SpanKind, type Telemetry } from "bullmq";
import { BullMQOTelSpan, BullMQOtel } from "bullmq-otel";

/** Messages of failures may quote a query; the outcome's code is an attribute of the run. */
class WordlessSpan extends BullMQOTelSpan {
  override addEvent(): void {}
  override recordException(): void {}
}

/** Looks for stalled jobs and renewals of locks go on for ever and belong to no job: they tell nobody anything. */
const SILENT: Span = {
  setSpanOnContext: (context) => context,
  setAttribute: () => {},
  setAttributes: () => {},
  addEvent: () => {},
  recordException: () => {},
  end: () => {},
};
const KEEPING = /^(extendLocks|moveStalledJobsToWait|startStalledCheckTimer|getNextJob)\b/;

export function openQueueSpans(tracerName: string): Telemetry {
  const { contextManager } = new BullMQOtel({ tracerName });
  const tracer = trace.getTracer(tracerName);
  return {
    contextManager: {
      with: (context, work) => contextManager.with(context, work),
      active: () => contextManager.active(),
      root: () => ROOT_CONTEXT,
      getMetadata: (context) => contextManager.getMetadata(context),
      fromMetadata: (context, metadata) => contextManager.fromMetadata(context, metadata),
    },
    tracer: {
      startSpan(name, options, context) {
        const parent = trace.getSpan(context ?? contextManager.active());
        if (KEEPING.test(name) || (options?.kind === SpanKind.INTERNAL && parent === undefined))
          return SILENT;
        return new WordlessSpan(tracer.startSpan(name, options, context));
      },
    },
  };
}
