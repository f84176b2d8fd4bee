/** The actions as MCP tools. All of it is ours: no text that came from Defender is ever part of a description. */
import { type Tool, ToolSchema } from "@modelcontextprotocol/sdk/types.js";
import { catalog } from "../../src/actions/catalog.ts";
import type { Action } from "../../src/contract/define-action.ts";
import { inputSchemaOf } from "../../src/contract/input-schema.ts";

const actions: readonly Action[] = Object.values(catalog);

export const TOOLS: readonly Tool[] = actions.map(toolOf);

function toolOf(action: Action): Tool {
  const isRead = action.effect === "read";
  const { $schema: _, ...schema } = inputSchemaOf(action);
  return ToolSchema.parse({
    name: action.name,
    title: action.title,
    description: action.description,
    inputSchema: { ...schema, type: "object" },
    annotations: {
      readOnlyHint: isRead,
      // A state that is set replaces another one; an entry is only added.
      destructiveHint: action.effect === "write" && action.leaves === "state",
      idempotentHint: isRead || action.leaves === "state",
      openWorldHint: true,
    },
  });
}
