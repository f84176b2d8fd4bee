/** When an instance's credential ends, for `check`. */
import type { InstanceConfig } from "../src/config.ts";
import { credentialEndsAtMs } from "../src/defender/credential.ts";
import type { Finding } from "./finding.ts";

const SOON_MS = 30 * 86_400_000;

/** Null for one without a known end. Whether it still works is for the token to say. */
export async function credentialOf(instance: InstanceConfig, nowMs: number): Promise<Finding | null> {
  const atMs = await credentialEndsAtMs(instance);
  if (atMs === null) return null;
  return {
    check: "credential",
    instance: instance.name,
    ok: true,
    message: `ends on ${new Date(atMs).toISOString().slice(0, 10)}`,
    ...(atMs - nowMs < SOON_MS ? { hint: "Replace it before." } : {}),
  };
}
