/** Spans of what this process does. Off until a tracer is put in place; then no module of OpenTelemetry is loaded, and nothing is kept. */
import type { Telemetry } from "bullmq";
import { toFailure } from "../contract/failure.ts";

/** Names, codes, ids and figures: no argument, no text of an error, no secret. What is undefined is left out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanOptions {
  /** Default `internal`. */
  kind?: "internal" | "client";
  attributes?: Attributes;
  /** A W3C `traceparent`: the span belongs to that trace instead of to the active span's. */
  parent?: string | undefined;
}

export interface Span {
  set(attributes: Attributes): void;
  /** Marks it as failed, by a code. */
  fail(code: string): void;
  /** May be called again. */
  end(): void;
}

export interface Tracer {
  /** A span that is not active: nothing becomes its child. */
  open(name: string, options: SpanOptions): Span;
  /** Runs `work` with the span active. */
  within<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>;
  /** The active span; null for none. */
  active(): Span | null;
  /** The W3C `traceparent` of the active span; null for none. */
  traceparent(): string | null;
  /** What BullMQ tells its own steps to. */
  telemetry: Telemetry;
}

const NO_SPAN: Span = { set: () => {}, fail: () => {}, end: () => {} };

let tracer: Tracer | null = null;

/** For the whole process, as a trace's context is; null: off. */
export function putTracer(next: Tracer | null): void {
  tracer = next;
}

/** Opens a span for the time of `work`; what is active inside is its child. A failure is told by its code. */
export async function traced<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  if (tracer === null) return await work(NO_SPAN);
  return await tracer.within(name, options, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.fail(toFailure(error).code);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Whoever opens it ends it. */
export function openSpan(name: string, options: SpanOptions): Span {
  return tracer?.open(name, options) ?? NO_SPAN;
}

export function activeSpan(): Span {
  return tracer?.active() ?? NO_SPAN;
}

export function activeTraceparent(): string | null {
  return tracer?.traceparent() ?? null;
}

/** An option of BullMQ's queues and workers; those that were opened before the tracer was there tell nothing. */
export function queueTelemetry(): { telemetry?: Telemetry } {
  return tracer === null ? {} : { telemetry: tracer.telemetry };
}
