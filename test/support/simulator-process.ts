/** The simulator as a process of its own: what it answers does not wait for what its caller computes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const simulatorSchema = z.object({
  url: z.url(),
  tenant: z.string(),
  clientId: z.string(),
  clientSecret: z.string(),
});

export interface SimulatorProcess extends z.infer<typeof simulatorSchema> {
  stop(): Promise<void>;
}

const SIMULATOR = fileURLToPath(new URL("../simulator/main.ts", import.meta.url));

export interface SimulatorStart {
  /** Such as `--no-warm-up`. */
  args?: readonly string[];
  /** Such as `AZURE_CLIENT_SECRET`. */
  env?: Readonly<Record<string, string>>;
}

/** Resolves once it answers; rejects with what it printed when it ends before. */
export async function startSimulatorProcess({
  args = [],
  env = {},
}: SimulatorStart = {}): Promise<SimulatorProcess> {
  const child = spawn(process.execPath, ["--import", "tsx", SIMULATOR, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-2_000);
  });
  const died = ended.then(() => {
    throw new Error(`the simulator did not start:\n${complaints}`);
  });
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), "line"), died]);
  died.catch(() => undefined);
  return {
    ...simulatorSchema.parse(JSON.parse(String(line))),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await ended;
    },
  };
}
