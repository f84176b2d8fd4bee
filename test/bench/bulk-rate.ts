/** How near to the physical limit of its share a run of thousands comes, and how long an interactive job takes beside it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Rig } from "../support/rig.ts";
import { busiestWindow } from "../support/windows.ts";
import { openPlace, SHARE } from "./bulk-place.ts";
import { keyBytes } from "./memory.ts";
import { type Limit, physicalLimitMs } from "./quota-figures.ts";
import type { Session } from "./session.ts";

export interface RateFigures {
  limit: Limit;
  incidents: number;
  /** That the run sent, and that it needs at least. */
  calls: number;
  neededCalls: number;
  /** From its first write to its last call, and the shortest that its share allows for the calls that needs. */
  spanMs: number;
  physicalMs: number;
  /** From its first call to its first write: pages are listed one after the other, so this depends on how fast Graph lists. */
  selectedMs: number;
  /** The most calls in a window, interactive ones too. */
  busiest: number;
  reportBytesEach: number;
  /** From being asked for to the answer, while nothing else is done and beside the run. */
  idleMs: number[];
  besideMs: number[];
  /** From being asked for to the first call. */
  firstCallMs: number[];
}

const PAGE = 50;
const WINDOW_JITTER = 0.01;
/** Three of five of the crowd are active. */
const ACTIVE_OF = 5 / 3;
const FIRST_OF_ANALYST = 900_001;
const IDLE_JOBS = 10;
const EVERY_MS = 1_000;

export async function measureRate(incidents: number, limit: Limit, session: Session): Promise<RateFigures> {
  const { rig, redis, bulk } = await openPlace(session, limit);
  const { simulator } = rig;
  await simulator.reset(Math.ceil(incidents * ACTIVE_OF) + 1);
  const active = (await simulator.incidents()).filter(({ status }) => status === "active").length;
  let asked = FIRST_OF_ANALYST;
  const askOne = async (): Promise<Asked> => {
    const id = asked;
    asked += 1;
    await simulator.editIncident(String(id), { status: "inProgress" });
    return await ask(rig, id);
  };
  const idle: Asked[] = [];
  for (let job = 0; job < IDLE_JOBS; job += 1) idle.push(await askOne());

  const limits = ["--expect", String(active), "--limit", String(active)];
  const change = ["--status", "resolved", "--classification", "falsePositive"];
  const asking = ["--where-status", "active", ...change, ...limits, "--case-id", "bench", "--yes", "--json"];
  const producer = bulk.start(["reclassify", ...asking]);
  const runId = await bulk.findRun((run) => run.case_id === "bench", producer);
  let isOver = false;
  void producer.ended.then(() => {
    isOver = true;
  });
  const beside: Promise<Asked>[] = [];
  while (!isOver) {
    session.signal.throwIfAborted();
    beside.push(askOne());
    await sleep(EVERY_MS);
  }
  const { code, err } = await producer.ended;
  if (code !== 0) throw new Error(`the run exited ${code}: ${err}`);
  const answered = await Promise.all(beside);

  const { arrivals } = await simulator.ledger();
  const calls = arrivals.filter(({ lane }) => lane === "incidents");
  const isOfAnalyst = ({ path }: { path: string }): boolean => /\/incidents\/9\d{5}(\/|$)/.test(path);
  const callsOfRun = calls.filter((call) => !isOfAnalyst(call));
  const ofRun = callsOfRun.map(({ timeMs }) => timeMs);
  const firstWriteMs = Math.min(
    ...callsOfRun.filter(({ method }) => method === "PATCH").map(({ timeMs }) => timeMs),
  );
  const writing = active + Math.ceil(active / PAGE);
  const neededCalls = 2 * Math.ceil(active / PAGE) + active;
  return {
    limit,
    incidents: active,
    calls: ofRun.length,
    neededCalls,
    spanMs: Math.max(...ofRun) - firstWriteMs,
    selectedMs: firstWriteMs - Math.min(...ofRun),
    physicalMs: physicalLimitMs(writing, { ...limit, calls: Math.floor(limit.calls * SHARE) }),
    busiest: busiestWindow(
      calls.map(({ timeMs }) => timeMs),
      limit.windowMs * (1 - WINDOW_JITTER),
    ),
    reportBytesEach: (await keyBytes(redis.admin, runId)) / active,
    idleMs: idle.map(({ answeredMs }) => answeredMs),
    besideMs: answered.map(({ answeredMs }) => answeredMs),
    firstCallMs: answered.map(({ id, atMs }) => {
      const first = calls.find(({ path }) => path.endsWith(`/incidents/${id}`));
      return (first?.timeMs ?? Number.POSITIVE_INFINITY) - atMs;
    }),
  };
}

interface Asked {
  id: number;
  /** Unix time. */
  atMs: number;
  answeredMs: number;
}

async function ask({ client }: Rig, id: number): Promise<Asked> {
  const atMs = performance.timeOrigin + performance.now();
  const input = {
    case_id: `analyst-${id}`,
    alert_group_identifiers: [],
    incident_id: id,
    status: "Resolved",
  };
  const job = await client.enqueue("update_incident", input);
  await client.waitForResult(job, { timeoutMs: 60_000 });
  return { id, atMs, answeredMs: performance.timeOrigin + performance.now() - atMs };
}
