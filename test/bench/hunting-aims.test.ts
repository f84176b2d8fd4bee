import { expect, test } from "vitest";
import { huntingAims, huntingFacts } from "./hunting-aims.ts";
import type { AnswerFigures } from "./hunting-answer.ts";
import type { QueryFigures } from "./hunting-query.ts";

const QUERY: QueryFigures = {
  entities: 500,
  bytes: 62_000,
  builtMs: [4],
  firstCheckMs: 1_900,
  checkedMs: [50],
  longestPauseMs: 15,
};
const ANSWER: AnswerFigures = {
  rows: 100_000,
  rawBytes: 50_000_000,
  storedBytes: 10_000_000,
  restingBytes: 240_000_000,
  storedMs: 4_000,
  one: { mostBytes: 440_000_000, longestPauseMs: 60 },
  two: { mostBytes: 600_000_000, longestPauseMs: 60 },
  othersBeforeMs: [20],
  othersMs: [30],
  readMs: 2_000,
  readBytes: 50_000_000,
  readerBytes: 130_000_000,
};
const missed = (query: Partial<QueryFigures>, answer: Partial<AnswerFigures>): string[] =>
  huntingAims({ query: { ...QUERY, ...query }, answer: { ...ANSWER, ...answer } })
    .filter(({ isMet }) => !isMet)
    .map(({ what }) => what.split(":")[0] ?? "");

test("what was measured misses an aim only when it is past it", () => {
  expect(missed({}, {})).toEqual([]);
  expect(missed({ builtMs: [6], checkedMs: [61], longestPauseMs: 21 }, {})).toHaveLength(3);
  expect(missed({}, { one: { mostBytes: 451_000_000, longestPauseMs: 101 } })).toHaveLength(2);
  expect(missed({}, { two: { mostBytes: 0, longestPauseMs: 101 }, othersMs: [1_001] })).toHaveLength(2);
});

test("only what was measured is told", () => {
  expect(huntingAims({ query: QUERY, answer: null })).toHaveLength(3);
  expect(huntingFacts({ query: null, answer: null })).toEqual([]);
  expect(huntingFacts({ query: null, answer: ANSWER })[0]).toContain("(1 to 5.0)");
});
