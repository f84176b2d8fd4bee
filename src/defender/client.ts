/** What a job can ask of Defender, as calls to Microsoft Graph v1.0. */
import { z } from "zod";
import { Failure } from "../contract/failure.ts";
import { commentSchema, type Incident, incidentSchema } from "../contract/incident.ts";
import type { CallContext, Defender } from "../contract/ports.ts";
import { callGraph, type Wiring } from "./call.ts";
import { unreadableFault } from "./faults.ts";
import type { GraphCall } from "./graph-call.ts";
import { parseJson } from "./graph-error.ts";
import { pathSegment, queryOptions } from "./odata.ts";
import type { RowReader } from "./rows.ts";
import { stopped } from "./stop.ts";
import { type Answer, textOf } from "./transport.ts";

const INCIDENTS = "/security/incidents";
const MAX_HOPS = 5;

const incidentPage = z.looseObject({
  value: z.array(incidentSchema),
  "@odata.nextLink": z.string().optional(),
});
const commentList = z.looseObject({ value: z.array(commentSchema) });

/** The calls of one job. */
export function openDefender(wiring: Wiring, rows: RowReader, context: CallContext): Defender {
  async function fetch<T>(call: GraphCall, schema: z.ZodType<T>): Promise<T> {
    const answer = await callGraph(wiring, context, call);
    if (call.kind === "patch" || call.kind === "comment") context.onWritten?.(answer.headers["request-id"]);
    const parsed = schema.safeParse(parseJson(textOf(answer)));
    if (!parsed.success) throw unreadableFault(call, answer);
    return parsed.data;
  }

  const getIncident = (id: string): Promise<Incident> =>
    fetch({ kind: "read", incidentId: id, method: "GET", path: incidentPath(id) }, incidentSchema);

  return {
    async authenticate() {
      await wiring.tokens.get(context.signal);
    },
    getIncident,
    async followIncident(id) {
      const first = await getIncident(id);
      const chain: [Incident, ...Incident[]] = [first];
      let next = first.redirectIncidentId;
      while (next) {
        const isLoop = chain.some((incident) => incident.id === next);
        if (isLoop || chain.length > MAX_HOPS) throw endlessMerge(id, chain);
        const incident = await getIncident(next);
        chain.push(incident);
        next = incident.redirectIncidentId;
      }
      return chain;
    },
    async listIncidents({ filter, orderBy, skip, top }) {
      const options = queryOptions({ $filter: filter, $orderby: orderBy, $skip: skip, $top: top });
      const page = await fetch({ kind: "read", method: "GET", path: `${INCIDENTS}${options}` }, incidentPage);
      return { incidents: page.value, isLast: page["@odata.nextLink"] === undefined };
    },
    updateIncident(id, patch) {
      const path = incidentPath(id);
      return fetch({ kind: "patch", incidentId: id, method: "PATCH", path, json: patch }, incidentSchema);
    },
    async addComment(id, text) {
      const path = `${incidentPath(id)}/comments`;
      const json = { "@odata.type": "microsoft.graph.security.alertComment", comment: text };
      return (await fetch({ kind: "comment", incidentId: id, method: "POST", path, json }, commentList))
        .value;
    },
    async runHuntingQuery({ kql, timespan }) {
      const json = { Query: kql, ...(timespan === undefined ? {} : { Timespan: timespan }) };
      const call: GraphCall = { kind: "hunting", method: "POST", path: "/security/runHuntingQuery", json };
      const answer = await callGraph(wiring, context, call);
      return readRows(rows, call, answer, context.signal);
    },
  };
}

function incidentPath(id: string): string {
  return `${INCIDENTS}/${pathSegment(id)}`;
}

async function readRows(rows: RowReader, call: GraphCall, answer: Answer, signal: AbortSignal) {
  try {
    return await rows.read(answer.chunks, signal);
  } catch (error) {
    if (signal.aborted) throw stopped(signal);
    if (error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY") {
      throw new Failure(
        "query_too_large",
        "The answer of Microsoft 365 Defender is larger than this worker can hold",
        {
          hint: "Ask for fewer rows or project fewer columns.",
        },
      );
    }
    throw unreadableFault(call, answer);
  }
}

function endlessMerge(id: string, chain: readonly Incident[]): Failure {
  const ids = chain.map((incident) => incident.id).join(" → ");
  return new Failure("conflict", `incident "${id}" was merged in a chain without an end (${ids})`, {
    hint: "Open the incident in the Defender portal, and ask again with the id that it shows.",
  });
}
