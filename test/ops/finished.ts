/** Results as a worker would have written them, with any text in them. */
import { gzipSync } from "node:zlib";
import type { Findings } from "../../src/contract/result.ts";
import { findingsSchema } from "../../src/contract/result.ts";
import type { JobRef } from "../../src/results/keys.ts";
import { ResultStore } from "../../src/results/store.ts";
import type { Opened } from "./opened.ts";

type Row = Record<string, unknown>;

export async function finishJob(
  { redis, prefix }: Opened,
  job: JobRef,
  found: Partial<Findings>,
  rows: readonly Row[] = [],
): Promise<void> {
  const store = new ResultStore(redis, prefix);
  const started = await store.start(job, 1);
  if (started.verdict !== "run") throw new Error(`the job is ${started.verdict}`);
  const columns = Object.keys(rows[0] ?? {}).map((name) => ({ name, type: "String" }));
  const findings = findingsSchema.parse({
    ...(rows.length === 0 ? {} : { schema: columns, row_count: rows.length }),
    ...found,
  });
  const pages: Uint8Array[] = [];
  for (let from = 0; from < rows.length; from += 1_000)
    pages.push(gzipSync(JSON.stringify(rows.slice(from, from + 1_000))));
  await store.finish(
    { caseId: job.caseId, jobId: job.jobId, generation: 1, run: started.run },
    {
      status: findings.error === null ? "completed" : "failed",
      findings,
      attempts: 1,
      ...(rows.length === 0 ? {} : { rows: { pages, inlineRows: 10 } }),
    },
    600_000,
  );
}
