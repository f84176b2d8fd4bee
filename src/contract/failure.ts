/** The one error type of the product, and the one table of what can go wrong. */
import { z } from "zod";
import { keysOf } from "./table.ts";

/** What each code means to a person, and whether the same request may succeed later without a change to it. */
export const FAILURE_CODES = {
  invalid_input: { retryable: false, meaning: "an argument is missing, malformed or not allowed" },
  auth_failed: { retryable: false, meaning: "Entra ID refused the credential" },
  permission_denied: {
    retryable: false,
    meaning: "the app lacks a Graph application permission or a licence",
  },
  not_found: { retryable: false, meaning: "the incident does not exist in this tenant" },
  conflict: {
    retryable: false,
    meaning: "someone else's change, a merge or another request stands in the way",
  },
  invalid_query: { retryable: false, meaning: "the hunting service rejected the KQL text" },
  query_too_large: { retryable: false, meaning: "the query or its answer exceeds what the service allows" },
  throttled: { retryable: true, meaning: "the quota of the tenant is spent for now" },
  defender_unavailable: { retryable: true, meaning: "Defender or the way to it did not answer properly" },
  outcome_unknown: { retryable: false, meaning: "a write may have happened and could not be verified" },
  expired: { retryable: true, meaning: "the job was too old to be sent" },
  cancelled: { retryable: true, meaning: "somebody took the job back before it was sent" },
  internal_error: { retryable: false, meaning: "a defect of ours" },
} as const satisfies Record<string, { retryable: boolean; meaning: string }>;

export type FailureCode = keyof typeof FAILURE_CODES;

export const failureCodeSchema = z.enum(keysOf(FAILURE_CODES));

/** A failure as it lies in a result and is printed by `--json`. */
export const failureRecordSchema = z.object({
  code: failureCodeSchema,
  message: z.string(),
  retryable: z.boolean(),
  http_status: z.number().int().nullable().default(null),
  graph_code: z.string().nullable().default(null),
  request_id: z.string().nullable().default(null),
  hint: z.string().nullable().default(null),
});
export type FailureRecord = z.infer<typeof failureRecordSchema>;

/** Why a call was held back before it was sent: our own quota is used up, Defender told us to wait, or a person did. */
export type HeldBack = "quota" | "throttled" | "paused";

export interface FailureDetails {
  httpStatus?: number;
  /** `error.code` of a Graph answer, or the AADSTS number of a refused token request. */
  graphCode?: string;
  requestId?: string;
  /** What an operator can do about it. */
  hint?: string;
  /** Overrides the table: whether the same request may succeed later. */
  retryable?: boolean;
  /** `maybe`: the call may have taken effect at Defender although no proper answer came. Default `no`. */
  applied?: "no" | "maybe";
  /** For `throttled`: why, and how long to wait before the next try, in milliseconds. */
  heldBack?: HeldBack;
  /** With `paused`: whether it holds the whole lane or only jobs like this one. Default: the lane. */
  binds?: "lane" | "job";
  /** For `throttled` by Defender: which quota its answer says is spent, if it says so. */
  quota?: "calls" | "cpu";
  retryAfterMs?: number;
  /** For `invalid_input`: each field at fault. */
  faults?: readonly FieldFault[];
}

/** One field of bad input. */
export interface FieldFault {
  field: string;
  message: string;
  /** As text, shortened; null when nothing was given. */
  given: string | null;
  /** Null when the message alone says it. */
  allowed: string | null;
}

/**
 * Everything that can go wrong is thrown or returned as this type, with a code from the table. It never carries the
 * vendor's error object: an AxiosError holds the bearer token. Do not subclass it; add a code or a detail.
 */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: FailureCode;
  readonly details: Readonly<FailureDetails>;

  constructor(code: FailureCode, message: string, details: FailureDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }

  get retryable(): boolean {
    return this.details.retryable ?? FAILURE_CODES[this.code].retryable;
  }

  get mayBeApplied(): boolean {
    return this.details.applied === "maybe";
  }

  toRecord(): FailureRecord {
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      http_status: this.details.httpStatus ?? null,
      graph_code: this.details.graphCode ?? null,
      request_id: this.details.requestId ?? null,
      hint: this.details.hint ?? null,
    };
  }
}

/** Turns whatever was thrown into a Failure; anything unknown is a defect of ours and keeps only its message. */
export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Failure("internal_error", message, {
    hint: "Please report this with the log lines of the job.",
  });
}

/**
 * One sentence for bad input, from a zod error: names the field, what was given and what is allowed.
 * Schemas of this product put "given …; allowed …" into their own messages; `at` is the path in front of the field.
 */
export function describeInvalid(error: z.ZodError, at = ""): string {
  const sentences = error.issues.map((issue) => {
    const path = [at, ...issue.path.map(String)].filter((part) => part !== "").join(".");
    return path === "" ? issue.message : `${path}: ${issue.message}`;
  });
  return [...new Set(sentences)].join("; ");
}

const SENTENCE = /^(?:given (.*)|missing); allowed: (.*)$/s;

/** The same, one by one. */
function faultsOf(error: z.ZodError): FieldFault[] {
  return error.issues.map(({ path, message }) => {
    const [, given = null, allowed = null] = SENTENCE.exec(message) ?? [];
    return { field: path.map(String).join("."), message, given, allowed };
  });
}

/** What zod refused, as a failure that names every field. */
export function invalidInput(error: z.ZodError, at = ""): Failure {
  return new Failure("invalid_input", describeInvalid(error, at), { faults: faultsOf(error) });
}
