/** The shipped API server, started so that it tells how much memory it needs once what is garbage is gone. */
import { createInterface } from "node:readline";
import { z } from "zod";
import { startBin, type Variables } from "../cli/bin.ts";

export interface Memory {
  residentBytes: number;
  /** After a collection: a heap that grows and is collected is no leak. */
  heapBytes: number;
}

export interface MeasuredApi {
  url: string;
  /** Of its log: what says that something is wrong. */
  complaints: readonly string[];
  memory(): Promise<Memory>;
  stop(): Promise<void>;
}

const TELL_MEMORY = `process.on("SIGUSR2", () => {
  globalThis.gc();
  const { rss, heapUsed } = process.memoryUsage();
  process.stderr.write(JSON.stringify({ event: "bench.memory", rss, heapUsed }) + "\\n");
});`;

const lineSchema = z.discriminatedUnion("event", [
  z.object({ event: z.literal("api.listening"), url: z.string() }),
  z.object({ event: z.literal("bench.memory"), rss: z.number(), heapUsed: z.number() }),
]);

/** Resolves once it listens. */
export async function startMeasuredApi(env: Variables): Promise<MeasuredApi> {
  const shim = `--import=data:text/javascript,${encodeURIComponent(TELL_MEMORY)}`;
  const { child, ended } = startBin(["api"], { API_PORT: "0", ...env }, ["--expose-gc", shim]);
  const complaints: string[] = [];
  let toldMemory = (_: Memory): void => undefined;
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (text) => {
      const line = lineSchema.safeParse(text.startsWith("{") ? JSON.parse(text) : null).data;
      if (line?.event === "api.listening") resolve(line.url);
      else if (line?.event === "bench.memory")
        toldMemory({ residentBytes: line.rss, heapBytes: line.heapUsed });
      else if (!/"level":"info"/.test(text)) complaints.push(text);
    });
    void ended.then(({ err }) => reject(new Error(`the API server ended:\n${err.slice(-2_000)}`)));
  });
  return {
    url,
    complaints,
    async memory() {
      const told = new Promise<Memory>((resolve) => {
        toldMemory = resolve;
      });
      child.kill("SIGUSR2");
      return await told;
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
