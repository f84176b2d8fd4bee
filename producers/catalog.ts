/** The catalog as producers show it. */
import { catalog } from "../src/actions/catalog.ts";
import type { Action } from "../src/contract/define-action.ts";

export const ACTIONS: readonly Action[] = Object.values(catalog);

export function describeAction(action: Action) {
  const { name, title, description, lane, effect, permissions } = action;
  return { name, title, description, lane, effect, permissions, arguments: Object.keys(action.input.shape) };
}
