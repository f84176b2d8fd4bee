/** What every contestant has to do: an action of one call, and the same call for a worker that knows no actions. */
import type { ActionRequest } from "../../producers/client.ts";
import { boundQuery } from "../../src/kql/custom-query.ts";

const LIMIT = 50;
const QUERY = "print ok=1";

/** The text that leaves for either of them. */
export const SENT_KQL = boundQuery(QUERY, LIMIT).kql;

/** Each in a case of its own, which is the dearest way for the result store. */
export function requestOf(number: number): ActionRequest {
  return {
    action: "execute_custom_query",
    input: { case_id: `bench-${number}`, query: QUERY, max_results_to_return: LIMIT },
  };
}
