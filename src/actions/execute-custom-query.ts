/** Execute Custom Query: the caller's own KQL, bounded in rows. */
import type { z } from "zod";
import { actionInput, requiredText } from "../contract/arguments.ts";
import { type ActionContext, defineAction, type Outcome } from "../contract/define-action.ts";
import { maxResults, readableBy } from "../kql/arguments.ts";
import { boundQuery } from "../kql/custom-query.ts";
import { hunt } from "../kql/hunt.ts";

const input = actionInput({
  query: requiredText(
    `Specify the query that needs to be executed. Use this parameter to provide |where clauses. Note: you don’t need to provide limiting ("top" keyword).`,
    "a KQL query",
  ).superRefine(readableBy((text) => boundQuery(text, 1))),
  max_results_to_return: maxResults,
});

async function run(asked: z.output<typeof input>, context: ActionContext): Promise<Outcome> {
  const limit = asked.max_results_to_return;
  return hunt({ ...boundQuery(asked.query, limit), limit, window: null }, context);
}

export const executeCustomQuery = defineAction({
  name: "execute_custom_query",
  title: "Execute Custom Query",
  description: "Execute a custom hunting query in Microsoft 365 Defender.",
  lane: "hunting",
  effect: "read",
  permissions: ["ThreatHunting.Read.All"],
  failurePrefix: `Error executing action "Microsoft 365 Defender - Execute Custom Query" Reason: `,
  input,
  run,
});
