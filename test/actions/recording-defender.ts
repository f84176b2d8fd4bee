/** A Defender in memory that records what it is asked, and a context to run one action against it. */
import type {
  ActionContext,
  ActionSettings,
  Note,
  OpenWrite,
  Outcome,
} from "../../src/contract/define-action.ts";
import { Failure } from "../../src/contract/failure.ts";
import type { Incident, IncidentPatch } from "../../src/contract/incident.ts";
import type { Lane } from "../../src/contract/job.ts";
import type { Defender, IncidentPage, IncidentQuery } from "../../src/contract/ports.ts";

export interface RecordedCall {
  method: keyof Defender;
  args: readonly unknown[];
}

export class RecordingDefender implements Defender {
  readonly calls: RecordedCall[] = [];
  readonly incidents = new Map<string, Incident>();
  /** Thrown instead of an answer. */
  readonly failures = new Map<keyof Defender, Failure>();

  constructor(...incidents: Incident[]) {
    for (const incident of incidents) this.incidents.set(incident.id, incident);
  }

  async authenticate(): Promise<void> {
    this.#record("authenticate");
  }

  async getIncident(id: string): Promise<Incident> {
    this.#record("getIncident", id);
    return this.#find(id);
  }

  async followIncident(id: string): Promise<readonly [Incident, ...Incident[]]> {
    this.#record("followIncident", id);
    const chain: [Incident, ...Incident[]] = [this.#find(id)];
    for (let next = chain[0].redirectIncidentId; next; next = chain.at(-1)?.redirectIncidentId) {
      chain.push(this.#find(next));
    }
    return chain;
  }

  async listIncidents(query: IncidentQuery): Promise<IncidentPage> {
    this.#record("listIncidents", query);
    return { incidents: [], isLast: true };
  }

  async updateIncident(id: string, patch: IncidentPatch): Promise<Incident> {
    this.#record("updateIncident", id, patch);
    const updated = { ...this.#find(id), ...patch, lastModifiedBy: "us" };
    this.incidents.set(id, updated);
    return updated;
  }

  async addComment(id: string, text: string) {
    this.#record("addComment", id, text);
    return this.comment(id, text);
  }

  async runHuntingQuery(query: { kql: string; timespan?: string }) {
    this.#record("runHuntingQuery", query);
    return { schema: [], rowCount: 0, pages: [], rowEnds: new Uint32Array() };
  }

  /** Somebody's comment, not recorded as a call. */
  comment(id: string, text: string) {
    const incident = this.#find(id);
    const comments = [
      ...(incident.comments ?? []),
      { comment: text, createdByDisplayName: "API-App", createdDateTime: "2026-03-18T10:31:00Z" },
    ];
    this.incidents.set(id, { ...incident, comments });
    return comments;
  }

  callsOf(method: keyof Defender): (readonly unknown[])[] {
    return this.calls.filter((call) => call.method === method).map(({ args }) => args);
  }

  #record(method: keyof Defender, ...args: unknown[]): void {
    this.calls.push({ method, args });
    const failure = this.failures.get(method);
    if (failure !== undefined) throw failure;
  }

  #find(id: string): Incident {
    const incident = this.incidents.get(id);
    if (incident !== undefined) return incident;
    throw new Failure("not_found", `incident "${id}" wasn't found in Microsoft 365 Defender`);
  }
}

export interface Situation {
  defender?: RecordingDefender;
  settings?: Partial<ActionSettings>;
  lanes?: readonly Lane[];
  caseId?: string;
}

export interface Situated {
  context: ActionContext;
  defender: RecordingDefender;
  /** What was noted before each write. */
  notes: Note[];
}

export function situate({ defender = new RecordingDefender(), ...rest }: Situation = {}): Situated {
  const notes: Note[] = [];
  const context: ActionContext = {
    job: { id: "job-1", caseId: rest.caseId ?? "4711", enqueuedAt: new Date("2026-03-18T10:30:00Z") },
    reference: "7KQ2M9XA",
    settings: {
      strictDetermination: false,
      commentReference: "on",
      commentSettleMs: 60_000,
      preflight: "on",
      ...rest.settings,
    },
    lanes: rest.lanes ?? ["incidents", "hunting"],
    defender,
    checkQuery: async () => [],
    async write(note, call) {
      notes.push(note);
      return await call(defender);
    },
  };
  return { context, defender, notes };
}

/** A write noted at 0 whose outcome is looked for `ageMs` later. */
export function openWrite(note: Note, ageMs = 0): OpenWrite {
  return { note, sentAtMs: 0, nowMs: ageMs };
}

export type Done = Extract<Outcome, { kind: "done" }>;

export function done(outcome: Outcome | null): Done {
  if (outcome?.kind === "done") return outcome;
  throw new Error(
    `ended as ${outcome?.kind ?? "nothing"}: ${outcome?.kind === "failed" ? outcome.failure : ""}`,
  );
}

export function failed(outcome: Outcome | null): Extract<Outcome, { kind: "failed" }> {
  if (outcome?.kind === "failed") return outcome;
  throw new Error(`ended as ${outcome?.kind ?? "nothing"}`);
}
