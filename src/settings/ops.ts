/** Where ops listens, who may log in, and whom it tells of alerts. */
import { z } from "zod";
import { flag, integer, oneOf, webhookUrl } from "./fields.ts";
import { type Account, users } from "./users.ts";
import { WEBHOOK_FORMATS, type WebhookFormat } from "./webhook-format.ts";

export interface OpsSettings {
  host: string;
  port: number;
  /** Empty: no login, and loopback only. */
  users: readonly Account[];
  /** Null: each start makes one. Several servers must share one. */
  sessionSecret: string | null;
  /** Without users: whether this machine may write. */
  writable: boolean;
  /** Where alerts are told, and what is called each minute; null: nowhere. Both URLs are secrets. */
  alerts: { webhookUrl: string | null; format: WebhookFormat; heartbeatUrl: string | null };
}

export const opsVariables = z.object({
  OPS_HOST: z.string().default("127.0.0.1"),
  OPS_PORT: integer(0, 65_535).prefault("3000"),
  OPS_USERS: users,
  // Never repeated: it is a secret.
  OPS_SESSION_SECRET: z
    .string()
    .min(32, { error: "given too short a text; allowed: 32 or more characters" })
    .optional(),
  OPS_WRITES: flag.default(false),
  ALERT_WEBHOOK_URL: webhookUrl.optional(),
  ALERT_WEBHOOK_FORMAT: oneOf(WEBHOOK_FORMATS).default("json"),
  ALERT_HEARTBEAT_URL: webhookUrl.optional(),
});

export function toOpsSettings(ops: z.output<typeof opsVariables>): OpsSettings {
  return {
    host: ops.OPS_HOST,
    port: ops.OPS_PORT,
    users: ops.OPS_USERS,
    sessionSecret: ops.OPS_SESSION_SECRET ?? null,
    writable: ops.OPS_WRITES,
    alerts: {
      webhookUrl: ops.ALERT_WEBHOOK_URL ?? null,
      format: ops.ALERT_WEBHOOK_FORMAT,
      heartbeatUrl: ops.ALERT_HEARTBEAT_URL ?? null,
    },
  };
}
