/**
 * The order of writes to one incident: each accepted write has a turn, the first one runs, and its end wakes the next.
 * None polls and none holds a worker slot. All keys of an incident share its hash tag.
 */
import { z } from "zod";
import { defineScript, REDIS_TIME, type RedisClient } from "../redis-script.ts";
import { incidentJobsKey, type JobRef } from "../results/keys.ts";

/** Where a job lies in BullMQ. */
export interface QueuedJob {
  queue: string;
  queueJobId: string;
}

export interface IncidentRefKey {
  instance: string;
  incidentId: string;
}

/** The first turn of an incident, and how long ago it was accepted. */
export interface FirstTurn {
  job: QueuedJob;
  ageMs: number;
}

/** KEYS: turns, jobs of the incident. ARGV: turn, keep ms, pair of case and job. A repeat keeps its place. */
const acceptScript = defineScript(`${REDIS_TIME}
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
local score = now_us
if last and tonumber(last) >= score then score = tonumber(last) + 1 end
redis.call('ZADD', KEYS[1], 'NX', string.format('%.0f', score), ARGV[1])
if ARGV[3] ~= '' then
  redis.call('ZADD', KEYS[2], 'NX', string.format('%.0f', now_us), ARGV[3])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now_us - ARGV[2] * 1000))
end
for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) < tonumber(ARGV[2]) then redis.call('PEXPIRE', key, ARGV[2]) end
end
`);

/** KEYS: turns. ARGV: a turn to take out first, or ''. Answers the first turn and its age in ms. */
const firstScript = defineScript(`${REDIS_TIME}
if ARGV[1] ~= '' then redis.call('ZREM', KEYS[1], ARGV[1]) end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if not first[1] then return false end
return { first[1], string.format('%.0f', (now_us - first[2]) / 1000) }
`);

const firstReply = z.tuple([z.string(), z.coerce.number()]).nullable();

export class Turns {
  readonly #redis: RedisClient;
  readonly #prefix: string;

  constructor(redis: RedisClient, prefix: string) {
    this.#redis = redis;
    this.#prefix = prefix;
  }

  /** Queues up behind the writes accepted before; also makes the job findable by its incident. */
  async accept(incident: IncidentRefKey, job: QueuedJob, keepMs: number, ref: JobRef | null): Promise<void> {
    const jobs = incidentJobsKey(this.#prefix, incident.instance, incident.incidentId);
    const pair = ref === null ? "" : JSON.stringify([ref.caseId, ref.jobId]);
    await acceptScript(this.#redis, [this.#turns(incident), jobs], [write(job), Math.ceil(keepMs), pair]);
  }

  async first(incident: IncidentRefKey): Promise<FirstTurn | null> {
    return await this.#first(incident, "");
  }

  /** Takes a turn out and gives the one that is first now. */
  async leave(incident: IncidentRefKey, job: QueuedJob): Promise<FirstTurn | null> {
    return await this.#first(incident, write(job));
  }

  /** Notes that a job waits for its turn outside of the queue's order, so that a sweep finds it if its wake-up is lost. */
  async noteWaiting(incident: IncidentRefKey, job: QueuedJob): Promise<void> {
    await this.#redis.hset(
      this.#waiting(),
      write(job),
      JSON.stringify([incident.instance, incident.incidentId]),
    );
  }

  async forgetWaiting(job: QueuedJob): Promise<void> {
    await this.#redis.hdel(this.#waiting(), write(job));
  }

  async listWaiting(): Promise<{ job: QueuedJob; incident: IncidentRefKey }[]> {
    const fields = await this.#redis.hgetall(this.#waiting());
    return Object.entries(fields).map(([turn, text]) => {
      const [instance, incidentId] = z.tuple([z.string(), z.string()]).parse(JSON.parse(text));
      return { job: parse(turn), incident: { instance, incidentId } };
    });
  }

  async #first(incident: IncidentRefKey, leaving: string): Promise<FirstTurn | null> {
    const reply = firstReply.parse(await firstScript(this.#redis, [this.#turns(incident)], [leaving]));
    return reply === null ? null : { job: parse(reply[0]), ageMs: reply[1] };
  }

  #turns({ instance, incidentId }: IncidentRefKey): string {
    return `${this.#prefix}:{incident-${instance}-${incidentId}}:turns`;
  }

  #waiting(): string {
    return `${this.#prefix}:waiting-turns`;
  }
}

export function isSameJob(left: QueuedJob, right: QueuedJob): boolean {
  return write(left) === write(right);
}

function write(job: QueuedJob): string {
  return `${job.queue} ${job.queueJobId}`;
}

function parse(turn: string): QueuedJob {
  const [queue = "", queueJobId = ""] = turn.split(" ", 2);
  return { queue, queueJobId };
}
