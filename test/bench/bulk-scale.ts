/** What it costs to accept a run of very many ids, to pause and to cancel it, and whether others feel it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../producers/client.ts";
import { type BulkPlace, openPlace, writeIds } from "./bulk-place.ts";
import { keyBytes, watchMemory } from "./memory.ts";
import type { Session } from "./session.ts";

/** So small that what grows is what is needed, and not what nobody has collected yet. */
const PRODUCER_HEAP_MB = 48;

export interface ScaleFigures {
  incidents: number;
  /** From the start of the command until the run goes on with all its ids. */
  acceptedMs: number;
  pausedMs: number;
  cancelledMs: number;
  /** Calls that arrived once it was paused. */
  callsWhilePaused: number;
  producerBytes: number;
  workerBytes: number;
  /** In Redis, while it waits and once it is cancelled. */
  waitingBytesEach: number;
  cancelledBytesEach: number;
  /** Of a query that somebody asks for now and then, in milliseconds. */
  othersBeforeMs: number[];
  othersMs: number[];
}

const LIMIT = { calls: 40, windowMs: 2_000 };
const OTHERS_EVERY_MS = 250;
const OTHERS_BEFORE = 40;
const STILL_MS = 3_000;
const CHANGE = ["--status", "resolved", "--max-failures", "100%", "--yes", "--json"];

export async function measureScale(incidents: number, session: Session): Promise<ScaleFigures> {
  const place = await openPlace(session, LIMIT);
  const { rig, redis, worker, bulk } = place;
  const file = await writeIds(session, idsOf(incidents));
  const before = askNowAndThen(rig.client);
  await sleep(OTHERS_BEFORE * OTHERS_EVERY_MS);
  const othersBeforeMs = await before.stop();

  const others = askNowAndThen(rig.client);
  const workerMemory = watchMemory(worker.pid);
  const startedMs = performance.now();
  const asking = ["reclassify", "--from", file, "--case-id", "bench", "--expect", String(incidents)];
  const producer = bulk.start([...asking, ...CHANGE], [`--max-old-space-size=${PRODUCER_HEAP_MB}`]);
  const producerMemory = watchMemory(producer.child.pid ?? 0);
  const runId = await bulk.findRun((run) => run.case_id === "bench", producer);
  await bulk.until(runId, ({ state, counts }) => state === "running" && counts.selected === incidents);
  const acceptedMs = performance.now() - startedMs;
  const pausedMs = await timed(() => bulk.run("pause", runId));
  await bulk.until(runId, ({ state, counts }) => state === "paused" && counts.in_hand === 0);
  const waitingBytes = await keyBytes(redis.admin, runId);
  const callsWhilePaused = await callsDuring(place, () => sleep(STILL_MS));
  producer.child.kill("SIGINT");
  await producer.ended;
  const cancelledMs = await timed(() => bulk.run("cancel", runId));
  // Once it has its result, the run is down to its report.
  await rig.client.waitForResult({ caseId: "bench", jobId: runId }, { timeoutMs: 60_000 });
  const othersMs = await others.stop();
  return {
    incidents,
    acceptedMs,
    pausedMs,
    cancelledMs,
    callsWhilePaused,
    producerBytes: producerMemory.stop(),
    workerBytes: workerMemory.stop(),
    waitingBytesEach: waitingBytes / incidents,
    cancelledBytesEach: (await keyBytes(redis.admin, runId)) / incidents,
    othersBeforeMs,
    othersMs,
  };
}

/** As a tenant's ids are: in a row, with gaps. */
function* idsOf(incidents: number): Generator<number> {
  for (let n = 0; n < incidents; n += 1) yield 1_000_000 + 3 * n;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

async function callsDuring({ rig }: BulkPlace, work: () => Promise<unknown>): Promise<number> {
  const callsSoFar = async (): Promise<number> =>
    (await rig.simulator.ledger()).arrivals.filter(({ lane }) => lane === "incidents").length;
  const before = await callsSoFar();
  await work();
  return (await callsSoFar()) - before;
}

/** `stop` gives how long each took, once all have their answers. */
function askNowAndThen(client: Client): { stop(): Promise<number[]> } {
  const answers: Promise<number>[] = [];
  const ask = async (number: number): Promise<number> => {
    const startedMs = performance.now();
    const input = { case_id: `other-${number}`, alert_group_identifiers: [], query: "print ok=1" };
    const job = await client.enqueue("execute_custom_query", input);
    await client.waitForResult(job, { timeoutMs: 60_000 });
    return performance.now() - startedMs;
  };
  const asking = setInterval(() => {
    const answer = ask(answers.length);
    // Whoever waits for it hears of a failure.
    answer.catch(() => undefined);
    answers.push(answer);
  }, OTHERS_EVERY_MS);
  return {
    async stop() {
      clearInterval(asking);
      return await Promise.all(answers);
    },
  };
}
