/** Signs what is sent to the webhook as Standard Webhooks says (https://www.standardwebhooks.com). */
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { SecretSource } from "../../settings/credential.ts";
import { readKeys } from "../../settings/result-webhook.ts";

/** The headers for one try. `id` stays the same over tries, the time does not. Each key signs, so that one can be replaced. */
export function signedHeaders(
  id: string,
  body: string,
  keys: readonly Buffer[],
  nowMs: number,
): Record<string, string> {
  const seconds = String(Math.floor(nowMs / 1_000));
  const signatures = keys.map(
    (key) => `v1,${createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64")}`,
  );
  return {
    "webhook-id": id,
    "webhook-timestamp": seconds,
    ...(signatures.length === 0 ? {} : { "webhook-signature": signatures.join(" ") }),
  };
}

/** From a file anew each time, so that a rotated key is used at once. Rejects without repeating any of it. */
export async function loadKeys(secret: SecretSource | null): Promise<readonly Buffer[]> {
  if (secret === null) return [];
  const text = "value" in secret ? secret.value : await readFile(secret.file, "utf8").catch(() => "");
  const keys = readKeys(text.trim().replaceAll(/\s+/g, ","));
  if (keys === null) throw new Error("RESULT_WEBHOOK_SECRET_FILE cannot be read, or holds no usable key");
  return keys;
}
