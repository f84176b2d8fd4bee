/** Starts and ends the traces of a process. OpenTelemetry is loaded here, and only where it is wanted. */
import type { Log } from "../log.ts";
import type { TraceSettings } from "../settings/traces.ts";
import { putTracer } from "./tracer.ts";

export interface Traces {
  /** Tells what is left. An exporter that does not answer holds the end of the process up for two seconds, no longer. */
  close(): Promise<void>;
}

const FLUSH_MS = 2_000;

/** Spans that cannot be delivered are lost, and the log says so; nothing waits for them. */
export async function startTraces(settings: TraceSettings | null, log?: Log): Promise<Traces> {
  if (settings === null) return { close: async () => {} };
  const { startSdk } = await import("./sdk.ts");
  // What the exporter says is not repeated: it may quote its headers, which are secrets.
  const onError = (): void =>
    log?.warn({ event: "traces.lost" }, "spans were not taken by the OTLP endpoint");
  const sdk = await startSdk(settings, onError);
  putTracer(sdk.tracer);
  return {
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const tooLate = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, FLUSH_MS);
      });
      await Promise.race([sdk.close().catch(onError), tooLate]);
      clearTimeout(timer);
    },
  };
}

/**
 * For a SOAR that embeds the client and has an OpenTelemetry of its own: the client's spans go there from now on. To be
 * called once, before the first client is used. Without it `traceparent` alone leads to the workers' spans.
 */
export async function joinTraces(): Promise<void> {
  const { openApiTracer } = await import("./api-tracer.ts");
  putTracer(openApiTracer());
}
