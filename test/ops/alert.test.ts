import { describe, expect, it } from "vitest";
import { findTroubles } from "../../src/ops/alert.ts";
import type { QueueState } from "../../src/ops/queue-state.ts";
import type { Situation } from "../../src/ops/situation.ts";
import type { Stop } from "../../src/queue/stops.ts";

const NOW_MS = Date.parse("2026-03-01T12:00:00Z");
const MINUTE_MS = 60_000;

const QUIET: QueueState = {
  queue: {
    name: "defender-default-incidents",
    instance: "default",
    lane: "incidents",
    priority: "interactive",
  },
  counts: {},
  oldestAgeMs: 0,
  workers: 1,
  unsettled: 0,
  refused: 0,
  dead: new Map(),
  heldMs: 0,
  isPaused: false,
  lastEndMs: 0,
};

function situationWith(state: Partial<QueueState>, more: Partial<Situation> = {}): Situation {
  return {
    nowMs: NOW_MS,
    figures: [{ ...QUIET, ...state }],
    bulk: [],
    memory: { used: 1, max: 100 },
    stops: [],
    ends: [],
    refusals: [],
    ...more,
  };
}

const keysOf = (situation: Situation): string[] => findTroubles(situation).map(({ key }) => key);

function stopOf(more: Partial<Stop>): Stop {
  const since = new Date(NOW_MS - 16 * MINUTE_MS).toISOString();
  return { instance: null, lane: null, writes: false, by: "ada", why: "<b>canary</b>", since, ...more };
}

describe("trouble is", () => {
  it.each(["waiting", "delayed", "active"])("a job that is %s where no worker listens", (state) => {
    const counts = { [state]: 1 };
    expect(findTroubles(situationWith({ counts, workers: 0 }))).toMatchObject([
      {
        severity: "critical",
        text: "no worker listens to incidents (interactive) of default, which has 1 job to do",
      },
    ]);
    expect(keysOf(situationWith({ counts }))).toEqual([]);
    expect(keysOf(situationWith({ workers: 0 }))).toEqual([]);
  });

  it("each reason why jobs are dead, by itself", () => {
    const dead = new Map([
      ["not_found", 1],
      ["other", 1_200],
    ] as const);
    expect(findTroubles(situationWith({ dead })).map(({ key, text }) => [key, text])).toEqual([
      [
        "dead:defender-default-incidents:not_found",
        "1 job on incidents (interactive) of default failed for good within a day, as not_found",
      ],
      [
        "dead:defender-default-incidents:other",
        "1,200 jobs on incidents (interactive) of default failed for good within a day",
      ],
    ]);
  });

  it("a queue that is held while none of its jobs ends, or that is paused on the board", () => {
    const held = ["held:defender-default-incidents"];
    expect(keysOf(situationWith({ heldMs: 1, lastEndMs: NOW_MS - 3 * MINUTE_MS }))).toEqual(held);
    expect(keysOf(situationWith({ heldMs: 1, lastEndMs: NOW_MS - MINUTE_MS }))).toEqual([]);
    expect(keysOf(situationWith({ isPaused: true, lastEndMs: NOW_MS }))).toEqual(held);
  });

  it("what a person paused over 15 minutes ago: once, whatever it holds, and without their words", () => {
    const held = { heldMs: 1, isPaused: true };
    const told = findTroubles(situationWith(held, { stops: [stopOf({})] }));
    expect(told.map(({ key, text }) => [key, text])).toEqual([
      [
        "paused:*|*|*",
        "somebody paused everything of all instances over 15 minutes ago; defender-actions unpause lets it go on",
      ],
    ]);
    const writes = stopOf({ instance: "default", lane: "incidents", writes: true });
    expect(findTroubles(situationWith({}, { stops: [writes] }))[0]?.text).toMatch(
      /^somebody paused writes on incidents of default over/,
    );
    const young = stopOf({ since: new Date(NOW_MS - 14 * MINUTE_MS).toISOString() });
    expect(keysOf(situationWith(held, { stops: [young] }))).toEqual([]);
  });

  it("a bulk run that paused itself, and not one that a person paused", () => {
    const runs = { selecting: 0, running: 0, paused: 1 };
    const items = { changed: 0, unchanged: 0, skipped: 0, failed: 0, waiting: 0, in_hand: 0 };
    const bulkWith = (halted: number) => ({ instance: "default", runs, halted, items, workers: 1 });
    expect(findTroubles(situationWith({}, { bulk: [bulkWith(1)] }))).toMatchObject([
      { key: "runs-halted:default", text: "1 bulk run of default paused, for too many incidents failed" },
    ]);
    expect(keysOf(situationWith({}, { bulk: [bulkWith(0)] }))).toEqual([]);
  });

  it("a refused credential, told once, also where no job failed of it, and for a day at most", () => {
    const refusals = [
      { instance: "default", atMs: NOW_MS - MINUTE_MS },
      { instance: "gone", atMs: NOW_MS - 25 * 60 * MINUTE_MS },
    ];
    expect(keysOf(situationWith({ refused: 3 }, { refusals }))).toEqual(["refused:default"]);
    expect(keysOf(situationWith({}, { refusals }))).toEqual(["refused:default"]);
  });
});
