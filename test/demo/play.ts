/** Plays one step of the story, and holds what comes of it against what should. */
import { type Client, Failure, type Result } from "../../producers/client.ts";
import type { Step } from "./story.ts";

const PATIENCE_MS = 15_000;

/** What the step's line says; throws when the story does not go as written. */
export async function play({ request, expects }: Step, client: Client): Promise<string> {
  if (expects === "refused") return await beRefused(request, client);
  const job = await client.submit(request);
  if (job.deduplicated !== (expects === "same job"))
    throw new Error(`${request.action}: the job is not ${expects}`);
  const result = await client.waitForResult(job, { timeoutMs: PATIENCE_MS });
  if (!result.is_success) throw new Error(`${request.action}: ${result.output_message}`);
  return job.deduplicated ? `the same job ${job.jobId}, done once: no second comment` : summarize(result);
}

async function beRefused(request: Step["request"], client: Client): Promise<string> {
  try {
    await client.submit(request);
  } catch (error) {
    if (error instanceof Failure && error.code === "invalid_input")
      return `refused, nothing was queued: ${error.message}`;
    throw error;
  }
  throw new Error(`${request.action}: it was accepted, but should have been refused`);
}

function summarize(result: Result): string {
  const { row_count: rows, output_message: message } = result;
  return typeof rows === "number" ? `${rows} rows under the case id` : message;
}
