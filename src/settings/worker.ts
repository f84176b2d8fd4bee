/** How a worker works: its jobs, its results, its log. */
import { z } from "zod";
import { duration, flag, integer, oneOf, size } from "./fields.ts";
import { type InstanceConfig, prefixOf } from "./instance.ts";

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const logVariables = z.object({ LOG_LEVEL: oneOf(LOG_LEVELS).default("info") });
export const workerVariables = logVariables.extend({
  API_ROOT: z.string().optional(),
  WORKER_CONCURRENCY: integer(1, 1_000).prefault("8"),
  WORKER_HOST: z.string().default("127.0.0.1"),
  WORKER_PORT: integer(0, 65_535).optional(),
  JOB_EXPIRES_AFTER: duration("1s", "30d").prefault("1h"),
  COMMENT_SETTLE: duration("1ms", "1d").prefault("60s"),
  COMMENT_REFERENCE: oneOf(["on", "case", "off"]).default("on"),
  STRICT_DETERMINATION: flag.default(false),
  PREFLIGHT: oneOf(["on", "warn"]).default("on"),
  SHUTDOWN_TIMEOUT: duration("100ms", "1h").prefault("25s"),
  RESULT_TTL: duration("1s", "365d").prefault("7d"),
  BULK_RESULT_TTL: duration("1s", "365d").prefault("90d"),
  AUDIT_TTL: duration("1s", "3650d").prefault("90d"),
  RESULT_INLINE_ROWS: integer(0, 100_000).prefault("1000"),
  RESULT_INLINE_BYTES: size("0", "64mb").prefault("1mb"),
  RESULT_MEMORY: size("0", "9999gb").optional(),
});

/** What an operator should know although the configuration is good. */
export function noticesOf(
  worker: z.output<typeof workerVariables>,
  instances: readonly InstanceConfig[],
): string[] {
  const notices: string[] = [];
  if (worker.API_ROOT !== undefined)
    notices.push(
      "API_ROOT is accepted and unused: the legacy API is being retired, all calls go to Microsoft Graph",
    );
  for (const { name, egress, writes } of instances) {
    if (!egress.verifySsl)
      notices.push(
        `${prefixOf(name)}VERIFY_SSL is off: whoever is in between can read the credential of ${name}`,
      );
    if (!writes) notices.push(`${prefixOf(name)}DEFENDER_WRITES is off: no write of ${name} is sent`);
  }
  if (worker.RESULT_TTL < worker.COMMENT_SETTLE)
    notices.push(
      "RESULT_TTL is shorter than COMMENT_SETTLE: results may be gone before a comment is settled",
    );
  return notices;
}
