/** Reads results; never writes. A queued record past its time is read as expired even when no worker lives. */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { z } from "zod";
import type { Note } from "../contract/define-action.ts";
import { Failure } from "../contract/failure.ts";
import type { Priority } from "../contract/job.ts";
import { ROWS_PER_PAGE } from "../contract/ports.ts";
import type { Result } from "../contract/result.ts";
import { Stops } from "../queue/stops.ts";
import type { RedisClient } from "../redis-script.ts";
import { caseKeys, incidentJobsKey, type JobRef } from "./keys.ts";
import { type Head, parseRecord, type ResultRecord, toResult, withoutRows } from "./record.ts";
import { read } from "./scripts.ts";

/** Records read by one script call. */
const BATCH = 100;

const unzip = promisify(gunzip);
const readReply = z.tuple([z.coerce.number()]).rest(z.array(z.string()));
const rowsPage = z.array(z.unknown());

export interface RowsPage {
  rows: unknown[];
  total: number;
}

/** A result, and what only those need who decide about the job. */
export interface Standing {
  result: Result;
  generation: number;
  priority: Priority;
  /** The write whose outcome is open. */
  openWrite: { note: Note; sentAtMs: number } | null;
}

export class ResultReader {
  readonly #redis: RedisClient;
  readonly #prefix: string;
  readonly #stops: Stops;
  readonly #sees: (head: Head) => boolean;

  /** `sees`: which jobs there are for whoever reads; default all. */
  constructor(redis: RedisClient, prefix: string, sees: (head: Head) => boolean = () => true) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#sees = sees;
    this.#stops = new Stops(redis, prefix);
  }

  /** Null when the job is not known, or its result has expired. */
  async result(ref: JobRef): Promise<Result | null> {
    const [result] = await this.#readMany(ref.caseId, [ref.jobId]);
    return result ?? null;
  }

  /** Null when the job is not known, or its result has expired. The result is without rows. */
  async standing(ref: JobRef): Promise<Standing | null> {
    const { record, nowMs } = await this.#readOne(ref);
    if (record === null) return null;
    const { gen: generation, note, note_ms: sentAtMs } = record;
    const openWrite = note === undefined || sentAtMs === undefined ? null : { note, sentAtMs };
    const [result = toResult(record, nowMs)] = await this.#stops.explain([toResult(record, nowMs)]);
    return { result, generation, priority: record.head.priority, openWrite };
  }

  /** All results of a case, oldest first. */
  async resultsForCase(caseId: string): Promise<Result[]> {
    return await this.#readMany(
      caseId,
      await this.#redis.zrange(caseKeys(this.#prefix, caseId).jobs, "0", "-1"),
    );
  }

  /** Those of a case that were asked for last, newest first, and how many there are. */
  async latestOfCase(
    caseId: string,
    { offset, limit }: { offset: number; limit: number },
  ): Promise<{ results: Result[]; total: number }> {
    const { jobs } = caseKeys(this.#prefix, caseId);
    const [ids, total] = await Promise.all([
      this.#redis.zrevrange(jobs, offset, offset + limit - 1),
      this.#redis.zcard(jobs),
    ]);
    return { results: await this.#readMany(caseId, ids), total };
  }

  /** What changed in a case after `cursor`, in the order of the changes. Steps in between may be left out, last states never. */
  async changesSince(caseId: string, cursor: string): Promise<Result[]> {
    const listed = await this.#redis.zrange(
      caseKeys(this.#prefix, caseId).changes,
      `(${cursor}`,
      "+inf",
      "BYSCORE",
      "WITHSCORES",
    );
    const ids = listed.filter((_, index) => index % 2 === 0);
    const horizon = Number(listed.at(-1));
    // What has changed since is left to the next look: whoever went on from its cursor would pass over others that changed before it.
    const results = (await this.#readMany(caseId, ids)).filter((result) => Number(result.cursor) <= horizon);
    return results.sort((left, right) => Number(left.cursor) - Number(right.cursor));
  }

  /** Results that concern an incident of an instance, oldest first, over all cases. */
  async resultsForIncident(instance: string, incidentId: string): Promise<Result[]> {
    const pairs = await this.#redis.zrange(incidentJobsKey(this.#prefix, instance, incidentId), "0", "-1");
    const refs = pairs.map((pair) => z.tuple([z.string(), z.string()]).parse(JSON.parse(pair)));
    const results = await Promise.all(refs.map(([caseId, jobId]) => this.result({ caseId, jobId })));
    return results.filter((result) => result !== null);
  }

  /**
   * Rows `offset` to `offset + limit` of a query's answer, and how many there are in all. Null when the job is not known; throws
   * `not_found` when its rows are not kept any more.
   */
  async rows(ref: JobRef, { offset, limit }: { offset: number; limit: number }): Promise<RowsPage | null> {
    const { record } = await this.#readOne(ref);
    if (record === null) return null;
    const rows = record.rows_expired === undefined ? await this.#slice(record, offset, limit) : null;
    if (rows === null) throw rowsExpired(ref);
    return { rows, total: record.findings?.row_count ?? 0 };
  }

  async #readOne({ caseId, jobId }: JobRef): Promise<{ record: ResultRecord | null; nowMs: number }> {
    const key = caseKeys(this.#prefix, caseId).record(jobId);
    const [nowMs, flat = []] = readReply.parse(await read(this.#redis, [key], []));
    return { record: this.#parse(flat), nowMs };
  }

  async #readMany(caseId: string, jobIds: readonly string[]): Promise<Result[]> {
    const keys = caseKeys(this.#prefix, caseId);
    const results: Result[] = [];
    for (let from = 0; from < jobIds.length; from += BATCH) {
      const batch = jobIds.slice(from, from + BATCH).map((jobId) => keys.record(jobId));
      const [nowMs, ...hashes] = readReply.parse(await read(this.#redis, batch, []));
      const records = hashes.map((flat) => this.#parse(flat)).filter((record) => record !== null);
      results.push(...(await Promise.all(records.map((record) => this.#withRows(record, nowMs)))));
    }
    return await this.#stops.explain(results);
  }

  #parse(flat: readonly string[]): ResultRecord | null {
    const record = parseRecord(flat);
    return record === null || !this.#sees(record.head) ? null : record;
  }

  async #withRows(record: ResultRecord, nowMs: number): Promise<Result> {
    const result = toResult(record, nowMs);
    if (record.rows_key === "") return result;
    const rows = await this.#slice(record, 0, record.inline_rows);
    return rows === null ? withoutRows(result) : { ...result, json_result: rows };
  }

  /** Null when a page that there should be is gone: it may go between the read of the record and this one. */
  async #slice(record: ResultRecord, offset: number, limit: number): Promise<unknown[] | null> {
    if (record.rows_key === "" || limit <= 0) return [];
    const first = Math.floor(offset / ROWS_PER_PAGE);
    const last = Math.floor((offset + limit - 1) / ROWS_PER_PAGE);
    const pages: unknown[] = [];
    for (let number = first; number <= last; number += 1) {
      const page = await this.#redis.hgetBuffer(record.rows_key, String(number));
      if (page === null && number * ROWS_PER_PAGE < (record.findings?.row_count ?? 0)) return null;
      if (page === null) break;
      pages.push(...rowsPage.parse(JSON.parse((await unzip(page)).toString("utf8"))));
    }
    return pages.slice(offset - first * ROWS_PER_PAGE, offset - first * ROWS_PER_PAGE + limit);
  }
}

/** The rows of a query had to make room for newer ones. */
export function rowsExpired({ caseId, jobId }: JobRef): Failure {
  return new Failure(
    "not_found",
    `the rows of job ${JSON.stringify(jobId)} in case ${JSON.stringify(caseId)} are not kept any more: RESULT_MEMORY was reached`,
    { hint: "Run the query again." },
  );
}
