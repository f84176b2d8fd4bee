/** Failed jobs as people read them. */
import { toJson, visible } from "../../src/output.ts";
import type { Evidence, FailedJob, FailedJobDetails } from "../client.ts";
import type { Reasons } from "./reasons.ts";
import { formatResult } from "./result-text.ts";
import { commandLine } from "./session.ts";
import { formatTable } from "./table.ts";

/** More are asked for with `--limit`. */
export const JOBS_SHOWN = 20;
/** An example is to be recognised; the whole message is with the job. */
const LONGEST_EXAMPLE = 160;

export function formatReasons(reasons: Reasons): string {
  const rows = reasons
    .list()
    .map(({ code, action, count, newest }) => [
      [code, action].map(visible).join("\n"),
      String(count),
      shortTime(newest.failedAt),
      shorten(newest.message),
    ]);
  return formatTable(["Reason, action", "Jobs", "Newest", "Its message"], rows);
}

export function formatFailed(jobs: readonly FailedJob[]): string {
  const rows = jobs.map((job) => [
    [job.jobId, `case ${job.caseId ?? "unknown"}`, job.action].map(visible).join("\n"),
    shortTime(job.failedAt),
    `${job.code}\n${shorten(job.message)}`,
  ]);
  return formatTable(["Job", "Failed", "Reason"], rows);
}

/** On one line, so that a command in the remark can be copied. */
export function formatLine({ jobId, caseId, action, code }: FailedJob, remark: string): string {
  return visible(`  ${jobId} (case ${caseId ?? "unknown"}, ${action}, ${code}): ${remark}`);
}

export function formatDetails(details: FailedJobDetails): string {
  const { jobId, result, input, evidence, code } = details;
  const isUnknown = code === "outcome_unknown";
  return [
    result === null ? formatWithoutResult(details) : formatResult(result),
    `Arguments: ${toJson(input, 2)}`,
    ...(evidence === null ? [] : [formatEvidence(evidence)]),
    ...(isUnknown ? settleCommands(jobId) : [`To ask for it again: ${commandLine("retry", jobId, "--yes")}`]),
  ].join("\n");
}

export function settleCommands(jobId: string): string[] {
  return [
    `If it is in Defender:       ${commandLine("settle", jobId, "--as", "done", "--by", "NAME")}`,
    `If it is not, to try again: ${commandLine("settle", jobId, "--as", "retry", "--by", "NAME")}`,
  ];
}

function formatEvidence({ sentAt, sent, mark, incidentId, incidentUrl }: Evidence): string {
  const facts: [string, string | null][] = [
    ["sent at", sentAt],
    ["incident", incidentId],
    ["link", incidentUrl],
    ["mark", mark],
  ];
  const lines = facts.flatMap(([name, value]) =>
    value === null ? [] : [`  ${name.padEnd(9)} ${visible(value)}`],
  );
  return ["Evidence of the write whose outcome is unknown:", ...lines, `  sent ${toJson(sent, 2)}`].join(
    "\n",
  );
}

function formatWithoutResult({ action, code, message, jobId, caseId, failedAt }: FailedJobDetails): string {
  return [
    visible(`${action}  failed (${code})`),
    `  ${visible(message)}`,
    "  Its result has expired: whether it ran again since is not known.",
    `  case ${visible(caseId ?? "unknown")}, job ${visible(jobId)}, failed ${failedAt}`,
  ].join("\n");
}

export function shortTime(iso: string): string {
  return iso.replace("T", "\n").replace(/\.\d+Z$/, "Z");
}

function shorten(message: string): string {
  return visible(
    message.length > LONGEST_EXAMPLE ? `${message.slice(0, LONGEST_EXAMPLE - 1)}…`.toWellFormed() : message,
  );
}
