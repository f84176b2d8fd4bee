/** Reads the audit trail, page by page. Never writes. */
import { z } from "zod";
import type { RedisClient } from "../redis-script.ts";
import { type AuditEntry, cut, readEntry, trailKey } from "./entry.ts";

export interface AuditRecord {
  /** Of the stream: entries in their order. */
  id: string;
  /** On Redis's clock. */
  at: string;
  /** Null for what is no entry of ours, or of a later version. */
  entry: AuditEntry | null;
  /** As it lies there. */
  text: string;
}

export interface AuditFilter {
  caseId?: string | undefined;
  incidentId?: string | undefined;
  /** Caller or requested by. */
  by?: string | undefined;
}

const PAGE = 500;
const BLOCK_MS = 5_000;

const pageSchema = z.array(z.tuple([z.string(), z.array(z.string())]));
/** With one stream asked for. */
const newsSchema = z.tuple([z.tuple([z.string(), pageSchema])]).nullable();

export class AuditReader {
  readonly #redis: RedisClient;
  readonly #key: string;

  constructor(redis: RedisClient, prefix: string) {
    this.#redis = redis;
    this.#key = trailKey(prefix);
  }

  /** The id of the newest entry, to follow from. */
  async last(): Promise<string> {
    const [newest] = pageSchema.parse(await this.#redis.xrevrange(this.#key, "+", "-", "COUNT", 1));
    return newest?.[0] ?? "0";
  }

  /** Oldest first, up to and with `until`. */
  async *read(filter: AuditFilter, { sinceMs, until }: Span): AsyncGenerator<AuditRecord, void> {
    for (let from = `${sinceMs}`; ; ) {
      const page = pageSchema.parse(await this.#redis.xrange(this.#key, from, until, "COUNT", PAGE));
      yield* toRecords(page).filter((record) => isMeant(record, filter));
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      from = `(${last[0]}`;
    }
  }

  /** The newest of them, oldest first. */
  async newest(filter: AuditFilter, { sinceMs, until }: Span, limit: number): Promise<AuditRecord[]> {
    const found: AuditRecord[] = [];
    for (let from = until; ; ) {
      const page = pageSchema.parse(
        await this.#redis.xrevrange(this.#key, from, `${sinceMs}`, "COUNT", PAGE),
      );
      found.push(...toRecords(page).filter((record) => isMeant(record, filter)));
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE || found.length >= limit)
        return found.slice(0, limit).reverse();
      from = `(${last[0]}`;
    }
  }

  /** Every entry behind `after`, until the signal comes. Blocks its connection, which is then closed. */
  async *follow(filter: AuditFilter, after: string, signal: AbortSignal): AsyncGenerator<AuditRecord, void> {
    signal.addEventListener("abort", () => this.#redis.disconnect(), { once: true });
    for (let last = after; !signal.aborted; ) {
      const asked = this.#redis.xread("COUNT", PAGE, "BLOCK", BLOCK_MS, "STREAMS", this.#key, last);
      const news = await asked.catch((error: unknown) => {
        if (signal.aborted) return null;
        throw error;
      });
      const [[, page] = ["", []]] = newsSchema.parse(news) ?? [];
      yield* toRecords(page).filter((record) => isMeant(record, filter));
      last = page.at(-1)?.[0] ?? last;
    }
  }
}

export interface Span {
  /** Unix time. */
  sinceMs: number;
  /** An entry's id. */
  until: string;
}

function toRecords(page: z.output<typeof pageSchema>): AuditRecord[] {
  return page.map(([id, fields]) => {
    const [name, value = ""] = fields;
    const text = name === "entry" ? value : JSON.stringify(fields);
    return { id, at: new Date(Number.parseInt(id, 10)).toISOString(), entry: readEntry(text), text };
  });
}

/** What cannot be read is nobody's: it is shown to whoever asks for all. */
function isMeant({ entry }: AuditRecord, { caseId, incidentId, by }: AuditFilter): boolean {
  const is = (wanted: string | undefined, ...given: (string | null | undefined)[]): boolean =>
    wanted === undefined || given.includes(cut(wanted));
  return (
    is(caseId, entry?.case_id) &&
    is(incidentId, entry?.incident_id) &&
    is(by, entry?.caller, entry?.requested_by)
  );
}
