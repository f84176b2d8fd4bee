/** The limit that learns: Microsoft publishes none for incidents, so one that proves too high is lowered, and climbs back. */
import { z } from "zod";
import type { Window } from "../config.ts";

/** Shares are whole thousandths in Redis, so that scripts and processes round alike. */
const WHOLE = 1_000;
const STEP = 100;

/** Two refusals lower the limit when they are no further apart. */
const PAIR_MS = 600_000;
/** How long it stays lowered before it climbs; meanwhile no refusal lowers it again. */
const LOWERED_MS = 3_600_000;
/** From one tenth to the next on the way back. */
const STEP_MS = 600_000;

export interface GateLimit {
  /** The part of the configured limits that calls may use: from 0.1 to 1. */
  share: number;
  /** Null when it is whole. Times are Redis's. */
  lowered: { atMs: number; climbsAtMs: number } | null;
}

/** The calls of a window that are left of it; at least one. */
export function callsLeft({ calls }: Pick<Window, "calls">, { share }: Pick<GateLimit, "share">): number {
  return Math.max(1, Math.floor((calls * Math.round(share * WHOLE)) / WHOLE));
}

export const SHARE = `
local share = ${WHOLE}
if state.share then
  local climbingMs = now - at('loweredAt') - ${LOWERED_MS}
  local steps = climbingMs < 0 and 0 or 1 + math.floor(climbingMs / ${STEP_MS})
  share = math.min(${WHOLE}, at('share') + ${STEP} * steps)
end
local isLowered = share < ${WHOLE}
local function spaced(ms) return math.ceil(tonumber(ms) * ${WHOLE} / share) end
`;

/**
 * ARGV ends with the limits of the windows and then how long a call stays in each once it is sent.
 * `fullMs()`: milliseconds until every window takes a call, 0 now. `count(untilSentMs)`: counts the call in.
 */
export const WINDOWS = `
local function limitOf(i) return tonumber(ARGV[#ARGV - 2 * #KEYS + 1 + i]) end
local function staysOf(i) return tonumber(ARGV[#ARGV - #KEYS + i]) end
local function fullMs()
  local longest = 0
  for i = 2, #KEYS do
    local limit = math.max(1, math.floor(limitOf(i) * share / ${WHOLE}))
    local spent = redis.call('ZCOUNT', KEYS[i], '(' .. now, '+inf')
    if spent >= limit then
      local leaves = redis.call('ZRANGEBYSCORE', KEYS[i], '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', spent - limit, 1)
      -- One that is still to be sent is taken to be sent this moment, though its place is kept for longer.
      longest = math.max(longest, math.min(tonumber(leaves[2]) - now, staysOf(i)))
    end
  end
  return longest
end
local function count(untilSentMs)
  for i = 2, #KEYS do
    local stays = staysOf(i) + tonumber(untilSentMs)
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
    redis.call('ZADD', KEYS[i], now + stays, ARGV[1])
    redis.call('PEXPIRE', KEYS[i], stays)
  end
end
`;

/**
 * `lower(admittedAt)`: a call that was let go then was one too many. Answers with the share that is left, 0 when none was
 * taken. Calls that were let go before the last such refusal belong to it, for they could not know of it.
 */
export const LOWER = `
local function lower(admittedAt)
  local last = at('refusedAt')
  if admittedAt <= last then return 0 end
  store('refusedAt', now)
  if now - last > ${PAIR_MS} or now - at('loweredAt') < ${LOWERED_MS} then return 0 end
  -- Never below a tenth: it has climbed by one before it can be halved again.
  local left = math.floor(share / 2)
  store('share', left, 'loweredAt', now)
  return left
end
`;

const limitReply = z.tuple([z.number(), z.number()]);

export function parseLimit(reply: unknown): GateLimit {
  const [share, atMs] = limitReply.parse(reply);
  return { share: share / WHOLE, lowered: share < WHOLE ? { atMs, climbsAtMs: atMs + LOWERED_MS } : null };
}

const pausedReply = z.tuple([z.number(), z.number()]);

/** What a pause brought: how long the gate stays closed, and the share that is left if this refusal lowered it. */
export interface Paused {
  ms: number;
  loweredTo: number | null;
}

export function parsePaused(reply: unknown): Paused {
  const [ms, left] = pausedReply.parse(reply);
  return { ms, loweredTo: left === 0 ? null : left / WHOLE };
}
