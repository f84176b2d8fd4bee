/** Runs a query action against a Defender that records what it is asked, and holds every query against Microsoft's parser. */
import { gzipSync } from "node:zlib";
import type { z } from "zod";
import type { ActionContext, Outcome } from "../../src/contract/define-action.ts";
import { Failure } from "../../src/contract/failure.ts";
import type { Defender, QueryProblem, RowSet } from "../../src/contract/ports.ts";
import { diagnose } from "../../src/kql/parser.ts";
import { parseKql } from "../support/kusto.ts";

export const ENQUEUED_AT = new Date("2026-03-18T10:30:00.000Z");

interface QueryAction<Input> {
  input: z.ZodType<Input>;
  run(input: Input, context: ActionContext): Promise<Outcome>;
}

export type Done = Extract<Outcome, { kind: "done" }>;

export interface Hunt {
  outcome: Done;
  sent: { kql: string; timespan?: string }[];
}

export function rowSet(count: number): RowSet {
  const rows = Array.from({ length: count }, (_, index) => ({ AlertId: `da${index}` }));
  return {
    schema: [{ name: "AlertId", type: "String" }],
    rowCount: count,
    pages: [gzipSync(JSON.stringify(rows))],
    rowEnds: new Uint32Array(count),
  };
}

function unexpected(): Promise<never> {
  return Promise.reject(new Failure("internal_error", "a query action only hunts"));
}

export interface HuntOptions {
  rows?: number;
  enqueuedAt?: Date;
  /** What the parser finds; `real`: ask it. */
  problems?: readonly QueryProblem[] | "real" | null;
  preflight?: "on" | "warn";
}

/** Parses the input as enqueue and worker do, and runs the action; fails when a query that it sends is no valid KQL. */
export async function runHunt<Input>(
  action: QueryAction<Input>,
  input: Readonly<Record<string, unknown>>,
  { rows = 1, enqueuedAt = ENQUEUED_AT, problems = [], preflight = "on" }: HuntOptions = {},
): Promise<Hunt> {
  const sent: Hunt["sent"] = [];
  const defender: Defender = {
    authenticate: unexpected,
    getIncident: unexpected,
    followIncident: unexpected,
    listIncidents: unexpected,
    updateIncident: unexpected,
    addComment: unexpected,
    runHuntingQuery: async (query) => {
      const { errors } = parseKql(query.kql);
      if (errors.length > 0 && preflight === "on")
        throw new Error(`not KQL: ${errors.join("; ")}\n${query.kql}`);
      sent.push(query);
      return rowSet(rows);
    },
  };
  const context: ActionContext = {
    job: { id: "job-1", caseId: "4711", enqueuedAt },
    reference: "7KQ2M9XA",
    settings: { strictDetermination: false, commentReference: "on", commentSettleMs: 60_000, preflight },
    lanes: ["hunting"],
    defender,
    checkQuery: async (kql) => (problems === "real" ? diagnose(kql) : problems),
    write: unexpected,
  };
  const parsed = action.input.parse({ case_id: "4711", alert_group_identifiers: [], ...input });
  const outcome = await action.run(parsed, context);
  if (outcome.kind !== "done") throw new Error(`ended as ${outcome.kind}`);
  return { outcome, sent };
}

/** The one sentence that an input is refused with, or null when it is accepted. */
export function refusalOf<Input>(
  action: Pick<QueryAction<Input>, "input">,
  input: Readonly<Record<string, unknown>>,
): string | null {
  const parsed = action.input.safeParse({ case_id: "4711", alert_group_identifiers: [], ...input });
  if (parsed.success) return null;
  return parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
}
