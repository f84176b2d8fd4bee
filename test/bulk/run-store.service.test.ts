/** A run as producers make and steer it. */
import { describe, expect, it } from "vitest";
import { items, KEEP_MS, openRuns, specOf } from "./opened-runs.ts";

const DRAFT = { isDraft: true, keepMs: KEEP_MS };
const RUN = { isDraft: false, keepMs: KEEP_MS };

describe("a run", () => {
  it("folds and counts ids that it has already, across calls and however they are spread", async () => {
    const { store, reader } = openRuns();
    await store.create(specOf(), RUN);
    const ids = ["1", "99", "100", "101", "199", "200", "9223372036854775807"];
    expect(await store.addItems("r1", items(...ids, "100"))).toEqual({ added: 7, repeated: 1 });
    expect(await store.addItems("r1", items("200", "201", "2"))).toEqual({ added: 2, repeated: 1 });
    expect((await reader.status("r1"))?.counts).toMatchObject({ read: 11, selected: 9, waiting: 9 });
  });

  it("keeps what it was made with", async () => {
    const { store, reader } = openRuns();
    const spec = specOf({ max_failures: { count: 3 }, limit: 7, requested_by: "grace" });
    await store.create(spec, RUN);
    expect(await reader.status("r1")).toMatchObject({
      ...spec,
      state: "selecting",
      reason: null,
      is_draft: false,
      is_selected: false,
      started_at: null,
    });
  });

  it("goes to work when its selection ends, and takes no more items then", async () => {
    const { store, reader } = openRuns();
    await store.create(specOf(), RUN);
    await store.addItems("r1", items(1));
    await store.endSelection("r1");
    expect(await reader.status("r1")).toMatchObject({ state: "running", is_selected: true });
    await expect(store.addItems("r1", items(2))).rejects.toMatchObject({
      code: "conflict",
      message: 'run "r1" is running and takes no more items',
    });
  });

  it("is paused, resumed and cancelled, each also twice, and never resumed after its end", async () => {
    const { store } = openRuns();
    await store.create(specOf(), RUN);
    await store.endSelection("r1");
    expect(await store.pause("r1", "lunch")).toMatchObject({ state: "paused", reason: "lunch" });
    expect(await store.pause("r1", "again")).toMatchObject({ state: "paused", reason: "lunch" });
    expect(await store.resume("r1")).toMatchObject({ state: "running", reason: null });
    expect(await store.resume("r1")).toMatchObject({ state: "running" });
    expect(await store.cancel("r1")).toMatchObject({ state: "cancelled" });
    expect(await store.cancel("r1")).toMatchObject({ state: "cancelled" });
    await expect(store.resume("r1")).rejects.toMatchObject({
      code: "conflict",
      message: 'run "r1" is cancelled and can\'t be resumed',
    });
  });

  it("goes on with its selection when it was paused in it", async () => {
    const { store } = openRuns();
    await store.create(specOf(), RUN);
    await store.pause("r1", null);
    expect(await store.addItems("r1", items(1))).toEqual({ added: 1, repeated: 0 });
    expect(await store.resume("r1")).toMatchObject({ state: "selecting" });
  });

  it("is refused under an id that is taken", async () => {
    const { store } = openRuns();
    await store.create(specOf(), RUN);
    await expect(store.create(specOf({ case_id: "other" }), RUN)).rejects.toMatchObject({ code: "conflict" });
  });

  it.each(["start", "pause", "resume", "cancel", "retryFailed", "endSelection"] as const)(
    "that does not exist is not found by %s",
    async (verb) => {
      const { store } = openRuns();
      await expect(store[verb]("none")).rejects.toMatchObject({ code: "not_found" });
    },
  );

  it("that is over is kept for as long as its report, with all it has", async () => {
    const { store, redis, prefix } = openRuns();
    await store.create(specOf(), RUN);
    await store.addItems("r1", items(1, 2));
    const keys = await redis.keys(`${prefix}:{run-r1}:*`);
    expect(await Promise.all(keys.map((key) => redis.pttl(key)))).toEqual(keys.map(() => -1));
    await store.cancel("r1");
    for (const key of keys) expect(await redis.pttl(key)).toBeGreaterThan(KEEP_MS - 60_000);
  });
});

describe("a draft", () => {
  it("is in no list, and is forgotten after an hour", async () => {
    const { store, reader, redis, prefix } = openRuns();
    await store.create(specOf(), DRAFT);
    await store.addItems("r1", items(1, 2));
    expect(await reader.list()).toEqual([]);
    const keys = await redis.keys(`${prefix}:{run-r1}:*`);
    expect(keys).toHaveLength(3);
    for (const key of keys) expect(await redis.pttl(key)).toBeLessThanOrEqual(3_600_000);
    for (const key of keys) expect(await redis.pttl(key)).toBeGreaterThan(0);
  });

  it("becomes a run that selects nothing anew, and lasts", async () => {
    const { store, reader, redis, prefix } = openRuns();
    await store.create(specOf(), DRAFT);
    await store.addItems("r1", items(1, 2));
    await store.endSelection("r1");
    expect(await reader.status("r1")).toMatchObject({
      state: "selecting",
      is_draft: true,
      is_selected: true,
    });
    expect(await store.start("r1")).toMatchObject({
      state: "running",
      is_draft: false,
      counts: { selected: 2 },
    });
    expect(await store.start("r1")).toMatchObject({ state: "running" });
    expect((await reader.list()).map(({ run_id }) => run_id)).toEqual(["r1"]);
    for (const key of await redis.keys(`${prefix}:{run-r1}:*`)) expect(await redis.pttl(key)).toBe(-1);
  });

  it("forgets what it selected when it is cancelled", async () => {
    const { store, redis, prefix } = openRuns();
    await store.create(specOf(), DRAFT);
    await store.addItems("r1", items(1, 2));
    await store.cancel("r1");
    expect(await redis.keys(`${prefix}:{run-r1}:*`)).toEqual([`${prefix}:{run-r1}:run`]);
  });

  it("cannot be paused", async () => {
    const { store } = openRuns();
    await store.create(specOf(), DRAFT);
    await expect(store.pause("r1", null)).rejects.toMatchObject({
      message: 'run "r1" is a draft and can\'t be paused',
    });
  });
});

it("runs are listed newest first", async () => {
  const { store, reader } = openRuns();
  for (const run_id of ["a", "b", "c"]) {
    await store.create(specOf({ run_id }), RUN);
    // Made in the same millisecond, they would have no order.
    const { created_at } = await store.pause(run_id, null);
    await expect.poll(() => Date.now()).toBeGreaterThan(Date.parse(created_at));
  }
  expect((await reader.list()).map(({ run_id }) => run_id)).toEqual(["c", "b", "a"]);
});
