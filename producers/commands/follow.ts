/** Changes as they come, until the last one or Ctrl-C. */
import { isFinal, type Result } from "../../src/contract/result.ts";
import { waitForSignal } from "../../src/lifecycle.ts";
import type { Client } from "../client.ts";

/** Starts with how things stand. Without a job it follows the whole case, and only a signal ends it. */
export async function* follow(client: Client, caseId: string, jobId?: string): AsyncGenerator<Result, void> {
  const stop = new AbortController();
  void waitForSignal().then(() => stop.abort());
  for await (const result of client.followCase(caseId, { signal: stop.signal })) {
    if (jobId !== undefined && result.job_id !== jobId) continue;
    yield result;
    if (jobId !== undefined && isFinal(result.status)) return;
  }
}
