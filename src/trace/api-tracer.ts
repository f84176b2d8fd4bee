/** Our spans, told to the OpenTelemetry of this process: that of `sdk.ts`, or what an application that embeds the client has set up. */
import {
  context,
  propagation,
  SpanKind,
  SpanStatusCode,
  type Span as TheirSpan,
  trace,
} from "@opentelemetry/api";
import { openQueueSpans } from "./queue-spans.ts";
import type { Span, SpanOptions, Tracer } from "./tracer.ts";

const NAME = "defender-actions";
const KINDS = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT } as const;

export function openApiTracer(): Tracer {
  const tracer = trace.getTracer(NAME);

  function open(name: string, { kind = "internal", attributes, parent }: SpanOptions) {
    const active = context.active();
    const from = parent === undefined ? active : propagation.extract(active, { traceparent: parent });
    const span = tracer.startSpan(name, { kind: KINDS[kind] }, from);
    const ours = toSpan(span);
    if (attributes !== undefined) ours.set(attributes);
    return { ours, within: trace.setSpan(from, span) };
  }

  return {
    open: (name, options) => open(name, options).ours,
    within(name, options, work) {
      const { ours, within } = open(name, options);
      return context.with(within, () => work(ours));
    },
    active() {
      const span = trace.getActiveSpan();
      return span === undefined ? null : toSpan(span);
    },
    traceparent() {
      const carrier: { traceparent?: string } = {};
      propagation.inject(context.active(), carrier);
      return carrier.traceparent ?? null;
    },
    telemetry: openQueueSpans(NAME),
  };
}

function toSpan(span: TheirSpan): Span {
  let isOver = false;
  return {
    set(attributes) {
      if (isOver) return;
      for (const [name, value] of Object.entries(attributes))
        if (value !== undefined) span.setAttribute(name, value);
    },
    fail(code) {
      if (isOver) return;
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute("error.type", code);
    },
    end() {
      if (!isOver) span.end();
      isOver = true;
    },
  };
}
