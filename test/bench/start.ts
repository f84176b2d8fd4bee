/** What the shipped worker takes to start: time until it takes jobs, and memory before it has done any. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Environment } from "./runner.ts";

const COMMAND = fileURLToPath(new URL("../../dist/src/cli.js", import.meta.url));

export interface Start {
  readyMs: number;
  residentMb: number;
}

export async function measureStart(env: Environment): Promise<Start> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [COMMAND, "worker"], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit");
  try {
    await new Promise<void>((resolve, reject) => {
      let log = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        log += text;
        if (log.includes('"worker.ready"')) resolve();
      });
      void ended.then(() => reject(new Error(`the worker did not start:\n${log}`)));
    });
    const readyMs = performance.now() - startMs;
    const { stdout } = await promisify(execFile)("ps", ["-o", "rss=", "-p", String(child.pid)]);
    return { readyMs, residentMb: Number(stdout) / 1_024 };
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}
