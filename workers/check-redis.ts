/** What of Redis a worker rests on: that it answers, its version, that it loses nothing, and its clock. */
import type { RedisConfig } from "../src/config.ts";
import { connectProducer } from "../src/queue/connection.ts";
import { describeDrift, LARGEST_DRIFT_MS, measureDriftMs } from "../src/queue/drift.ts";
import { isRedisAway, redisAway } from "../src/queue/unreachable.ts";
import type { RedisClient } from "../src/redis-script.ts";
import { type Finding, failed } from "./finding.ts";

const OLDEST = [6, 2] as const;

export async function* checkRedis(config: RedisConfig): AsyncGenerator<Finding, void> {
  const redis = connectProducer(config, { name: "defender-check" });
  try {
    const info = readInfo(await redis.info());
    yield versionOf(info);
    yield evictionOf(info);
    yield persistenceOf(info);
    yield await clockOf(redis);
  } catch (error) {
    if (!isRedisAway(error)) throw error;
    yield { ...failed("redis", redisAway(error)), unreachable: true };
  } finally {
    redis.disconnect();
  }
}

type Info = ReadonlyMap<string, string>;

function readInfo(text: string): Info {
  const pairs = text.matchAll(/^([a-z0-9_]+):(.*?)\r?$/gm);
  return new Map([...pairs].map(([, name = "", value = ""]) => [name, value]));
}

function versionOf(info: Info): Finding {
  const version = info.get("redis_version") ?? "";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const ok = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
  const message = `answers, version ${version || "unknown"}`;
  return { check: "redis", ok, message, ...(ok ? {} : { hint: `Use ${OLDEST.join(".")} or newer.` }) };
}

function evictionOf(info: Info): Finding {
  const policy = info.get("maxmemory_policy");
  const ok = policy === undefined ? null : policy === "noeviction";
  return {
    check: "redis eviction",
    ok,
    message: `maxmemory-policy is ${policy ?? "not told"}`,
    ...(ok ? {} : { hint: "Set it to noeviction: any other drops jobs and results when memory is short." }),
  };
}

/** No failure: to run without is a choice, and a service's own replication may stand in for it. */
function persistenceOf(info: Info): Finding {
  const isOn = info.get("aof_enabled") === "1";
  return {
    check: "redis persistence",
    ok: true,
    message: `appendonly is ${isOn ? "on" : "off"}`,
    ...(isOn
      ? {}
      : { hint: "With appendonly yes and appendfsync always no accepted job is lost in a crash." }),
  };
}

async function clockOf(redis: RedisClient): Promise<Finding> {
  const driftMs = await measureDriftMs(redis);
  const ok = Math.abs(driftMs) <= LARGEST_DRIFT_MS;
  return {
    check: "clock",
    ok,
    message: describeDrift(driftMs),
    ...(ok ? {} : { hint: "Let both take the time from NTP." }),
  };
}
