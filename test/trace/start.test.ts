import { createServer } from "node:net";
import { expect, it, onTestFinished, vi } from "vitest";
import { createLog } from "../../src/log.ts";
import { startTraces } from "../../src/trace/start.ts";
import { queueTelemetry, traced } from "../../src/trace/tracer.ts";
import { forgetTracer } from "./recorded.ts";

const SETTINGS = { protocol: "http/protobuf", sampler: "always_on", ratio: 1 } as const;

/** Where `log` writes to: the lines so far. */
function openLog() {
  const lines: string[] = [];
  return { lines, log: createLog("info", { write: (line: string) => void lines.push(line) }) };
}

it("nothing is set up where no traces are wanted", async () => {
  const traces = await startTraces(null);
  expect(queueTelemetry()).toEqual({});
  await traces.close();
});

it("an endpoint that refuses costs spans, and a line of the log", async () => {
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://canary:secret@127.0.0.1:1");
  vi.stubEnv("OTEL_EXPORTER_OTLP_TIMEOUT", "50");
  onTestFinished(() => {
    vi.unstubAllEnvs();
    forgetTracer();
  });
  const { lines, log } = openLog();
  const traces = await startTraces(SETTINGS, log);
  expect(await traced("work", {}, async () => "done")).toBe("done");
  await traces.close();
  expect(lines.join()).toContain("traces.lost");
  expect(lines.join()).not.toMatch(/canary|secret/);
});

it("an endpoint that says nothing holds the end of the process up for two seconds", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  const address = silent.address();
  const port = typeof address === "object" ? address?.port : 0;
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", `http://127.0.0.1:${port}`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    forgetTracer();
    silent.close();
  });
  const traces = await startTraces(SETTINGS);
  await traced("work", {}, async () => "done");
  const startedMs = performance.now();
  await traces.close();
  expect(performance.now() - startedMs).toBeLessThan(4_000);
});
