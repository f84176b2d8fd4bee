/** Where final results are sent, and with which keys they are signed. */
import { z } from "zod";
import type { SecretSource } from "./credential.ts";
import { isLoopback, splitList, webhookUrl } from "./fields.ts";
import { connectionVariables, type Egress } from "./instance.ts";

export interface WebhookSettings {
  /** A secret. */
  url: string;
  /** Null only on loopback. */
  secret: SecretSource | null;
  egress: Egress;
}

const ALLOWED_KEYS =
  "whsec_ and 24 to 64 bytes in base64; several, separated by commas, while one is replaced";

/** The keys of Standard Webhooks, as texts such as `whsec_…`; null for what are none. */
export function readKeys(text: string): readonly Buffer[] | null {
  const keys = splitList(text).map((one) => {
    const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(one) ?? [];
    return Buffer.from(base64 ?? "", "base64");
  });
  return keys.length > 0 && keys.every(({ length }) => length >= 24 && length <= 64) ? keys : null;
}

export const resultWebhookVariables = z
  .object({
    RESULT_WEBHOOK_URL: webhookUrl.optional(),
    // Never repeated: it is a secret.
    RESULT_WEBHOOK_SECRET: z
      .string()
      .refine((text) => readKeys(text) !== null, { error: `not readable; allowed: ${ALLOWED_KEYS}` })
      .optional(),
    RESULT_WEBHOOK_SECRET_FILE: z.string().optional(),
    ...connectionVariables.pick({ HTTPS_PROXY: true, NO_PROXY: true }).shape,
  })
  .superRefine((given, context) => {
    const {
      RESULT_WEBHOOK_URL: url,
      RESULT_WEBHOOK_SECRET: secret,
      RESULT_WEBHOOK_SECRET_FILE: file,
    } = given;
    const refuse = (message: string): void =>
      context.addIssue({ code: "custom", path: ["RESULT_WEBHOOK_SECRET"], message });
    if (secret !== undefined && file !== undefined)
      refuse("given beside RESULT_WEBHOOK_SECRET_FILE; allowed: one of them");
    const isBeyond = url !== undefined && URL.canParse(url) && !isLoopback(new URL(url).hostname);
    if (isBeyond && secret === undefined && file === undefined)
      refuse(`given nothing; allowed with a RESULT_WEBHOOK_URL beyond loopback: ${ALLOWED_KEYS}`);
  });

export function toWebhookSettings(given: z.output<typeof resultWebhookVariables>): WebhookSettings | null {
  const { RESULT_WEBHOOK_URL: url, RESULT_WEBHOOK_SECRET: value, RESULT_WEBHOOK_SECRET_FILE: file } = given;
  if (url === undefined) return null;
  const secret = value !== undefined ? { value } : file !== undefined ? { file } : null;
  const { HTTPS_PROXY: httpsProxy = null, NO_PROXY: noProxy } = given;
  return { url, secret, egress: { verifySsl: true, httpsProxy, noProxy } };
}
