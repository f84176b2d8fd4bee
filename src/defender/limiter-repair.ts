/** Repairs Bottleneck's scripts on the connection they run on: Redis's clock, Redis 7's error texts, leaked slots. */
import type { Cluster, Redis } from "ioredis";
import { Failure } from "../contract/failure.ts";

/** What a limiter's script answers when Redis no longer knows the limiter, or this process as its client. */
export type LostState = "SETTINGS_KEY_NOT_FOUND" | "UNKNOWN_CLIENT";

type Callback = (error: Error | null, reply?: unknown) => void;

const CALLER_TIME = "local now = tonumber(ARGV[1])";
const REDIS_TIME = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

const TICK = "process_tick(now, true)";
// Every job weighs 1. A command that is sent again after a reconnect counts twice, and such a slot would never come back.
const RECOUNT = `redis.call('hset', settings_key, 'running', redis.call('hlen', job_weights_key))
${TICK}`;

/**
 * To be called before Bottleneck defines its scripts on `redis`. `onLost` hears the settings key of a limiter whose
 * state is gone, before Bottleneck can set it up anew.
 */
export function repairScripts(
  redis: Redis | Cluster,
  onLost: (settingsKey: string, lost: LostState) => void,
): void {
  const defineCommand = redis.defineCommand.bind(redis);
  redis.defineCommand = (name, definition) => {
    defineCommand(name, { ...definition, lua: repairLua(name, definition.lua) });
    const command: unknown = Reflect.get(redis, name);
    if (typeof command !== "function") throw unexpected(name);
    Reflect.set(redis, name, (...args: unknown[]) => {
      const callback = args.pop();
      if (!isCallback(callback)) throw unexpected(name);
      const [keyCount, settingsKey] = args;
      // The caller's clock goes no further than here: were the scripts to read it, the self-test would see the zero.
      if (typeof keyCount === "number") args[keyCount + 1] = 0;
      const answer: Callback = (error, reply) => {
        const lost = error === null ? null : lostStateOf(error);
        if (error !== null && lost !== null) {
          error.message = lost;
          onLost(String(settingsKey), lost);
        }
        callback(error, reply);
      };
      command.call(redis, ...args, answer);
    });
  };
}

function repairLua(name: string, lua: string): string {
  if (!lua.includes(CALLER_TIME)) throw unexpected(name);
  const onRedisTime = lua.replace(CALLER_TIME, REDIS_TIME);
  return name === "heartbeat" ? onRedisTime.replace(TICK, RECOUNT) : onRedisTime;
}

/** Redis 7 puts `ERR ` in front of the texts that Bottleneck compares. */
function lostStateOf(error: Error): LostState | null {
  const text = error.message.replace(/^ERR /, "");
  return text === "SETTINGS_KEY_NOT_FOUND" || text === "UNKNOWN_CLIENT" ? text : null;
}

function isCallback(value: unknown): value is Callback {
  return typeof value === "function";
}

function unexpected(name: string): Failure {
  return new Failure("internal_error", `the limiter's script "${name}" is not as this version expects it`, {
    hint: "Install the bottleneck version that the lock file names.",
  });
}
