/** `defender-actions settle`: shows the evidence of a write whose outcome is unknown, or takes down what a person found. */
import { type Command, Option } from "commander";
import { printJson, printText } from "../../src/output.ts";
import { nothingToSettle, SETTLEMENTS } from "../../src/queue/settlement.ts";
import type { Client, SettleOptions } from "../client.ts";
import { formatDetails } from "./failed-text.ts";
import { formatResult } from "./result-text.ts";
import { withClient } from "./session.ts";

interface Options {
  as?: SettleOptions["as"];
  by?: string;
  note?: string;
  case?: string;
  json?: boolean;
}

export function defineSettle(command: Command): void {
  command
    .argument("<job>", "a job that failed as outcome_unknown")
    .addOption(
      new Option(
        "--as <verdict>",
        "done: it is in Defender; retry: it is not, so look once more and send it; left out: show the evidence",
      ).choices(SETTLEMENTS),
    )
    .option("--by <name>", "who says so, for the result")
    .option("--note <text>", "why, for the result")
    .option("--case <id>", "the SOAR's case, should the job's id not be enough")
    .option("--json", "print JSON: { jobId, caseId, as, result }; without --as all that is known of the job")
    .action(async (jobId: string, options: Options) => {
      await withClient((client) => settle(client, jobId, options));
    });
}

async function settle(client: Client, jobId: string, options: Options): Promise<void> {
  const { as, by, note, case: caseId, json } = options;
  const target = { jobId, caseId };
  if (as === undefined) {
    const details = await client.failedJob(target);
    if (details.code !== "outcome_unknown") throw nothingToSettle(details);
    return await (json ? printJson(details) : printText(formatDetails(details)));
  }
  const settled = await client.settle(target, { as, by, note });
  if (json) return await printJson(settled);
  const { result } = settled;
  await printText(result === null ? "Settled; its result had expired." : formatResult(result));
}
