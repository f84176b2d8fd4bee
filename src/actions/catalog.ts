/** All actions, by name: one import line each. Adding an action means its file, its line here, and its test. */
import type { z } from "zod";
import type { Action } from "../contract/define-action.ts";
import { Failure } from "../contract/failure.ts";
import { keysOf } from "../contract/table.ts";
import { addCommentToIncident } from "./add-comment-to-incident.ts";
import { executeCustomQuery } from "./execute-custom-query.ts";
import { executeEntityQuery } from "./execute-entity-query.ts";
import { executeQuery } from "./execute-query.ts";
import { ping } from "./ping.ts";
import { updateIncident } from "./update-incident.ts";

export const catalog = {
  update_incident: updateIncident,
  add_comment_to_incident: addCommentToIncident,
  execute_query: executeQuery,
  execute_entity_query: executeEntityQuery,
  execute_custom_query: executeCustomQuery,
  ping,
} as const;

export type ActionName = keyof typeof catalog;

/** What a caller may pass to an action: numbers as text, labels, lists of one and missing defaults included. */
export type ActionInput<Name extends ActionName> = z.input<(typeof catalog)[Name]["input"]>;

export const ACTION_NAMES = keysOf(catalog);

/** Finds an action by name; an unknown one is `invalid_input`. */
export function findAction(name: string): Action {
  const actions: Readonly<Record<string, Action>> = catalog;
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action !== undefined) return action;
  throw new Failure(
    "invalid_input",
    `action: given ${JSON.stringify(name)}; allowed: ${ACTION_NAMES.join(", ")}`,
  );
}
