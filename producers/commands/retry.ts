/** `defender-actions retry`: asks for failed jobs again, after a look at what that would be. */
import type { Command } from "commander";
import { Failure } from "../../src/contract/failure.ts";
import { EXIT } from "../../src/exit.ts";
import { printJson, printText, tell } from "../../src/output.ts";
import type { Client, FailedJob } from "../client.ts";
import { confirm, isOnTerminal } from "./confirm.ts";
import { addFilterOptions, type FilterOptions, givenFilters, readFilter } from "./failed-options.ts";
import { findLaterWrites } from "./later-writes.ts";
import { planRetry, type RetryPlan } from "./retry-plan.ts";
import { formatOutcome, formatPlan, type RetryOutcome, toRetryJson } from "./retry-text.ts";
import { withClient } from "./session.ts";

interface Options extends FilterOptions {
  all?: boolean;
  yes?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

export function defineRetry(command: Command): void {
  addFilterOptions(command.argument("[job]", "one failed job; --case makes it exact"))
    .option("--all", "all that failed, if no filter narrows them down")
    .option("--dry-run", "only say what would be done")
    .option("--yes", "do it; without it a terminal is asked, and anything else gets a dry run")
    .option("--json", "print JSON: { dryRun, planned, retried, skipped, failed }")
    .action(async (jobId: string | undefined, options: Options) => {
      checkAsked(jobId, options);
      await withClient((client) => retry(client, jobId, options));
    });
}

function checkAsked(jobId: string | undefined, options: Options): void {
  const filters = [...givenFilters(options), ...(options.all ? ["--all"] : [])];
  if (jobId === undefined && filters.length === 0)
    throw new Failure(
      "invalid_input",
      "job: given none; allowed: a job, a filter such as --code or --since, or --all",
    );
  const [other] = filters.filter((name) => name !== "--case");
  if (jobId !== undefined && other !== undefined)
    throw new Failure("invalid_input", `job: given one beside ${other}; allowed: a job alone or with --case`);
}

async function retry(client: Client, jobId: string | undefined, options: Options): Promise<void> {
  const isNamed = jobId !== undefined;
  const jobs: FailedJob[] = [];
  if (isNamed) jobs.push(await client.failedJob({ jobId, caseId: options.case }));
  else for await (const job of client.failed(readFilter(options))) jobs.push(job);
  const later = isNamed ? new Map() : await findLaterWrites(client, jobs);
  const plan = planRetry(jobs, { isNamed, code: options.code }, later);

  const isAgreed = await agree(plan, options);
  const outcome = isAgreed
    ? await carryOut(client, plan)
    : { retried: [], skipped: plan.skipped, failed: [] };
  if (options.json) await printJson(toRetryJson(plan, outcome, !isAgreed));
  else
    await printText(
      isAgreed ? formatOutcome(outcome) : `${formatPlan(plan)}\nNothing was done. To do it: --yes`,
    );
  if (outcome.failed.length > 0 || (isNamed && outcome.skipped.length > 0)) process.exitCode = EXIT.failed;
}

async function agree(plan: RetryPlan, { yes, dryRun }: Options): Promise<boolean> {
  if (dryRun) return false;
  if (yes) return true;
  if (plan.retry.length === 0 || !isOnTerminal()) return false;
  tell(formatPlan(plan));
  return await confirm(`Ask for ${plan.retry.length} again?`);
}

/** One after the other, for the order counts. */
async function carryOut(client: Client, { retry: jobs, skipped }: RetryPlan): Promise<RetryOutcome> {
  const outcome: RetryOutcome = { retried: [], skipped: [...skipped], failed: [] };
  for (const job of jobs) {
    try {
      await client.retry(job);
      outcome.retried.push(job);
    } catch (error) {
      if (!(error instanceof Failure)) {
        tell(`Stopped after ${outcome.retried.length} of ${jobs.length} jobs; the others are as they were.`);
        throw error;
      }
      // Somebody else was quicker.
      if (error.code === "conflict") outcome.skipped.push({ job, reason: error.message });
      else outcome.failed.push({ job, code: error.code, message: error.message });
    }
  }
  return outcome;
}
