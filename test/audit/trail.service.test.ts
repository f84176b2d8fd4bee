/** The trail in a real Redis: appended to, read by page, followed, cut by age alone. */
import { Redis } from "ioredis";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { type AuditDraft, trailKey, writeEntry } from "../../src/audit/entry.ts";
import { AuditReader, type AuditRecord } from "../../src/audit/reader.ts";
import { Trail } from "../../src/audit/trail.ts";
import { randomPrefix } from "../support/prefix.ts";

function openTrail() {
  const redis = new Redis(inject("redisUrl"));
  onTestFinished(() => redis.disconnect());
  const prefix = randomPrefix();
  const lost: unknown[] = [];
  const trail = new Trail({ redis, prefix, onLost: (error) => lost.push(error) });
  return { redis, prefix, key: trailKey(prefix), trail, lost, reader: new AuditReader(redis, prefix) };
}

const done = (case_id: string, more: Partial<AuditDraft> = {}): AuditDraft => ({
  verb: "cancel",
  via: "http",
  case_id,
  ...more,
});

async function all(records: AsyncIterable<AuditRecord>): Promise<AuditRecord[]> {
  const found: AuditRecord[] = [];
  for await (const record of records) found.push(record);
  return found;
}

const casesOf = (records: readonly AuditRecord[]) => records.map(({ entry }) => entry?.case_id);

describe("the trail", () => {
  it("is read over many pages, whole or the newest of it, without loss and in order", async () => {
    const { trail, reader } = openTrail();
    const names = Array.from({ length: 1_203 }, (_, index) => `case ${index}`);
    await Promise.all(names.map((name) => trail.append(done(name))));
    const until = await reader.last();
    expect(casesOf(await all(reader.read({}, { sinceMs: 0, until })))).toEqual(names);
    expect(casesOf(await reader.newest({}, { sinceMs: 0, until }, 700))).toEqual(names.slice(-700));
    expect(await reader.newest({}, { sinceMs: Date.now() + 60_000, until: "+" }, 700)).toEqual([]);
  });

  it("is asked for a case, an incident or a name, on whichever side that stands", async () => {
    const { trail, reader } = openTrail();
    await trail.append(done("1", { caller: "siem" }));
    await trail.append(done("2", { requested_by: "ada", incident_id: "29" }));
    await trail.append(done("3", { caller: "ada" }));
    const find = async (filter: object) =>
      casesOf(await all(reader.read(filter, { sinceMs: 0, until: "+" })));
    expect(await find({ by: "ada" })).toEqual(["2", "3"]);
    expect(await find({ by: "ada", caseId: "3" })).toEqual(["3"]);
    expect(await find({ incidentId: "29" })).toEqual(["2"]);
    expect(await find({ caseId: "4" })).toEqual([]);
  });

  it("shows what is no entry of ours to whoever asks for all, and stumbles over none", async () => {
    const { redis, key, trail, reader } = openTrail();
    await redis.xadd(key, "*", "entry", '{"v":2}');
    await redis.xadd(key, "*", "else", "x");
    await trail.append(done("1"));
    const records = await all(reader.read({}, { sinceMs: 0, until: "+" }));
    expect(records.map(({ entry, text }) => [entry?.case_id, text])).toEqual([
      [undefined, '{"v":2}'],
      [undefined, '["else","x"]'],
      ["1", writeEntry(done("1"))],
    ]);
    expect(await all(reader.read({ caseId: "1" }, { sinceMs: 0, until: "+" }))).toHaveLength(1);
  });

  it("is followed from where it was read, until the signal", async () => {
    const { trail, reader, prefix } = openTrail();
    await trail.append(done("before"));
    const after = await reader.last();
    const stop = new AbortController();
    const follower = new AuditReader(new Redis(inject("redisUrl"), { maxRetriesPerRequest: null }), prefix);
    const followed = follower.follow({}, after, stop.signal);
    const first = followed.next();
    await trail.append(done("first"));
    await trail.append(done("second"));
    expect(
      [(await first).value, (await followed.next()).value].map((record) => record?.entry?.case_id),
    ).toEqual(["first", "second"]);
    const next = followed.next();
    stop.abort();
    expect((await next).done).toBe(true);
  });

  it("loses what is too old and nothing else", async () => {
    const { redis, key, trail, reader } = openTrail();
    const [seconds] = await redis.time();
    const oldMs = Number(seconds) * 1_000 - 3_600_000;
    const add = async (ms: number, from: number, to: number): Promise<void> => {
      for (let n = from; n < to; n += 1)
        await redis.xadd(key, `${ms}-${n}`, "entry", writeEntry(done(`${n}`)));
    };
    // Redis drops whole nodes of a hundred.
    await add(oldMs, 1, 301);
    await add(oldMs + 1_800_000, 1, 301);
    await trail.append(done("new"));
    await trail.trim(2_700_000);
    const left = casesOf(await all(reader.read({}, { sinceMs: 0, until: "+" })));
    expect(left.length).toBeGreaterThanOrEqual(301);
    expect(left.length).toBeLessThanOrEqual(401);
    expect(left.at(-1)).toBe("new");
    await trail.trim(86_400_000);
    expect(await redis.xlen(key)).toBe(left.length);
  });

  it("that cannot be written says so, to whoever must not go on and to whoever does", async () => {
    const { redis, key, trail, lost } = openTrail();
    await redis.set(key, "in the way");
    await expect(trail.append(done("1"))).rejects.toThrow("WRONGTYPE");
    await trail.note(done("2"));
    await trail.flush();
    expect(lost).toHaveLength(2);
  });
});
