/** Options of every new run: whose it is, how far it may go, and whether it is begun. */
import type { Command } from "commander";
import { z } from "zod";
import type { MaxFailures } from "../../../src/bulk/run.ts";
import { integer } from "../../../src/settings/fields.ts";
import type { RunOptions } from "../../bulk/request.ts";
import { reading } from "../session.ts";

export interface NewRunOptions {
  caseId?: string;
  owner?: string;
  requestedBy?: string;
  limit?: number;
  expect?: number;
  maxFailures?: MaxFailures;
  verify: boolean;
  dryRun?: boolean;
  yes?: boolean;
  json?: boolean;
}

const count = integer(1, 999_999_999);

const maxFailures = z.string().transform((text, context): MaxFailures => {
  const [, number, percent] = /^(\d{1,9}(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  const value = Number(number);
  if (percent === "%" && value <= 100) return { percent: value };
  if (percent === "" && Number.isInteger(value)) return { count: value };
  context.addIssue({
    code: "custom",
    message: `given ${JSON.stringify(text)}; allowed: a count such as 20, or a part such as 5%`,
  });
  return z.NEVER;
});

export function addRunOptions(command: Command): Command {
  return command
    .optionsGroup("How far it may go:")
    .option("--limit <count>", "the first so many and no more", reading(count))
    .option("--expect <count>", "go on only if exactly so many are selected", reading(count))
    .option(
      "--max-failures <N|P%>",
      "pause at so many failures; 5 % after the first 20 if left out",
      reading(maxFailures),
    )
    .option("--no-verify", "do not look at incidents again right before they are written")
    .optionsGroup("Whose it is:")
    .option("--case-id <id>", "the SOAR's case under which its summary lies; bulk-RUN if left out")
    .option("--owner <name>", "the user of the operating system if left out")
    .option("--requested-by <name>", "the analyst or playbook that asks")
    .optionsGroup("Options:")
    .option("--dry-run", "only say what it would do")
    .option("--yes", "do it; without it a terminal is asked")
    .option("--json", "print JSON, an event a line");
}

export function toRunOptions({
  caseId,
  owner,
  requestedBy,
  limit,
  maxFailures,
  verify,
}: NewRunOptions): RunOptions {
  return { caseId, owner, requestedBy, limit, maxFailures, verify };
}
