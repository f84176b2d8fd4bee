/** What an action is: a description plus `run`. Whoever enqueues imports it for free, for it holds no client. */
import type { z } from "zod";
import type { Failure } from "./failure.ts";
import type { Lane } from "./job.ts";
import type { Defender, QueryProblem, RowSet } from "./ports.ts";
import type { IncidentRef, QueryReport, Reason } from "./result.ts";

/** What one run returned. Failures may be thrown instead; `failed` is for a verdict that leaves nothing open. */
export type Outcome =
  | {
      kind: "done";
      isSuccess: boolean;
      message: string;
      json?: unknown;
      reason?: Reason;
      warnings?: readonly string[];
      incident?: IncidentRef;
      query?: QueryReport;
      rows?: RowSet;
    }
  /** Look again later; costs no attempt. */
  | { kind: "again"; waitFor: "settle"; delayMs: number }
  | { kind: "failed"; failure: Failure; incident?: IncidentRef };

/** Switches that act on the worker. */
export interface ActionSettings {
  strictDetermination: boolean;
  commentReference: "on" | "case" | "off";
  commentSettleMs: number;
  /** Whether what is no KQL is refused, or sent with a warning. */
  preflight: "on" | "warn";
}

export interface ActionContext {
  readonly job: { readonly id: string; readonly caseId: string; readonly enqueuedAt: Date };
  /** Eight characters of Crockford base32 made from the job: the mark of its comment. */
  readonly reference: string;
  readonly settings: ActionSettings;
  /** The lanes that this instance serves. */
  readonly lanes: readonly Lane[];
  readonly defender: Defender;
  /** What Microsoft's parser finds wrong; null when it could not be asked. Costs no quota. */
  checkQuery(kql: string): Promise<readonly QueryProblem[] | null>;
  /**
   * Makes a write: `note` is kept durably before the first byte leaves and, should no clear answer come, is handed to
   * `verify` on the next attempt. A definite refusal erases it. Writes outside of it are refused.
   */
  write<T>(note: Note, call: (defender: Defender) => Promise<T>): Promise<T>;
}

/** What is remembered of a write before it is sent. Plain JSON. */
export type Note = Readonly<Record<string, unknown>>;

/** A write of an earlier attempt whose outcome is not known. Times on Redis's clock. */
export interface OpenWrite {
  note: Note;
  sentAtMs: number;
  nowMs: number;
}

interface Facts<Name extends string, Input extends z.ZodObject> {
  /** Job name on the queue, in snake_case. */
  name: Name;
  /** The SOAR's display name. */
  title: string;
  description: string;
  /** Which quota its calls spend from; `ping` looks at all of them and waits for none. */
  lane: Lane | "ping";
  /** Graph application permissions that it needs. */
  permissions: readonly string[];
  /** Put before the reason in `output_message` when it fails; the SOAR's own wording. */
  failurePrefix: string;
  input: Input;
  run(input: z.output<Input>, context: ActionContext): Promise<Outcome>;
}

interface ReadAction<Name extends string, Input extends z.ZodObject> extends Facts<Name, Input> {
  effect: "read";
}

interface WriteAction<Name extends string, Input extends z.ZodObject> extends Facts<Name, Input> {
  effect: "write";
  /** `state`: a late run would undo what later ones have set. `entry`: it adds to what is there. */
  leaves: "state" | "entry";
  /** The incident that is written to: writes to one incident run in the order they were accepted. */
  incidentOf(input: z.output<Input>): string;
  /** How a repeat is recognised: finds out what became of an earlier write. Null: it did not happen, send again. */
  verify(input: z.output<Input>, context: ActionContext, open: OpenWrite): Promise<Outcome | null>;
}

export type Action<Name extends string = string, Input extends z.ZodObject = z.ZodObject> =
  | ReadAction<Name, Input>
  | WriteAction<Name, Input>;

/** Declares an action; only gives the types of its name and input a home. */
export function defineAction<Name extends string, Input extends z.ZodObject, A extends Action<Name, Input>>(
  action: A & Action<Name, Input>,
): A {
  return action;
}
