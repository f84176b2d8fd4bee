/** What only the text of an answer tells: the one table of Microsoft's wordings, each taken from `defender-api.md` 1.9. */
import type { FailureCode } from "../contract/failure.ts";

interface Wording {
  says: RegExp;
  code: FailureCode;
  hint: string;
}

const NARROW = "Narrow the time frame, filter earlier, project fewer columns or ask for fewer rows.";

/** Hunting answers every one of these with 400 `BadRequest` (or 500): the code does not tell them apart. */
export const HUNTING_TEXTS: readonly Wording[] = [
  {
    says: /exceeded the allowed limits|was preempted|excessive resource consumption|exceeded the timeout period/i,
    code: "query_too_large",
    hint: `The query needs more processing time or memory than Defender grants. ${NARROW}`,
  },
  {
    says: /exceeded the allowed (result size|amount of results)|exceeds the allowed size limit/i,
    code: "query_too_large",
    hint: `The query or its answer is larger than Defender allows. ${NARROW}`,
  },
  {
    says: /failed to resolve table/i,
    code: "invalid_query",
    hint: "The table does not exist in this tenant: check its spelling and case, and that the tenant has the licence for it.",
  },
  {
    says: /failed to resolve (scalar|column)/i,
    code: "invalid_query",
    hint: "A column does not exist: names are case-sensitive; add `| getschema` to the table to see them.",
  },
  {
    says: /syntax error|incomplete fragment|recognition error/i,
    code: "invalid_query",
    hint: "Correct the KQL syntax; the same text runs in the Defender portal under Advanced hunting.",
  },
];

/** Any call: the tenant or its licence, not the credential, is what stands in the way. */
export const NOT_PROVISIONED = /not provisioned|account mode is inactive/i;

/** Lists the roles of which one is needed. */
export const MISSING_ROLES = /API required roles:\s*([^:]*?),\s*application roles/i;

/** The processing time of the tenant is spent until the next quarter hour; the second wording may come with any status. */
export const CPU_SPENT_429 = /\bcpu\b|resource/i;
export const CPU_SPENT = /exceeded processing resources allocated/i;

/** A 503 that says so was turned away at the door. */
export const THROTTLED = /throttl|too ?many ?requests|quota/i;
