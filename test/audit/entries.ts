/** What lies in a prefix's audit trail. */
import { Redis } from "ioredis";
import { inject } from "vitest";
import type { AuditEntry } from "../../src/audit/entry.ts";
import { AuditReader } from "../../src/audit/reader.ts";

/** Oldest first; throws for one that cannot be read. */
export async function auditEntries(prefix: string): Promise<AuditEntry[]> {
  const redis = new Redis(inject("redisUrl"));
  try {
    const records = await new AuditReader(redis, prefix).newest({}, { sinceMs: 0, until: "+" }, 10_000);
    return records.map(({ entry, text }) => {
      if (entry === null) throw new Error(`unreadable: ${text}`);
      return entry;
    });
  } finally {
    redis.disconnect();
  }
}
