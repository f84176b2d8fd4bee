/** `defender-actions cancel`: takes a job back. */
import type { Command } from "commander";
import { printJson, printText } from "../../src/output.ts";
import { withClient } from "./session.ts";

export function defineCancel(command: Command): void {
  command
    .argument("<case_id>", "the SOAR's case")
    .requiredOption("--job <id>", "the job")
    .option("--json", "print JSON: { cancelled, sent }")
    .action(async (caseId: string, { job: jobId, json }: { job: string; json?: boolean }) => {
      const { cancelled, sent } = await withClient((client) => client.cancel({ caseId, jobId }));
      if (json) return await printJson({ cancelled, sent });
      const effect = sent ? "Something of it had been sent already." : "Nothing of it was sent.";
      await printText(
        `The job ${cancelled ? "is cancelled" : "was not cancelled: it is past that"}. ${effect}`,
      );
    });
}
