/** The JSON Schema of an action's arguments, as callers of every kind are given it. */
import { z } from "zod";
import type { Action } from "./define-action.ts";

/** What may be passed, defaults included; zod itself leaves out those of arguments that are read from text. */
export function inputSchemaOf({ input }: Pick<Action, "input">) {
  return z.toJSONSchema(input, {
    io: "input",
    override({ zodSchema, jsonSchema }) {
      const { default: fallback } = z.globalRegistry.get(zodSchema) ?? {};
      if (fallback !== undefined) jsonSchema.default = fallback;
    },
  });
}
