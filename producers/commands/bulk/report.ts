/** `defender-actions bulk report`: what became of each incident of a run. */
import { type Command, Option } from "commander";
import { grouped } from "../../../src/bulk/numbers.ts";
import { REPORT_HEADER, toReportRecord } from "../../../src/bulk/report-record.ts";
import { endedOf, type Outcome, type RunStatus } from "../../../src/bulk/run.ts";
import { print, printJsonLine, printText, tell, visible } from "../../../src/output.ts";
import { toCsv } from "../../../src/results/csv.ts";
import { withClient } from "../session.ts";
import { formatChanges } from "./plan-text.ts";
import { formatCounts } from "./run-text.ts";

const FORMATS = ["table", "csv", "ndjson"] as const;
type Format = (typeof FORMATS)[number];

export function defineReport(command: Command): void {
  command
    .argument("<run>", "the run")
    .addOption(new Option("--format <format>", "how to print").choices(FORMATS).default("table"))
    .action(async (runId: string, { format }: { format: Format }) => {
      await withClient(async (client) => {
        const show = await openReport(format);
        for await (const outcome of client.bulk.report(runId)) await show(outcome);
        const totals = formatTotals(await client.bulk.status(runId));
        if (format === "table") await printText(totals);
        else tell(totals);
      });
    });
}

async function openReport(format: Format): Promise<(outcome: Outcome) => Promise<void>> {
  if (format === "ndjson") return printJsonLine;
  if (format === "table") return (outcome) => printText(formatOutcome(outcome));
  await print(toCsv([REPORT_HEADER]));
  return (outcome) => print(toCsv([toReportRecord(outcome)]));
}

/** One line. */
export function formatOutcome({
  id,
  result,
  reason,
  code,
  message,
  before = {},
  after = {},
}: Outcome): string {
  const why = reason ?? code;
  return [
    `${id.padEnd(8)}  ${result}${why === undefined ? "" : ` (${why})`}`,
    ...(result === "changed" ? [formatChanges(before, after).join(", ")] : []),
    ...(message === undefined ? [] : [visible(message)]),
  ]
    .filter((part) => part !== "")
    .join("  ");
}

/** Adds up to the selection, also while the run is at work. */
export function formatTotals({ counts }: Pick<RunStatus, "counts">): string {
  const { selected, waiting, in_hand: inHand } = counts;
  const sum = endedOf(counts) + waiting + inHand;
  const differs = sum === selected ? "" : ` (they add up to ${grouped(sum)})`;
  return `${grouped(selected)} selected${differs}: ${formatCounts(counts)}`;
}
