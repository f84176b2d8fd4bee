/** Results that the webhook was not told of, as people read them. */
import { visible } from "../../src/output.ts";
import type { GivenUp } from "../client.ts";
import { shortTime } from "./failed-text.ts";
import { formatTable } from "./table.ts";

export function formatGivenUp(results: readonly GivenUp[], isMore: boolean): string {
  if (results.length === 0) return "No result was given up.";
  const rows = results.map(({ caseId, jobId, action, status, givenUpAt, why }) => [
    [jobId, `case ${caseId}`, `${action}, ${status}`].map(visible).join("\n"),
    shortTime(givenUpAt),
    visible(why),
  ]);
  return [
    formatTable(["Job", "Given up", "Why"], rows),
    ...(isMore ? ["There are more, see --limit and --json."] : []),
    "To send them once more: retry them on the board, in the queue defender-webhook.",
  ].join("\n");
}
