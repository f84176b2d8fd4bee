/** What the producers' commands share: a client from the environment, closed whatever happens. */
import { userInfo } from "node:os";
import { InvalidArgumentError } from "commander";
import type { z } from "zod";
import { loadProducerConfig } from "../../src/config.ts";
import { startTraces } from "../../src/trace/start.ts";
import type { Client } from "../client.ts";

/** `via`: how the audit trail names the way. */
export async function withClient<T>(
  work: (client: Client) => Promise<T>,
  via: "cli" | "mcp" = "cli",
): Promise<T> {
  const { redis, traces: settings } = loadProducerConfig();
  const { url, prefix, mode, sentinelName } = redis;
  const traces = await startTraces(settings);
  // BullMQ takes most of a second to load, which a mistyped option need not wait for.
  const { createClient } = await import("../client.ts");
  const client = createClient({
    redisUrl: url,
    queuePrefix: prefix,
    redisMode: mode,
    via,
    caller: machineUser(),
    ...(sentinelName === null ? {} : { redisSentinelName: sentinelName }),
  });
  try {
    return await work(client);
  } finally {
    await client.close();
    await traces.close();
  }
}

/** Who runs this process, by name or, as in many containers, by number alone. */
export function machineUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}

/** Reads an option's text by schema; what is refused becomes a usage error. */
export function reading<T>(schema: z.ZodType<T, string>): (text: string) => T {
  return (text) => {
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(parsed.error.issues.map(({ message }) => message).join("; "));
  };
}

/** A command line of this program, to be copied into a shell. */
export function commandLine(...words: readonly string[]): string {
  return ["defender-actions", ...words].map(quote).join(" ");
}

function quote(word: string): string {
  return /^[\w.:@/=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
