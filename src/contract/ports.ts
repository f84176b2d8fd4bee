/** Interfaces between the parts: what an action may ask of Defender, and what Defender's client asks of the engine. */
import type { FailureCode } from "./failure.ts";
import type { Incident, IncidentComment, IncidentPatch } from "./incident.ts";
import type { Lane, Priority } from "./job.ts";
import type { Column } from "./result.ts";

/** Rows per page of a stored row set. */
export const ROWS_PER_PAGE = 1_000;

/** The answer of a hunting query: every page is the gzipped JSON array of up to `ROWS_PER_PAGE` row objects. */
export interface RowSet {
  schema: Column[];
  rowCount: number;
  pages: Uint8Array[];
  /** Where each row ends in bytes of JSON, were all rows one array: so that nobody parses a page to learn how many fit. */
  rowEnds: Uint32Array;
}

/** Which incidents are listed; `filter` is OData, already escaped. */
export interface IncidentQuery {
  filter?: string;
  /** Works but is not documented (`defender-api.md` 1.5); without it Graph lists the newest first. */
  orderBy?: "createdDateTime desc";
  /** Over so many: for a few, for Graph loses track of deep ones. */
  skip?: number;
  /** At most 50. */
  top: number;
}

export interface IncidentPage {
  incidents: Incident[];
  /** Whether Graph has no more of them. */
  isLast: boolean;
}

/** One thing that Microsoft's parser finds wrong with a query; `start` is its offset in UTF-16 units. */
export interface QueryProblem {
  /** `schema`: a name that the bundled schema does not have, or what follows from its types. */
  kind: "syntax" | "schema";
  message: string;
  start: number;
}

/** What one job can do at Defender. Every method throws only Failures, and passes the lane's gate before it sends. */
export interface Defender {
  /** Gets a token, to prove tenant, app and credential. */
  authenticate(): Promise<void>;
  getIncident(id: string): Promise<Incident>;
  /** The incident and those it was merged into, in order: the last one is the survivor. At most five hops. */
  followIncident(id: string): Promise<readonly [Incident, ...Incident[]]>;
  listIncidents(query: IncidentQuery): Promise<IncidentPage>;
  updateIncident(id: string, patch: IncidentPatch): Promise<Incident>;
  /** Returns the whole list of comments, as Graph does. Not safe to repeat. */
  addComment(id: string, text: string): Promise<IncidentComment[]>;
  /** `timespan` is ISO 8601, such as `start/end`; without it Graph takes 30 days. */
  runHuntingQuery(query: { kql: string; timespan?: string }): Promise<RowSet>;
}

/** A call that is about to leave; what it holds is for the audit trail. */
export interface OutgoingCall {
  lane: Lane;
  write: boolean;
  method: string;
  /** Below the root of Graph v1.0. */
  path: string;
  /** Of a call on one incident. */
  incidentId?: string | undefined;
  body?: unknown;
}

/** How it ended. */
export interface CallEnd {
  /** `ok`, or the failure's code; `outcome_unknown` for a write that may have been done. */
  outcome: "ok" | FailureCode;
  /** Undefined when there was no answer. */
  status: number | undefined;
  requestId: string | undefined;
}

/** How the calls of one job are made. */
export interface CallContext {
  priority: Priority;
  /** Ends a wait for a slot, and a call that is under way. */
  signal: AbortSignal;
  /** False: take only slots that are free at once, else fail as `throttled` (for ping). */
  waitsForSlot: boolean;
  /** Nothing is sent past it, on Redis's clock; null while an earlier write is being verified. */
  expiresAtMs: number | null;
  /** The last look, with a slot in hand, before a call leaves. It throws a Failure to stop the call. */
  beforeSend(call: OutgoingCall): Promise<void>;
  /** Hears of the end of each call that passed `beforeSend`, also of one that was stopped behind it. */
  afterCall?(call: OutgoingCall, end: CallEnd): void;
  /** Hears of each write that Graph has confirmed, with the id by which Microsoft's support finds it. */
  onWritten?(requestId: string | undefined): void;
}

/** One configured Defender instance, shared by all jobs of a process. */
export interface DefenderConnection {
  open(context: CallContext): Defender;
  /** Milliseconds until the lane takes calls of this priority again; 0 when it does now. */
  heldForMs(lane: Lane, priority: Priority): Promise<number>;
  close(): Promise<void>;
}
