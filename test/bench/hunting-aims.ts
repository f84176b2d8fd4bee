/** What the hunting bench wants, held against what it measured. */
import { type Aim, within } from "./aim.ts";
import { median, percentile } from "./figures.ts";
import type { AnswerFigures } from "./hunting-answer.ts";
import type { QueryFigures } from "./hunting-query.ts";

export interface HuntingFigures {
  conditions: string;
  query: QueryFigures | null;
  answer: AnswerFigures | null;
}

const MB = 1_000_000;

export function huntingAims({ query, answer }: Omit<HuntingFigures, "conditions">): Aim[] {
  return [...(query === null ? [] : aimsOfQuery(query)), ...(answer === null ? [] : aimsOfAnswer(answer))];
}

function aimsOfQuery({ entities, builtMs, checkedMs, longestPauseMs }: QueryFigures): Aim[] {
  return [
    within(`query over ${entities} entities: built, 95 %`, percentile(builtMs, 95), 5, "ms"),
    within("checked, 95 %", percentile(checkedMs, 95), 60, "ms"),
    within("longest pause of the event loop meanwhile", longestPauseMs, 20, "ms"),
  ];
}

function aimsOfAnswer({ one, two, othersMs, othersBeforeMs }: AnswerFigures): Aim[] {
  return [
    within("worker's memory with one big answer", one.mostBytes / MB, 450, "MB"),
    within("longest pause of its event loop", one.longestPauseMs, 100, "ms"),
    within("longest pause with two big answers", two.longestPauseMs, 100, "ms"),
    within(
      `small queries beside them, 95 % (before: ${percentile(othersBeforeMs, 95).toFixed(0)} ms)`,
      percentile(othersMs, 95),
      1_000,
      "ms",
    ),
  ];
}

/** What is told beside the aims. */
export function huntingFacts({ query, answer }: Omit<HuntingFigures, "conditions">): string[] {
  const facts: string[] = [];
  if (query !== null) {
    const { bytes, builtMs, firstCheckMs, checkedMs } = query;
    facts.push(
      `${(bytes / 1_000).toFixed(0)} kB of KQL: built in ${median(builtMs).toFixed(1)} ms, checked in ${median(checkedMs).toFixed(0)} ms (medians); the first check took ${(firstCheckMs / 1_000).toFixed(1)} s.`,
    );
  }
  if (answer !== null) {
    const { rows, rawBytes, storedBytes, restingBytes, storedMs, one, two, othersMs } = answer;
    const { readMs, readBytes, readerBytes } = answer;
    const inMb = (bytes: number): string => `${(bytes / MB).toFixed(0)} MB`;
    facts.push(
      `${rows} rows, ${inMb(rawBytes)}: stored in ${(storedMs / 1_000).toFixed(1)} s, as ${inMb(storedBytes)} (1 to ${(rawBytes / storedBytes).toFixed(1)}).`,
      `The worker took ${inMb(restingBytes)} at rest, ${inMb(one.mostBytes)} with one such answer, ${inMb(two.mostBytes)} with two at once; ${othersMs.length} small queries were answered meanwhile.`,
      `All rows read back by page: ${(readMs / 1_000).toFixed(1)} s for ${inMb(readBytes)}, in a process of ${inMb(readerBytes)}.`,
    );
  }
  return facts;
}
