/** Runs a finished query and says what came of it, in the SOAR's words (`actions.md` part 2, 6.6). */
import type { ActionContext, Outcome } from "../contract/define-action.ts";
import { buildQuery, type TableQuery } from "./query.ts";
import { timeColumn } from "./tables.ts";
import { lostToRetention, resolveWindow, type TimeRequest, type Window } from "./time-frame.ts";

export interface BoundedQuery {
  kql: string;
  limit: number;
  /** Null: the query has a window of its own, or none. */
  window: Window | null;
  timespan?: string;
  warnings: readonly string[];
}

export async function hunt(query: BoundedQuery, context: ActionContext): Promise<Outcome> {
  const { kql, limit, timespan } = query;
  const rows = await context.defender.runHuntingQuery(timespan === undefined ? { kql } : { kql, timespan });
  const truncated = rows.rowCount >= limit;
  const warnings = [...query.warnings];
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

/** Resolves the time frame, as of the time of enqueue, and runs a query over tables. Every attempt asks the same. */
export async function huntTables(
  query: Omit<TableQuery, "window">,
  time: TimeRequest,
  context: ActionContext,
  warnings: readonly string[] = [],
): Promise<Outcome> {
  const anchor = context.job.enqueuedAt;
  const { window, warnings: timeWarnings } = resolveWindow(time, anchor);
  const { kql, warnings: queryWarnings } = buildQuery({ ...query, window });
  const native = query.tables.filter((table) => timeColumn(table) === "Timestamp");
  const lost = lostToRetention(window, anchor);
  const lostWarnings =
    lost === null || native.length === 0
      ? []
      : [`${native.join(", ")}: 30 days are kept, so nothing is found ${span(lost)} (UTC).`];
  // Without a timespan the service looks at 30 days, however far back the query itself reaches.
  const needsTimespan = lost !== null || query.tables.some((table) => timeColumn(table) === "TimeGenerated");
  return hunt(
    {
      kql,
      limit: query.limit,
      window,
      ...(needsTimespan ? { timespan: `${window.start.toISOString()}/${window.end.toISOString()}` } : {}),
      warnings: [...warnings, ...timeWarnings, ...lostWarnings, ...queryWarnings],
    },
    context,
  );
}

function span({ start, end }: Window): string {
  return `from ${start.toISOString()} to ${end.toISOString()}`;
}
