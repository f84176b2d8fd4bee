/** Users for Redis's access control (7.0 or newer): each program gets the keys of docs/architecture.md that it needs, and no more. */
import { createHash } from "node:crypto";

/** `producer` is whoever embeds the client or enqueues by command; `operator` may also press the stop button. */
export const REDIS_USERS = ["worker", "ops", "api", "producer", "operator"] as const;
export type RedisUser = (typeof REDIS_USERS)[number];

/**
 * Whatever names its keys is judged by them, and what looks at all keys (SCAN, KEYS), at other connections or at the
 * server is left out. INFO is for BullMQ, which asks for the version.
 */
const COMMANDS = [
  "+@read +@write +@transaction +@blocking +@connection -@dangerous -scan -randomkey -function",
  "+subscribe +unsubscribe +publish +eval +evalsha +script|load +script|exists +time +info",
  "+cluster|slots +cluster|shards",
];

/** What workers tell everybody. */
const PUBLISHED = ["instances", "quotas", "webhook", "credential-ends", "credential-refusals"];

/** Cases, incidents, runs and queues; what only workers publish, and what people have paused, can be read. */
function sharedKeys(prefix: string): string[] {
  const tagged = ["{case-", "{incident-", "{run-", "defender-"].map((start) => `~${prefix}:${start}*`);
  return [
    ...tagged,
    // A queue, on a cluster.
    `~{${prefix}:defender-*`,
    ...["runs", "live-runs", "waiting-turns"].map((name) => `~${prefix}:${name}`),
    ...[...PUBLISHED, "stops"].map((name) => `%R~${prefix}:${name}`),
    `&${prefix}:{case-*`,
  ];
}

function ownKeys(user: RedisUser, prefix: string): string[] {
  const rowSets = `~${prefix}:{row-sets}:*`;
  if (user === "operator") return [`~${prefix}:stops`, `%R~${prefix}:audit`, rowSets];
  // Who else listens to a queue is asked by CLIENT LIST.
  if (user === "ops") return [`~${prefix}:ops:*`, rowSets, "+client|list"];
  if (user !== "worker") return [];
  const gates = [`${prefix}:{gate:*`, `b_${prefix}:{gate:*`];
  return [
    ...[...PUBLISHED, "audit"].map((name) => `~${prefix}:${name}`),
    rowSets,
    ...gates.map((pattern) => `~${pattern}`),
    `&b_${prefix}:{gate:*`,
  ];
}

/** What follows `ACL SETUSER <name>`, without a password. */
export function rulesFor(user: RedisUser, prefix: string): string {
  // Whoever asks for something notes it, and can neither read nor change what others have noted.
  const note = `(+xadd ~${prefix}:audit)`;
  return ["reset", "on", ...COMMANDS, ...sharedKeys(prefix), ...ownKeys(user, prefix), note].join(" ");
}

export interface Account {
  user: RedisUser;
  password: string;
}

/**
 * `default` cannot log in, and may do everything: as this user Redis reads its append-only file, and without the rights
 * it leaves out every transaction and script in there (redis/redis#14541, fixed in 2025; valkey-io/valkey#3983).
 */
const DEFAULT_USER = "user default off ~* &* +@all";

/** A file for `aclfile`. Nobody gets in without a name, but for `health`, who may ask whether Redis answers. */
export function aclFile(prefix: string, accounts: readonly Account[]): string {
  const lines = accounts.map(({ user, password }) => {
    const hash = createHash("sha256").update(password).digest("hex");
    return `user ${user} ${rulesFor(user, prefix)} #${hash}`;
  });
  return [DEFAULT_USER, "user health on nopass +ping", ...lines, ""].join("\n");
}
