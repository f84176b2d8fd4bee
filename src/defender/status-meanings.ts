/** What an HTTP status of Graph means when its text tells nothing better: `defender-api.md` 1.9, 1.10 and `reliability.md` 5. */
import type { FailureCode } from "../contract/failure.ts";
import { CALLS, type Target } from "./graph-call.ts";

export interface Meaning {
  code: FailureCode;
  hint: string;
  /** Said instead of the answer's own message. */
  message?: string;
  retryable?: boolean;
  /** The server failed rather than refused: a write may have had its effect. */
  ambiguous?: boolean;
}

export const SLOW_QUERY =
  "A query that is too slow or whose answer is too big ends like this: narrow its time frame or filter earlier.";

export const WRONG_ROOT =
  "Check that GRAPH_API_ROOT is the origin of Microsoft Graph for this cloud, such as https://graph.microsoft.com.";

/** The meaning of a status from 300 on. */
export function meaningOf({ kind, incidentId }: Target, status: number): Meaning {
  const hunting = kind === "hunting";
  switch (status) {
    case 400:
    case 422:
      return hunting
        ? {
            code: "invalid_query",
            hint: "Run the query in the Defender portal under Advanced hunting to see what it objects to.",
          }
        : {
            code: "invalid_input",
            hint: "Defender does not accept a value of the request; its own message says which.",
          };
    case 402:
      return { code: "permission_denied", hint: "The tenant's licence does not cover this call." };
    case 403:
      return {
        code: "permission_denied",
        hint: `Grant the app ${CALLS[kind].permission} with admin consent. If it has that, a proxy or an access policy refuses the call.`,
      };
    case 404:
    case 410:
      return incidentId === undefined
        ? { code: "defender_unavailable", hint: WRONG_ROOT, retryable: false }
        : {
            code: "not_found",
            message: `incident "${incidentId}" wasn't found in Microsoft 365 Defender`,
            hint: "Check the id, and that the incident is one of this tenant.",
          };
    case 407:
      return {
        code: "defender_unavailable",
        hint: "The proxy asks for credentials: put them into HTTPS_PROXY.",
      };
    case 409:
    case 412:
    case 423:
      return {
        code: "conflict",
        hint: "Somebody else is changing the incident. Look at it, then ask again.",
      };
    case 413:
    case 414:
      return hunting
        ? { code: "query_too_large", hint: "Shorten the query, for example by passing fewer entities." }
        : { code: "invalid_input", hint: "The text that was sent is too long for Defender." };
    case 408:
    case 502:
    case 504:
      return {
        code: "defender_unavailable",
        hint: hunting
          ? SLOW_QUERY
          : "Microsoft's gateway got no answer in time. If it lasts, look at the service health of the tenant.",
        ambiguous: true,
      };
  }
  if (status >= 500 && status !== 501) {
    return {
      code: "defender_unavailable",
      hint: "A fault at Microsoft. If it lasts, open a support case with the request id.",
      ambiguous: true,
    };
  }
  if (status < 400) {
    return {
      code: "defender_unavailable",
      message: `Microsoft 365 Defender answered with a redirect (${status}), which is not followed`,
      hint: WRONG_ROOT,
      retryable: false,
    };
  }
  // 405, 406, 411, 415, 416, 424, 501 and the like: Graph has no cause to say so to our requests.
  return { code: "defender_unavailable", hint: WRONG_ROOT, retryable: false };
}
