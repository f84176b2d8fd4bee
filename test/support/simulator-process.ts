/** The simulator as a process of its own: what it answers does not wait for what its caller computes. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
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

const SOURCE = fileURLToPath(new URL("../simulator/main.ts", import.meta.url));
const BUILT = fileURLToPath(new URL("../../node_modules/.cache/defender-actions/", import.meta.url));

export interface SimulatorStart {
  /** Such as `--no-warm-up`. */
  args?: readonly string[];
  /** Such as `AZURE_CLIENT_SECRET`. */
  env?: Readonly<Record<string, string>>;
}

/** To one file of JavaScript, for it is started a hundred times: from source each start would take more than twice as long. */
async function buildSimulator(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [SOURCE],
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    write: false,
  });
  const [{ contents, hash } = { contents: "", hash: "" }] = outputFiles;
  const file = `${BUILT}simulator-${hash.replaceAll(/\W/g, "_")}.mjs`;
  if (!existsSync(file)) {
    // Others may be about to read it.
    const draft = `${file}.${randomUUID()}`;
    await mkdir(BUILT, { recursive: true });
    await writeFile(draft, contents);
    await rename(draft, file);
  }
  return file;
}

/** Resolves once it answers; rejects with what it printed when it ends before. */
export async function startSimulatorProcess({
  args = [],
  env = {},
}: SimulatorStart = {}): Promise<SimulatorProcess> {
  const child = spawn(process.execPath, [await buildSimulator(), ...args], {
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
