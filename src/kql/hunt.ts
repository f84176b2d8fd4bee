/** Runs a finished query and says what came of it, in the SOAR's words (`actions.md` part 2, 6.6). */
import type { ActionContext, Outcome } from "../contract/define-action.ts";
import { judge, type OwnText } from "./problems.ts";
import { buildQuery, type TableQuery } from "./query.ts";
import { timeColumn } from "./tables.ts";
import { lostToRetention, resolveWindow, type TimeRequest, type Window } from "./time-frame.ts";

export interface BoundedQuery {
  kql: string;
  limit: number;
  /** Null: the query has a window of its own, or none. */
  window: Window | null;
  timespan?: string;
  /** The part of it that a person wrote; absent: all of it is ours, and needs no check. */
  own?: OwnText;
  warnings: readonly string[];
}

export async function hunt(query: BoundedQuery, context: ActionContext): Promise<Outcome> {
  const { kql, limit, timespan, own } = query;
  const findings =
    own === undefined ? [] : judge(await context.checkQuery(kql), own, context.settings.preflight);
  const rows = await context.defender.runHuntingQuery(timespan === undefined ? { kql } : { kql, timespan });
  const truncated = rows.rowCount >= limit;
  const warnings = [...query.warnings, ...findings];
  if (truncated) warnings.push(`The limit of ${limit} rows was reached; there may be more.`);
  const report = {
    kql,
    window: query.window && { start: query.window.start.toISOString(), end: query.window.end.toISOString() },
    schema: rows.schema,
    row_count: rows.rowCount,
    truncated,
  };
  if (rows.rowCount === 0) {
    const message = `No data was found for the query "${kql}" in Microsoft 365 Defender`;
    return {
      kind: "done",
      isSuccess: false,
      reason: "no_rows",
      message,
      json: null,
      warnings,
      query: report,
    };
  }
  const message = `Successfully executed query "${kql}" in Microsoft 365 Defender`;
  return { kind: "done", isSuccess: true, message, warnings, query: report, rows };
}

/** A query over tables; `own` says where in the caller's text its clauses begin, when there is such a text. */
export type TableHunt = Omit<TableQuery, "window" | "nativeWindow"> & {
  own?: Pick<OwnText, "text" | "from">;
};

/** Resolves the time frame, as of the time of enqueue, and runs a query over tables. Every attempt asks the same. */
export async function huntTables(
  query: TableHunt,
  time: TimeRequest,
  context: ActionContext,
  warnings: readonly string[] = [],
): Promise<Outcome> {
  const anchor = context.job.enqueuedAt;
  const { window, warnings: timeWarnings } = resolveWindow(time, anchor);
  const native = query.tables.filter((table) => timeColumn(table) === "Timestamp");
  const lost = native.length === 0 ? null : lostToRetention(window, anchor);
  const isAllLost = lost !== null && lost.end >= window.end;
  // A window that is gone altogether is asked for as it is: the service may have more than it promises.
  const nativeWindow = lost === null || isAllLost ? window : { start: lost.end, end: window.end };
  const { kql, clausesAt, warnings: queryWarnings } = buildQuery({ ...query, window, nativeWindow });
  const keepsLonger = query.tables.some((table) => timeColumn(table) === "TimeGenerated");
  const { own, clauses, limit } = query;
  return hunt(
    {
      kql,
      limit,
      window: keepsLonger ? window : nativeWindow,
      // Without a timespan the service looks at 30 days, however far back the query itself reaches.
      ...(keepsLonger || isAllLost ? { timespan: interval(window) } : {}),
      ...(own && { own: { ...own, at: clausesAt + PIPE.length, length: clauses.length - PIPE.length } }),
      warnings: [
        ...warnings,
        ...timeWarnings,
        ...(lost === null
          ? []
          : [`${native.join(", ")}: only 30 days are kept; lost is the time ${span(lost)} (UTC).`]),
        ...queryWarnings,
      ],
    },
    context,
  );
}

/** How a fragment's clauses begin. */
const PIPE = "| ";

function interval({ start, end }: Window): string {
  return `${start.toISOString()}/${end.toISOString()}`;
}

function span({ start, end }: Window): string {
  return `from ${start.toISOString()} to ${end.toISOString()}`;
}
