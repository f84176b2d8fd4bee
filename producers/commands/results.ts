/** `defender-actions results`: reads what is known of a case, a job or an incident, follows it, exports its rows. */
import { type Command, Option } from "commander";
import { Failure } from "../../src/contract/failure.ts";
import type { Result } from "../../src/contract/result.ts";
import { exitCodeOfResult } from "../../src/exit.ts";
import { printJson, printText } from "../../src/output.ts";
import { unknownJob } from "../../src/results/wait.ts";
import type { Client, JobRef } from "../client.ts";
import { erase } from "./erase.ts";
import { exportRows, printWhole } from "./export-rows.ts";
import { follow } from "./follow.ts";
import { formatResult, formatResults } from "./result-text.ts";
import { withClient } from "./session.ts";
import { FORMATS, type Format, openSummaries } from "./summaries.ts";
import { hasRows } from "./whole-result.ts";

interface Options {
  job?: string;
  incident?: string;
  instance?: string;
  follow?: boolean;
  format: Format;
  json?: boolean;
  delete?: boolean;
  yes?: boolean;
}

export function defineResults(command: Command): void {
  command
    .argument("[case_id]", "the SOAR's case")
    .option(
      "--job <id>",
      "one job of the case, with all rows of its query; with csv or ndjson: the rows alone",
    )
    .addOption(
      new Option("--incident <id>", "everything done to an incident, whatever the case").conflicts([
        "job",
        "follow",
      ]),
    )
    .option("--instance <name>", "the Defender connection of --incident")
    .option(
      "--follow",
      "go on: with --job until it is final (then exit as the action did), else until Ctrl-C",
    )
    .addOption(new Option("--format <format>", "how to print").choices(FORMATS).default("table"))
    .addOption(
      new Option("--delete", "erase the case's texts and rows for good").conflicts([
        "job",
        "incident",
        "follow",
      ]),
    )
    .addOption(new Option("--yes", "with --delete: do not ask"))
    .addOption(new Option("--json", "the same as --format json").implies({ format: "json" }))
    .action(async (caseId: string | undefined, options: Options) => {
      const source = sourceOf(caseId, options);
      await withClient((client) => show(client, source, options));
    });
}

type Source =
  | { kind: "case"; caseId: string }
  | { kind: "job"; job: JobRef }
  | { kind: "incident"; incidentId: string };

function sourceOf(caseId: string | undefined, { job, incident }: Options): Source {
  if (caseId === undefined && incident !== undefined) return { kind: "incident", incidentId: incident };
  if (caseId === undefined || incident !== undefined)
    throw new Failure(
      "invalid_input",
      `case_id: given ${caseId === undefined ? "none" : "one beside --incident"}; allowed: either a case_id or --incident <id>`,
    );
  return job === undefined ? { kind: "case", caseId } : { kind: "job", job: { caseId, jobId: job } };
}

async function show(client: Client, source: Source, options: Options): Promise<void> {
  if (source.kind === "case" && options.delete)
    return await erase(client, source.caseId, { ...options, json: options.format === "json" });
  if (source.kind === "job") await showJob(client, source.job, options);
  else if (source.kind === "case" && options.follow) await followCase(client, source.caseId, options);
  else await list(await read(client, source, options), options);
}

async function read(
  client: Client,
  source: Exclude<Source, { kind: "job" }>,
  { instance }: Options,
): Promise<Result[]> {
  if (source.kind === "case") return await client.resultsForCase(source.caseId);
  return await client.resultsForIncident(source.incidentId, instance === undefined ? {} : { instance });
}

async function list(results: readonly Result[], { format }: Options): Promise<void> {
  if (format === "json") return await printJson(results);
  if (format === "table")
    return await printText(results.length === 0 ? "Nothing is known here." : formatResults(results));
  const summarize = await openSummaries(format);
  for (const result of results) await summarize(result);
}

async function followCase(client: Client, caseId: string, { format }: Options): Promise<void> {
  await client.resultsForCase(caseId); // A follower waits for Redis as long as it takes; this does not.
  const summarize = await openSummaries(format);
  for await (const result of follow(client, caseId)) await summarize(result);
}

async function showJob(client: Client, job: JobRef, options: Options): Promise<void> {
  const known = await client.result(job);
  if (known === null) throw unknownJob(job);
  const { format } = options;
  const isExport = format === "csv" || format === "ndjson";
  let result = known;
  if (options.follow) {
    const summarize = isExport ? async () => {} : await openSummaries(format);
    for await (result of follow(client, job.caseId, job.jobId)) await summarize(result);
    process.exitCode = exitCodeOfResult(result);
  }
  if (isExport) await exportRows(client, job, result, format);
  else if (format === "json" && options.follow) return;
  else if (hasRows(result)) await printWhole(client, job, result, format);
  else if (format === "table") await printText(formatResult(result));
  else await printJson(result);
}
