/** An alerter that looks at what is in Redis, or at what a test makes of it, as if at another time. */
import { RunReader } from "../../src/bulk/run-reader.ts";
import { createLog } from "../../src/log.ts";
import { Alerter } from "../../src/ops/alerter.ts";
import { readSituation, type Situation } from "../../src/ops/situation.ts";
import type { Notice } from "../../src/ops/webhook.ts";
import { CredentialEnds } from "../../src/queue/credential-ends.ts";
import { CredentialRefusals } from "../../src/queue/credential-refusals.ts";
import { listQueues } from "../../src/queue/instance-queues.ts";
import { Stops } from "../../src/queue/stops.ts";
import { INCIDENTS } from "./bull-board.ts";
import type { Opened } from "./opened.ts";

export const silent = createLog("silent");

export function openAlerter(
  { redis, prefix, queues }: Opened,
  change: (situation: Situation) => Situation = (same) => same,
) {
  const notices: Notice[] = [];
  const stops = new Stops(redis, prefix);
  const ends = new CredentialEnds(redis, prefix);
  const refusals = new CredentialRefusals(redis, prefix);
  const runs = new RunReader(redis, prefix);
  const list = () => listQueues(redis, prefix);
  let aheadMs = 0;
  const alerter = new Alerter({
    redis,
    prefix,
    log: silent,
    read: async () => {
      const situation = await readSituation({ redis, queues, list, runs, stops, ends, refusals });
      return change({ ...situation, nowMs: situation.nowMs + aheadMs });
    },
    tell: async (notice) => void notices.push(notice),
  });
  /** Looks as if so much later than now. */
  const lookIn = async (ms: number): Promise<void> => {
    aheadMs = ms;
    await alerter.look();
  };
  return { alerter, notices, lookIn };
}

/** The situation with one queue's figures changed. */
export const withQueue =
  (changed: Partial<Situation["figures"][number]>) =>
  (situation: Situation): Situation => ({
    ...situation,
    figures: situation.figures.map((state) =>
      state.queue.name === INCIDENTS ? { ...state, ...changed } : state,
    ),
  });
