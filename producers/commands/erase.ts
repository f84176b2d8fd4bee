/** `defender-actions results CASE --delete`: erases a case's texts and rows, when a person agrees. */
import { Failure } from "../../src/contract/failure.ts";
import { printJson, printText } from "../../src/output.ts";
import type { Client, Erasure } from "../client.ts";
import { confirm, isOnTerminal } from "./confirm.ts";

/** Throws `invalid_input` when nobody is there to agree, and `--yes` was not given. */
export async function erase(
  client: Client,
  caseId: string,
  { yes = false, json = false }: { yes?: boolean; json?: boolean },
): Promise<void> {
  if (!yes) {
    if (!isOnTerminal())
      throw new Failure(
        "invalid_input",
        "--delete: given without --yes; allowed: with --yes, or on a terminal",
      );
    const known = (await client.resultsForCase(caseId)).length;
    if (!(await confirm(`Erase texts and rows of ${known} results for good?`)))
      return await printText("Nothing was erased.");
  }
  const erasure = await client.eraseCase(caseId);
  await (json ? printJson(erasure) : printText(describe(erasure)));
}

function describe({ erased, kept }: Erasure): string {
  const lines = kept.map(({ jobId, because }) => `Kept: job ${jobId} (${because}).`);
  return [`Erased: texts and rows of ${erased.length} results.`, ...lines].join("\n");
}
