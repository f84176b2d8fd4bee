import { describe, expect, it } from "vitest";
import { loadApiConfig, loadProducerConfig, loadWorkerConfig } from "../../src/config.ts";
import { APP, refusal } from "../support/variables.ts";

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector.contoso.com:4318" };
const traces = (variables: Record<string, string>) => loadProducerConfig(variables).traces;

describe("traces are on", () => {
  it.each([
    [ENDPOINT],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://127.0.0.1:4318/v1/traces" }],
    [{ OTEL_TRACES_EXPORTER: "otlp" }],
  ])("with %j", (variables) => {
    const settings = { protocol: "http/protobuf", sampler: "parentbased_always_on", ratio: 1 };
    expect(traces(variables)).toEqual(settings);
    expect(loadWorkerConfig({ ...APP, ...variables }).traces).toEqual(settings);
    expect(loadApiConfig(variables).traces).toEqual(settings);
  });

  it("with the protocol and the part that is asked for", () => {
    expect(
      traces({
        ...ENDPOINT,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_TRACES_SAMPLER: "traceidratio",
        OTEL_TRACES_SAMPLER_ARG: "0.25",
      }),
    ).toEqual({ protocol: "http/json", sampler: "traceidratio", ratio: 0.25 });
  });
});

describe("traces are off", () => {
  it.each([
    [{}],
    [{ OTEL_SERVICE_NAME: "soar" }],
    [{ ...ENDPOINT, OTEL_SDK_DISABLED: "true" }],
    [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: "none" }],
  ])("with %j", (variables) => {
    expect(traces(variables)).toBeNull();
  });
});

describe("refused is", () => {
  it.each([
    ["OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", 'given "grpc"; allowed: http/protobuf, http/json'],
    ["OTEL_TRACES_EXPORTER", "zipkin", 'given "zipkin"; allowed: otlp, none'],
    ["OTEL_TRACES_SAMPLER_ARG", "2", 'given "2"; allowed: 0 to 1'],
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "collector", "not readable; allowed: an http or https URL"],
  ])("%s %s", (variable, given, message) => {
    expect(refusal(() => loadProducerConfig({ [variable]: given }))).toContain(`${variable}: ${message}`);
  });
});
