/** Execute Entity Query: the tables named, in a time frame, filtered by the case's entities. */
import type { z } from "zod";
import { actionInput, choice, flag } from "../contract/arguments.ts";
import { type ActionContext, defineAction, type Outcome } from "../contract/define-action.ts";
import { refusal } from "../contract/refusal.ts";
import { refuseImpossibleTimes, tableQueryArguments } from "../kql/arguments.ts";
import { buildEntityFilter } from "../kql/entity-filter.ts";
import { entityKey, keysOfInput, refuseUnknownColumns } from "../kql/entity-keys.ts";
import { huntTables } from "../kql/hunt.ts";
import { isWritable, TEXT_RULE } from "../kql/literals.ts";

const input = actionInput({
  ...tableQueryArguments,
  stop_if_not_enough_entities: flag(
    "If enabled, action will not start execution unless all specified entity types are available in the scope.",
    true,
  ),
  cross_entity_operator: choice(
    "Specify the logical operator (AND/OR) used between different entity types.",
    { OR: { label: "OR" }, AND: { label: "AND" } },
    "OR",
  ),
  ip_entity_key: entityKey("IP"),
  hostname_entity_key: entityKey("Hostname"),
  file_hash_entity_key: entityKey("File Hash"),
  user_entity_key: entityKey("User"),
  url_entity_key: entityKey("URL"),
  email_address_entity_key: entityKey("Email Address"),
})
  .superRefine(refuseImpossibleTimes)
  .superRefine(refuseUnknownColumns)
  .superRefine(({ target_entities }, context) => {
    for (const [index, { Identifier }] of target_entities.entries()) {
      if (isWritable(Identifier)) continue;
      const message = refusal(Identifier, TEXT_RULE);
      context.addIssue({ code: "custom", path: ["target_entities", index, "Identifier"], message });
    }
  });

async function run(asked: z.output<typeof input>, context: ActionContext): Promise<Outcome> {
  const filter = buildEntityFilter({
    tables: asked.table_names,
    entities: asked.target_entities,
    keys: keysOfInput(asked),
    operator: asked.cross_entity_operator,
    stopIfNotEnough: asked.stop_if_not_enough_entities,
  });
  if (filter.kind === "insufficient") {
    const { message, warnings } = filter;
    return { kind: "done", isSuccess: false, reason: "not_enough_entities", message, json: null, warnings };
  }
  return huntTables(
    {
      tables: [...filter.clauses.keys()],
      filters: filter.clauses,
      clauses: "",
      keeps: () => true,
      sort: { field: asked.sort_field, order: asked.sort_order },
      limit: asked.max_results_to_return,
      fields: asked.fields_to_return,
    },
    asked,
    context,
    filter.warnings,
  );
}

export const executeEntityQuery = defineAction({
  name: "execute_entity_query",
  title: "Execute Entity Query",
  description:
    "Execute a hunting query based on entities in Microsoft 365 Defender. Note: this action prepares a where filter based on entities. Supported entities: IP, Host, User, Hash, URL.",
  lane: "hunting",
  effect: "read",
  permissions: ["ThreatHunting.Read.All"],
  failurePrefix: `Error executing action "Execute Entity Query." Reason: `,
  input,
  run,
});
