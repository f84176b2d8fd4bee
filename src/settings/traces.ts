/** Whether traces are told, and how: the standard variables of OpenTelemetry. Its exporter reads the others itself. */
import { z } from "zod";
import { flag, oneOf } from "./fields.ts";

const PROTOCOLS = ["http/protobuf", "http/json"] as const;
const SAMPLERS = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;
export type Sampling = (typeof SAMPLERS)[number];

export interface TraceSettings {
  protocol: (typeof PROTOCOLS)[number];
  sampler: Sampling;
  /** Of the traces that begin here, the part that is kept by a `traceidratio`: from 0 to 1. */
  ratio: number;
}

const ratio = z
  .string()
  .regex(/^(0?\.\d+|0|1|[01]\.0+)$/, {
    error: (issue) => `given ${JSON.stringify(issue.input)}; allowed: 0 to 1`,
  })
  .transform(Number);

const endpoint = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
    error: "not readable; allowed: an http or https URL such as http://127.0.0.1:4318",
  })
  .optional();

export const traceVariables = z.object({
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint,
  OTEL_TRACES_EXPORTER: oneOf(["otlp", "none"]).optional(),
  OTEL_SDK_DISABLED: flag.default(false),
  OTEL_EXPORTER_OTLP_PROTOCOL: oneOf(PROTOCOLS).default("http/protobuf"),
  OTEL_TRACES_SAMPLER: oneOf(SAMPLERS).default("parentbased_always_on"),
  OTEL_TRACES_SAMPLER_ARG: ratio.default(1),
});

/** Null unless an exporter or an endpoint is named: nobody gets traces by surprise. */
export function toTraceSettings(given: z.output<typeof traceVariables>): TraceSettings | null {
  const isAsked =
    given.OTEL_TRACES_EXPORTER === "otlp" ||
    given.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined ||
    given.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT !== undefined;
  if (!isAsked || given.OTEL_SDK_DISABLED || given.OTEL_TRACES_EXPORTER === "none") return null;
  return {
    protocol: given.OTEL_EXPORTER_OTLP_PROTOCOL,
    sampler: given.OTEL_TRACES_SAMPLER,
    ratio: given.OTEL_TRACES_SAMPLER_ARG,
  };
}
