/** Execute Query: the tables named, in a time frame, narrowed by the caller's own clauses. */
import type { z } from "zod";
import { actionInput, optionalText } from "../contract/arguments.ts";
import { type ActionContext, defineAction, type Outcome } from "../contract/define-action.ts";
import { readableBy, refuseImpossibleTimes, tableQueryArguments } from "../kql/arguments.ts";
import { readFragment } from "../kql/fragment.ts";
import { huntTables } from "../kql/hunt.ts";

const input = actionInput({
  ...tableQueryArguments,
  query: optionalText(
    "Specify the query that needs to be executed. Use this parameter to provide |where clauses. Note: you don’t need to provide time filter, limiting and sorting.",
  ).superRefine(readableBy(readFragment)),
}).superRefine(refuseImpossibleTimes);

async function run(asked: z.output<typeof input>, context: ActionContext): Promise<Outcome> {
  const fragment = readFragment(asked.query ?? "");
  return huntTables(
    {
      tables: asked.table_names,
      clauses: fragment.text,
      ...(fragment.text !== "" && { own: { text: asked.query ?? "", from: fragment.start } }),
      keeps: fragment.keeps,
      sort: { field: asked.sort_field, order: asked.sort_order },
      limit: asked.max_results_to_return,
      fields: asked.fields_to_return,
    },
    asked,
    context,
  );
}

export const executeQuery = defineAction({
  name: "execute_query",
  title: "Execute Query",
  description: "Execute hunting query in Microsoft 365 Defender.",
  lane: "hunting",
  effect: "read",
  permissions: ["ThreatHunting.Read.All"],
  failurePrefix: `Error executing action "Execute Query." Reason: `,
  input,
  run,
});
