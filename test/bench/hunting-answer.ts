/** What a hunting answer as large as Graph gives takes to be stored and read back, and whether others feel it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { JobRef, Result } from "../../producers/client.ts";
import { BIN } from "../cli/bin.ts";
import { hunt } from "../faults/jobs.ts";
import { PrivateRedis } from "../faults/private-redis.ts";
import { metrics, seriesOf } from "../ops/health.ts";
import { manyRows } from "../simulator/many-rows.ts";
import { CASE, openRig, type Rig } from "../support/rig.ts";
import { type Vitals, watchVitals } from "../support/vitals.ts";
import { keyBytes, watchMemory } from "./memory.ts";
import type { Session } from "./session.ts";

export interface AnswerFigures {
  rows: number;
  rawBytes: number;
  /** In Redis, with its record. */
  storedBytes: number;
  /** Of the worker before, with the parser loaded. */
  restingBytes: number;
  /** From enqueued to its result, alone. */
  storedMs: number;
  one: Vitals;
  /** Two that are asked for at once. */
  two: Vitals;
  /** From enqueued to its result, of small queries one after the other, before and beside the big ones. */
  othersBeforeMs: number[];
  othersMs: number[];
  /** By the shipped command, page by page. */
  readMs: number;
  readBytes: number;
  readerBytes: number;
}

const COLUMNS = 12;
const OTHERS_BEFORE = 40;
const MARK = "huge";

export async function measureAnswer(rows: number, bytes: number, session: Session): Promise<AnswerFigures> {
  const { cleanup } = session;
  const redis = await cleanup.start(PrivateRedis.start({ appendfsync: "everysec" }), (one) => one.close());
  const opening = openRig({
    redisUrl: redis.url,
    warmUp: true,
    settings: { quotas: { incidents: null, hunting: null } },
    env: { DEFENDER_HUNTING_LIMITS: "1000/1s", LOG_LEVEL: "info", WORKER_PORT: "0" },
  });
  const rig = await cleanup.start(opening, (opened) => opened.close());
  const worker = await rig.startWorker();
  const { port } = await worker.event("health.listening");
  const url = `http://127.0.0.1:${port}`;
  const answer = { count: rows, bytes: Math.floor(bytes / COLUMNS), columns: COLUMNS };
  const match = { method: "POST", path: "/runHuntingQuery$", body: MARK };
  await rig.simulator.addFault({ match, times: null, fault: { rows: answer } });
  // They load the parser as well.
  const othersBeforeMs: number[] = [];
  for (let number = 0; number < OTHERS_BEFORE; number += 1) othersBeforeMs.push(await askSmall(rig));
  const restingBytes = seriesOf(await metrics(url), "process_resident_memory_bytes") ?? 0;

  const others = askOneByOne(rig);
  const alone = await watchVitals(worker.pid, url);
  const startedMs = performance.now();
  const [job] = await askBig(rig, 1);
  const storedMs = performance.now() - startedMs;
  const one = await alone.stop();
  const together = await watchVitals(worker.pid, url);
  await askBig(rig, 2);
  const two = await together.stop();
  const othersMs = await others.stop();
  if (job === undefined) throw new Error("the big query was not accepted");
  return {
    rows,
    rawBytes: Buffer.byteLength(manyRows(answer)),
    storedBytes: await keyBytes(redis.admin, job.jobId),
    restingBytes,
    storedMs,
    one,
    two,
    othersBeforeMs: othersBeforeMs.slice(OTHERS_BEFORE / 2),
    othersMs,
    ...(await readBack(rig, job, rows)),
  };
}

async function askBig(rig: Rig, count: number): Promise<JobRef[]> {
  const jobs = await rig.acceptMany(Array.from({ length: count }, () => hunt(MARK)));
  for (const job of jobs) refuseFailed(await rig.finish(job));
  return jobs;
}

async function askSmall({ client }: Rig): Promise<number> {
  const startedMs = performance.now();
  const job = await client.enqueue("execute_custom_query", {
    ...CASE,
    case_id: "other",
    query: "print ok=1",
  });
  refuseFailed(await client.waitForResult(job, { timeoutMs: 60_000 }));
  return performance.now() - startedMs;
}

function refuseFailed({ status, error }: Result): void {
  if (status !== "completed") throw new Error(`a query ended as ${status}: ${error?.message}`);
}

/** `stop` gives how long each took. */
function askOneByOne(rig: Rig): { stop(): Promise<number[]> } {
  const answersMs: number[] = [];
  let isOver = false;
  const asking = (async () => {
    while (!isOver) answersMs.push(await askSmall(rig));
  })();
  // Whoever stops it hears of a failure.
  asking.catch(() => undefined);
  return {
    async stop() {
      isOver = true;
      await asking;
      return answersMs;
    },
  };
}

async function readBack(
  { env }: Rig,
  { caseId, jobId }: JobRef,
  rows: number,
): Promise<Pick<AnswerFigures, "readMs" | "readBytes" | "readerBytes">> {
  const args = ["results", caseId, "--job", jobId, "--format", "ndjson"];
  const startedMs = performance.now();
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const memory = watchMemory(child.pid ?? 0);
  const ended = once(child, "close");
  let readBytes = 0;
  let lines = 0;
  for await (const chunk of child.stdout) {
    readBytes += chunk.length;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
  }
  await ended;
  const figures = { readMs: performance.now() - startedMs, readBytes, readerBytes: memory.stop() };
  if (lines !== rows) throw new Error(`${lines} of ${rows} rows were read back`);
  return figures;
}
