/** Tells a Redis that is away from other errors: the one place that knows how ioredis says so. */
import { loadProducerConfig } from "../config.ts";
import { Failure } from "../contract/failure.ts";
import { parseRedisUrl } from "../settings/redis.ts";

const NAMES = new Set(["MaxRetriesPerRequestError", "ClusterAllFailedError", "AbortError"]);
const CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
]);
/** ioredis has no names for these; the last ones are Redis's own words. */
const MESSAGES =
  /^(?:Command timed out|Connection is closed|Stream isn't writeable|All sentinels are unreachable|None of startup nodes|LOADING|CLUSTERDOWN|MASTERDOWN|NOAUTH|WRONGPASS)/;
const REFUSED = /^(?:NOAUTH|WRONGPASS)/;
/** It answers, and takes no writes: memory is full, a replica answers, or the disk fails. */
const READ_ONLY = /^(?:OOM|READONLY|NOREPLICAS|MISCONF)/;

export function isRedisAway(error: unknown): error is Error {
  if (!(error instanceof Error) || error instanceof Failure) return false;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return (
    NAMES.has(error.name) || CODES.has(code) || MESSAGES.test(error.message) || READ_ONLY.test(error.message)
  );
}

/** Names where Redis was looked for, never user or password. */
export function redisAway(error: Error): Failure {
  const { hosts } = parseRedisUrl(loadProducerConfig().redis.url);
  const where = hosts.map(({ host, port }) => `${host}:${port}`).join(", ");
  if (READ_ONLY.test(error.message)) {
    return new Failure("internal_error", `Redis at ${where} takes no writes: ${error.message}`, {
      hint: "See its memory (maxmemory), its disk and its replicas; what was accepted before is kept.",
    });
  }
  return REFUSED.test(error.message)
    ? new Failure("internal_error", `Redis at ${where} refused the login`, {
        hint: "See whether REDIS_URL names the right user and password.",
      })
    : new Failure("internal_error", `Redis at ${where} does not answer`, {
        hint: "See whether it runs, and whether REDIS_URL is right.",
      });
}
