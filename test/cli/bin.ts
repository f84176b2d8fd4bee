/** Runs the shipped bin as a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export const BIN = fileURLToPath(new URL("../../dist/src/cli.js", import.meta.url));

export type Variables = Readonly<Record<string, string>>;

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

export interface Running {
  child: ChildProcessWithoutNullStreams;
  ended: Promise<Ended>;
}

/** `env` is all that it gets beside the PATH. */
export function startBin(args: readonly string[], env: Variables, nodeArgs: readonly string[] = []): Running {
  const child = spawn(process.execPath, [...nodeArgs, BIN, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });
  const output = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.err += text;
  });
  // A process that refuses its arguments does not read what it is sent.
  child.stdin.on("error", () => undefined);
  return { child, ended: once(child, "close").then(() => ({ code: child.exitCode, ...output })) };
}

export async function runBin(args: readonly string[], env: Variables = {}, stdin = ""): Promise<Ended> {
  const { child, ended } = startBin(args, env);
  child.stdin.end(stdin);
  return await ended;
}
