/** `defender-actions actions`: the catalog. */
import { type Command, Option } from "commander";
import { catalog } from "../../src/actions/catalog.ts";
import type { Action } from "../../src/contract/define-action.ts";
import { inputSchemaOf } from "../../src/contract/input-schema.ts";
import { printJson, printText } from "../../src/output.ts";
import { formatTable } from "./table.ts";

const actions: readonly Action[] = Object.values(catalog);

export function defineActions(command: Command): void {
  command
    .option("--json", "print JSON")
    .addOption(
      new Option("--json-schema", "print the JSON Schema of each action's arguments").conflicts("json"),
    )
    .action(async ({ json, jsonSchema }: { json?: boolean; jsonSchema?: boolean }) => {
      if (jsonSchema)
        await printJson(Object.fromEntries(actions.map((each) => [each.name, inputSchemaOf(each)])));
      else if (json) await printJson(actions.map(describe));
      else await printText(formatActions());
    });
}

function describe(action: Action) {
  const { name, title, description, lane, effect, permissions } = action;
  const args = Object.keys(action.input.shape);
  return { name, title, description, lane, effect, permissions, arguments: args };
}

function formatActions(): string {
  const rows = actions.map((action) => {
    const { name, title, lane, effect, permissions, arguments: args } = describe(action);
    return [[name, title, `${lane} lane, ${effect}`, ...permissions].join("\n"), args.join(", ")];
  });
  return formatTable(["Action, lane, effect, permissions", "Arguments"], rows);
}
