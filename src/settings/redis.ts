/** Where Redis is: the settings, and the parts of a URL that may name several hosts. */
import { z } from "zod";
import { Failure } from "../contract/failure.ts";
import { oneOf } from "./fields.ts";

export interface RedisConfig {
  /** `redis://` or `rediss://`, with one host or, for Sentinel and Cluster, several. */
  url: string;
  mode: "single" | "sentinel" | "cluster";
  sentinelName: string | null;
  /** Separates SOARs whose case ids may collide. */
  prefix: string;
}

export interface RedisAddress {
  tls: boolean;
  username: string | null;
  password: string | null;
  hosts: readonly { host: string; port: number }[];
  db: number;
}

const DEFAULT_PORT = 6379;
// Up to the last "@", for a password may hold one.
const REDIS_URL = /^(rediss?):\/\/(?:(.*)@)?([^@/?#]+)(?:\/(\d{1,4})?)?$/;
const HOST = /^(\[[0-9a-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/;

function readAddress(url: string): RedisAddress | null {
  const [, scheme, credentials, hostList = "", db] = REDIS_URL.exec(url) ?? [];
  const hosts = hostList.split(",").map((text) => {
    const [, host, port] = HOST.exec(text.trim()) ?? [];
    return {
      host: host?.replace(/^\[|\]$/g, "") ?? "",
      port: port === undefined ? DEFAULT_PORT : Number(port),
    };
  });
  if (hosts.some(({ host, port }) => host === "" || port < 1 || port > 65_535)) return null;
  const colon = credentials?.indexOf(":") ?? -1;
  const username = credentials?.slice(0, colon === -1 ? undefined : colon);
  const password = colon === -1 ? undefined : credentials?.slice(colon + 1);
  try {
    return {
      tls: scheme === "rediss",
      username: username ? decodeURIComponent(username) : null,
      password: password ? decodeURIComponent(password) : null,
      hosts,
      db: Number(db ?? 0),
    };
  } catch {
    return null; // A "%" that encodes nothing.
  }
}

// It never repeats the URL, which may carry a password.
const UNREADABLE =
  "not readable; allowed: redis://[user:password@]host[:port][,host:port …][/db], or rediss:// for TLS (encode /, # and % in a password)";

/** Takes a Redis URL apart; throws `invalid_input` without repeating it. */
export function parseRedisUrl(url: string): RedisAddress {
  const address = readAddress(url);
  if (address === null) throw new Failure("invalid_input", `Redis URL: ${UNREADABLE}`);
  return address;
}

export const redisVariables = z
  .object({
    REDIS_URL_FILE: z.string().optional(),
    REDIS_URL: z
      .string()
      .refine((url) => readAddress(url) !== null, { error: UNREADABLE })
      .default("redis://127.0.0.1:6379"),
    REDIS_MODE: oneOf(["single", "sentinel", "cluster"]).default("single"),
    REDIS_SENTINEL_NAME: z.string().optional(),
    QUEUE_PREFIX: z
      .string()
      .regex(/^[A-Za-z0-9._:-]{1,64}$/, {
        error: (issue) =>
          `given ${JSON.stringify(issue.input)}; allowed: 1 to 64 of letters, digits and . _ : - (braces would move keys to other slots)`,
      })
      .default("defender"),
  })
  .superRefine((given, context) => {
    const refuse = (variable: string, message: string): void =>
      context.addIssue({ code: "custom", path: [variable], message });
    const address = readAddress(given.REDIS_URL);
    const hosts = address?.hosts.length ?? 0;
    if (given.REDIS_MODE === "single" && hosts > 1)
      refuse("REDIS_URL", `given ${hosts} hosts; allowed: one, unless REDIS_MODE is sentinel or cluster`);
    if (given.REDIS_MODE === "cluster" && address?.db !== 0)
      refuse("REDIS_URL", `given database ${address?.db}; allowed: 0, the only one that a cluster has`);
    if (given.REDIS_MODE === "sentinel" && given.REDIS_SENTINEL_NAME === undefined)
      refuse(
        "REDIS_SENTINEL_NAME",
        "given nothing; allowed: the name under which the Sentinels know the primary",
      );
    if (given.REDIS_MODE !== "sentinel" && given.REDIS_SENTINEL_NAME !== undefined)
      refuse("REDIS_SENTINEL_NAME", `allowed: only with REDIS_MODE=sentinel, which is ${given.REDIS_MODE}`);
  });

export function toRedisConfig(given: z.output<typeof redisVariables>): RedisConfig {
  return {
    url: given.REDIS_URL,
    mode: given.REDIS_MODE,
    sentinelName: given.REDIS_SENTINEL_NAME ?? null,
    prefix: given.QUEUE_PREFIX,
  };
}
