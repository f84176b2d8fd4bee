/** The API server as a process of its own, by its shipped command; ended with the test. */
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { z } from "zod";
import { type Ended, startBin, type Variables } from "../cli/bin.ts";

const line = z.looseObject({ event: z.string(), url: z.string().optional() });

export interface ApiProcess {
  url: string;
  pid: number;
  /** Settles however it ends. */
  ended: Promise<Ended>;
  stop(): Promise<Ended>;
}

export async function startApiProcess(env: Variables): Promise<ApiProcess> {
  const { child, ended } = startBin(["api"], { API_PORT: "0", ...env });
  const stop = async (): Promise<Ended> => {
    child.kill("SIGTERM");
    return await ended;
  };
  onTestFinished(async () => {
    await stop();
  });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (text) => {
      const parsed = line.safeParse(text.startsWith("{") ? JSON.parse(text) : null);
      if (parsed.data?.event === "api.listening") resolve(parsed.data.url ?? "");
    });
    void ended.then(({ err }) => reject(new Error(`the API server ended:\n${err}`)));
  });
  return { url, pid: child.pid ?? 0, ended, stop };
}
