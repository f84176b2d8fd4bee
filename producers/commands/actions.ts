/** `defender-actions actions`: the catalog. */
import { type Command, Option } from "commander";
import { inputSchemaOf } from "../../src/contract/input-schema.ts";
import { printJson, printText } from "../../src/output.ts";
import { ACTIONS, describeAction } from "../catalog.ts";
import { formatTable } from "./table.ts";

export function defineActions(command: Command): void {
  command
    .option("--json", "print JSON")
    .addOption(
      new Option("--json-schema", "print the JSON Schema of each action's arguments").conflicts("json"),
    )
    .action(async ({ json, jsonSchema }: { json?: boolean; jsonSchema?: boolean }) => {
      if (jsonSchema)
        await printJson(Object.fromEntries(ACTIONS.map((each) => [each.name, inputSchemaOf(each)])));
      else if (json) await printJson(ACTIONS.map(describeAction));
      else await printText(formatActions());
    });
}

function formatActions(): string {
  const rows = ACTIONS.map((action) => {
    const { name, title, lane, effect, permissions, arguments: args } = describeAction(action);
    return [[name, title, `${lane} lane, ${effect}`, ...permissions].join("\n"), args.join(", ")];
  });
  return formatTable(["Action, lane, effect, permissions", "Arguments"], rows);
}
