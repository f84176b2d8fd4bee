/** `defender-actions failed`: jobs that failed for good, by reason, or one of them whole. */
import type { Command } from "commander";
import { Failure } from "../../src/contract/failure.ts";
import { printJson, printText } from "../../src/output.ts";
import type { Client, FailedJob, GivenUp } from "../client.ts";
import { addFilterOptions, type FilterOptions, givenFilters, readFilter } from "./failed-options.ts";
import { formatDetails, formatFailed, formatReasons, JOBS_SHOWN } from "./failed-text.ts";
import { formatGivenUp } from "./given-up-text.ts";
import { Reasons } from "./reasons.ts";
import { commandLine, withClient } from "./session.ts";

interface Options extends FilterOptions {
  job?: string;
  webhook?: boolean;
  json?: boolean;
}

export function defineFailed(command: Command): void {
  addFilterOptions(command.option("--job <id>", "one of them whole, arguments and evidence included"))
    .option(
      "--webhook",
      "results that the webhook was not told of, instead; --case, --since and --limit narrow them down",
    )
    .option("--json", "print JSON: an array; with --job an object")
    .action(async (options: Options) => {
      const { job, webhook, ...rest } = options;
      if (webhook) {
        checkOfWebhook(options);
        return await withClient((client) => listGivenUp(client, options));
      }
      if (job !== undefined) checkAlone(rest);
      await withClient((client) =>
        job === undefined ? list(client, options) : showOne(client, job, options),
      );
    });
}

/** An id says which job is meant, and a case makes it exact; no other filter goes with it. */
function checkAlone(options: FilterOptions): void {
  const [other] = givenFilters(options).filter((name) => name !== "--case");
  if (other !== undefined)
    throw new Failure("invalid_input", `--job: given beside ${other}; allowed: --job alone or with --case`);
}

function checkOfWebhook(options: Options): void {
  const narrowed = givenFilters(options).filter((name) => name !== "--case" && name !== "--since");
  const [other] = options.job === undefined ? narrowed : ["--job"];
  if (other !== undefined)
    throw new Failure(
      "invalid_input",
      `--webhook: given beside ${other}; allowed: --webhook alone or with --case, --since or --limit`,
    );
}

async function listGivenUp(client: Client, options: Options): Promise<void> {
  const { caseId, since, limit = options.json ? Number.MAX_SAFE_INTEGER : JOBS_SHOWN } = readFilter(options);
  const results: GivenUp[] = [];
  let isMore = false;
  for await (const result of client.givenUp({ caseId, since })) {
    isMore = results.length === limit;
    if (isMore) break;
    results.push(result);
  }
  await (options.json ? printJson(results) : printText(formatGivenUp(results, isMore)));
}

async function showOne(client: Client, jobId: string, { case: caseId, json }: Options): Promise<void> {
  const details = await client.failedJob({ jobId, caseId });
  await (json ? printJson(details) : printText(formatDetails(details)));
}

async function list(client: Client, options: Options): Promise<void> {
  // All are counted, but no more are kept than will be shown.
  const keep = options.json ? Number.POSITIVE_INFINITY : (options.limit ?? JOBS_SHOWN);
  const jobs: FailedJob[] = [];
  const reasons = new Reasons();
  for await (const job of client.failed(readFilter(options))) {
    reasons.add(job);
    if (jobs.length < keep) jobs.push(job);
  }
  if (options.json) return await printJson(jobs);
  if (jobs.length === 0) {
    const which = givenFilters(options).length === 0 ? "No" : "No such";
    return await printText(`${which} job has failed for good.`);
  }
  const { total } = reasons;
  await printText(
    [
      formatReasons(reasons),
      formatFailed(jobs),
      ...(total > jobs.length ? [`${jobs.length} of ${total} jobs; more of them: --limit ${total}`] : []),
      `One of them whole: ${commandLine("failed", "--job", "ID")}`,
      `To see which can be asked for again: ${commandLine("retry", "--all", "--dry-run")}`,
    ].join("\n"),
  );
}
