/** Where ops listens, who may log in, and whom it tells of alerts. */
import { z } from "zod";
import { type SecretSource, secretSource } from "./credential.ts";
import { flag, integer, networks, oneOf, webhookUrl } from "./fields.ts";
import { connectionVariables, type Egress } from "./instance.ts";
import { type Account, users } from "./users.ts";
import { WEBHOOK_FORMATS, type WebhookFormat } from "./webhook-format.ts";

/** A file is read again when it changes. */
export type UsersSource = { listed: readonly Account[] } | { file: string };

export interface OpsSettings {
  host: string;
  port: number;
  /** Null: no login, and loopback only. */
  users: UsersSource | null;
  /** Addresses and networks of proxies that are believed who asks. */
  trustedProxies: readonly string[];
  /** Null: each start makes one. Several servers must share one. */
  sessionSecret: SecretSource | null;
  /** Without users: whether this machine may write. */
  writable: boolean;
  /** Where alerts are told, and what is called each minute; null: nowhere. Both URLs are secrets. */
  alerts: { webhookUrl: string | null; format: WebhookFormat; heartbeatUrl: string | null; egress: Egress };
}

/** Never repeated. */
export const sessionSecret = z
  .string()
  .min(32, { error: "given too short a text; allowed: 32 or more characters" });

/** Each may lie in a file. */
export const SECRET_URLS = ["ALERT_WEBHOOK_URL", "ALERT_HEARTBEAT_URL"] as const;

export const opsVariables = z
  .object({
    OPS_HOST: z.string().default("127.0.0.1"),
    OPS_PORT: integer(0, 65_535).prefault("3000"),
    OPS_USERS: users,
    OPS_USERS_FILE: z.string().optional(),
    OPS_TRUSTED_PROXIES: networks.prefault(""),
    OPS_SESSION_SECRET: sessionSecret.optional(),
    OPS_SESSION_SECRET_FILE: z.string().optional(),
    OPS_WRITES: flag.default(false),
    ALERT_WEBHOOK_URL: webhookUrl.optional(),
    ALERT_WEBHOOK_URL_FILE: z.string().optional(),
    ALERT_WEBHOOK_FORMAT: oneOf(WEBHOOK_FORMATS).default("json"),
    ALERT_HEARTBEAT_URL: webhookUrl.optional(),
    ALERT_HEARTBEAT_URL_FILE: z.string().optional(),
    ...connectionVariables.pick({ HTTPS_PROXY: true, NO_PROXY: true }).shape,
  })
  .superRefine((given, context) => {
    const refuse = (variable: string): void =>
      context.addIssue({
        code: "custom",
        path: [variable],
        message: `given together with ${variable}_FILE; allowed: one of them`,
      });
    if (given.OPS_USERS.length > 0 && given.OPS_USERS_FILE !== undefined) refuse("OPS_USERS");
    if (given.OPS_SESSION_SECRET !== undefined && given.OPS_SESSION_SECRET_FILE !== undefined)
      refuse("OPS_SESSION_SECRET");
  });

export function toOpsSettings(ops: z.output<typeof opsVariables>): OpsSettings {
  return {
    host: ops.OPS_HOST,
    port: ops.OPS_PORT,
    users: usersSource(ops),
    trustedProxies: ops.OPS_TRUSTED_PROXIES,
    sessionSecret: secretSource(ops.OPS_SESSION_SECRET, ops.OPS_SESSION_SECRET_FILE),
    writable: ops.OPS_WRITES,
    alerts: {
      webhookUrl: ops.ALERT_WEBHOOK_URL ?? null,
      format: ops.ALERT_WEBHOOK_FORMAT,
      heartbeatUrl: ops.ALERT_HEARTBEAT_URL ?? null,
      egress: { verifySsl: true, httpsProxy: ops.HTTPS_PROXY ?? null, noProxy: ops.NO_PROXY },
    },
  };
}

function usersSource({
  OPS_USERS: listed,
  OPS_USERS_FILE: file,
}: z.output<typeof opsVariables>): UsersSource | null {
  if (file !== undefined) return { file };
  return listed.length === 0 ? null : { listed };
}
