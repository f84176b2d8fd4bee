/** `defender-actions bulk reclassify` and `bulk undo`: new runs. */
import type { Command } from "commander";
import { tell } from "../../../src/output.ts";
import { checkRequest } from "../../bulk/request.ts";
import { withClient } from "../session.ts";
import { begin } from "./begin.ts";
import { addRunOptions, type NewRunOptions, toRunOptions } from "./run-options.ts";
import {
  addChangeOptions,
  addSelectionOptions,
  type ChangeOptions,
  readSelection,
  type SelectionOptions,
} from "./selection-options.ts";

type ReclassifyOptions = NewRunOptions & SelectionOptions & ChangeOptions & { instance?: string };

export function defineReclassify(command: Command): void {
  addRunOptions(addChangeOptions(addSelectionOptions(command)))
    .option("--instance <name>", "the Defender connection to use")
    .action(async (options: ReclassifyOptions) => {
      const request = {
        ...readSelection(options),
        ...toRunOptions(options),
        instance: options.instance,
        onBadRow: tell,
      };
      // What is refused without Redis need not wait for it.
      checkRequest(request);
      await withClient(async (client) => begin(client, await client.bulk.draft(request), options));
    });
}

export function defineUndo(command: Command): void {
  addRunOptions(command.argument("<run>", "a run that is over")).action(
    async (runId: string, options: NewRunOptions) => {
      await withClient(async (client) =>
        begin(client, await client.bulk.draftUndo(runId, toRunOptions(options)), options),
      );
    },
  );
}
