/** The ops server as a process of its own, by its shipped command; ended with the test. */
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { z } from "zod";
import { startBin, type Variables } from "../cli/bin.ts";

const line = z.looseObject({ event: z.string(), url: z.string().optional() });

export interface OpsProcess {
  url: string;
  /** May be called again. */
  stop(): Promise<void>;
}

export async function startOpsProcess(env: Variables): Promise<OpsProcess> {
  const { child, ended } = startBin(["ops"], { OPS_PORT: "0", ...env });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
  };
  onTestFinished(stop);
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (text) => {
      const parsed = line.safeParse(text.startsWith("{") ? JSON.parse(text) : null);
      if (parsed.data?.event === "ops.listening") resolve(parsed.data.url ?? "");
    });
    void ended.then(({ err }) => reject(new Error(`the ops server ended:\n${err}`)));
  });
  return { url, stop };
}
