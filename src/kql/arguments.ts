/** The arguments that the query actions share, each with the SOAR's name, default and description. */
import type { z } from "zod";
import { choice, optionalText, requiredList, textList, wholeNumber } from "../contract/arguments.ts";
import { Failure } from "../contract/failure.ts";
import { refusing, show } from "../contract/refusal.ts";
import { IDENTIFIER_RULE, isIdentifier } from "./identifiers.ts";
import { ISO_TIME_RULE, parseIsoTime } from "./iso-time.ts";
import { DEFAULT_SORT_FIELD } from "./query.ts";
import { type TimeFrame, type TimeRequest, timeProblem } from "./time-frame.ts";

const MAX_ROWS = 100_000;

export const maxResults = wholeNumber(
  "Specify how many results to return. At most 100000.",
  50,
  1,
  `"Max Results To Return" must be greater than 0.`,
).refine((count) => count <= MAX_ROWS, refusing(`1 to ${MAX_ROWS}`));

function refuseNames(names: readonly string[], context: z.RefinementCtx): void {
  const bad = names.filter((name) => !isIdentifier(name));
  if (bad.length === 0) return;
  const message = `given ${bad.map(show).join(", ")}; allowed: ${IDENTIFIER_RULE}`;
  context.addIssue({ code: "custom", message });
}

function refuseName(name: string | null, context: z.RefinementCtx): void {
  if (name !== null) refuseNames([name], context);
}

/** A column name that may be missing or empty: then null. */
export function columnName(description: string) {
  return optionalText(description).superRefine(refuseName);
}

/** A check for KQL text: what `read` refuses is refused at enqueue, with its reason. */
export function readableBy(read: (text: string) => unknown) {
  return (text: string | null, context: z.RefinementCtx): void => {
    if (text === null) return;
    try {
      read(text);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      context.addIssue({ code: "custom", message: `given ${show(text)}; ${error.message}` });
    }
  };
}

/** Aborts: the checks of the whole input read it as a time. */
function time(description: string) {
  return optionalText(description).refine((text) => text === null || parseIsoTime(text) !== null, {
    ...refusing(ISO_TIME_RULE),
    abort: true,
  });
}

const FRAMES = {
  "Last Hour": { label: "Last Hour" },
  "Last 6 Hours": { label: "Last 6 Hours" },
  "Last 24 Hours": { label: "Last 24 Hours" },
  "Last Week": { label: "Last Week" },
  "Last Month": { label: "Last Month" },
  Custom: { label: "Custom" },
} as const satisfies Record<TimeFrame, { label: string }>;

const ORDERS = {
  ASC: { label: "ASC", aliases: ["ascending"] },
  DESC: { label: "DESC", aliases: ["descending"] },
} as const;

const SORT_FIELD =
  "Specify what parameter should be used for sorting. Timestamp stands for the time column of the tables.";

/** What Execute Query and Execute Entity Query have in common. */
export const tableQueryArguments = {
  table_names: requiredList("Specify what tables should be queried.").superRefine(refuseNames),
  time_frame: choice(
    `Specify a time frame for the results. If "Custom" is selected, you also need to provide "Start Time".`,
    FRAMES,
    "Last Hour",
  ),
  start_time: time(
    `Specify the start time for the results. Format: ISO 8601. Mandatory if Time Frame is "Custom".`,
  ),
  end_time: time(
    `Specify the end time for the results. Format: ISO 8601. Uses current time if Time Frame is "Custom" and this is empty.`,
  ),
  fields_to_return: textList("Specify what fields to return.").superRefine(refuseNames),
  sort_field: columnName(SORT_FIELD)
    .transform((name) => name ?? DEFAULT_SORT_FIELD)
    .meta({ description: SORT_FIELD, default: DEFAULT_SORT_FIELD }),
  sort_order: choice("Specify the order of sorting.", ORDERS, "ASC"),
  max_results_to_return: maxResults,
};

/** A start this far ahead is wrong by any clock; the exact judgement follows at the run, on Redis's clock. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** Refuses what can be told of a time frame at enqueue, before the job has its own clock. */
export function refuseImpossibleTimes(input: TimeRequest, context: z.RefinementCtx): void {
  const problem = timeProblem(input, new Date(Date.now() + CLOCK_SKEW_MS));
  if (problem !== null) {
    context.addIssue({ code: "custom", path: [problem.argument], message: problem.message });
  }
}
