/** The scripts of a gate: pause, probe, pace and full windows, decided in one step each and on Redis's clock. */
import { LOWER, SHARE, WINDOWS } from "./gate-limit.ts";

/** `Retry-After` is honoured up to this; then a probe asks whether it still holds. */
const LONGEST_PAUSE_MS = 3_600_000;
const LONGEST_BACKOFF_MS = 60_000;
/** How long one probe keeps the others back; a prober that died blocks them no longer than this. */
export const PROBE_LEASE_MS = 15_000;
/** A probe is mostly answered at once, so those who wait for it look again soon. Each look takes a job and puts it back. */
export const PROBE_LOOK_MS = 500;

/** Four hours: past the longest pause, all the climb of a lowered limit, and long enough to know consecutive strikes. */
const STATE_TTL_MS = 4 * LONGEST_PAUSE_MS;

// KEYS[1] is the gate's state; the others are the windows' sets of calls, each scored with when it leaves its window.
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

const STATE = `${NOW}
local state = {}
local stored = redis.call('HGETALL', KEYS[1])
for i = 1, #stored, 2 do state[stored[i]] = stored[i + 1] end
local function at(field) return tonumber(state[field]) or 0 end
local function store(...)
  redis.call('HSET', KEYS[1], ...)
  redis.call('PEXPIRE', KEYS[1], ${STATE_TTL_MS})
end
local function heldBack(call, expiresAt)
  if expiresAt ~= '' and now >= tonumber(expiresAt) then return {'expired', 0} end
  if at('until') > now then return {'paused', at('until') - now} end
  if state.probe and state.prober ~= call and at('probeUntil') > now then return {'probing', at('probeUntil') - now} end
end
`;

// ARGV: call, expiry, patience for a slot, for a turn, spacing, how long a place is kept for a call to be sent; the windows.
// A call named '' only looks; others may take the probe or a turn. The limiters know only the configured limits: below
// those a call gets its place here, or is told how soon there may be one.
export const ENTER = `${STATE}${SHARE}${WINDOWS}
local call = ARGV[1]
local no = heldBack(call, ARGV[2])
if no then return no end
local full = fullMs()
if full > tonumber(ARGV[3]) then return {'full', full} end
if isLowered and full > 0 then return {'soon', full} end
local kind = 'go'
local turn = now
if state.probe then
  kind = call == '' and 'go' or 'probe'
elseif at('pacedUntil') > now then
  turn = math.max(at('turn'), now)
  if turn - now > tonumber(ARGV[4]) then return {'paced', turn - now} end
end
if call == '' then return {'go', turn - now} end
if kind == 'probe' then
  store('prober', call, 'probeUntil', now + ${PROBE_LEASE_MS})
elseif at('pacedUntil') > now then
  store('turn', turn + spaced(ARGV[5]))
end
if not isLowered then return {kind, turn - now} end
count(ARGV[6])
return {kind, turn - now, 1}
`;

// ARGV: call, expiry, spacing, how long until the call is sent at the latest; the windows. A call that goes is told when. One that entered while the limit was whole has no place below a lowered one.
export const ADMIT = `${STATE}${SHARE}${WINDOWS}
local no = heldBack(ARGV[1], ARGV[2])
if no then return no end
if isLowered and not redis.call('ZSCORE', KEYS[#KEYS], ARGV[1]) then
  local full = fullMs()
  if full > 0 then return {'full', full} end
end
if at('pacedUntil') > now then
  local early = at('last') + spaced(ARGV[3]) - now
  if early > 0 then return {'paced', early} end
  store('last', now)
end
count(ARGV[4])
if not state.probe then return {'go', now} end
store('prober', ARGV[1], 'probeUntil', now + ${PROBE_LEASE_MS})
return {'probe', now}
`;

// ARGV: call, then how long it stays in each window from now on.
export const RESCORE = `${NOW}
for i = 2, #KEYS do redis.call('ZADD', KEYS[i], 'XX', now + tonumber(ARGV[i]), ARGV[1]) end
`;

// ARGV: retry-after or '', a random number from 0 to 1, when the call was let go that shows our limit to be too high or ''.
// While a pause lasts, further refusals are no further strikes.
export const PAUSE = `${STATE}${SHARE}${LOWER}
local left = ARGV[3] == '' and 0 or lower(tonumber(ARGV[3]))
local want
if ARGV[1] ~= '' then
  want = now + math.min(tonumber(ARGV[1]), ${LONGEST_PAUSE_MS})
elseif at('until') > now then
  want = at('until')
else
  local strikes = at('strikes') + 1
  store('strikes', strikes)
  local most = math.min(1000 * 2 ^ math.min(strikes, 10), ${LONGEST_BACKOFF_MS})
  want = now + math.ceil(most / 2 * (1 + tonumber(ARGV[2])))
end
local ends = math.max(at('until'), want)
store('until', ends, 'probe', 1)
redis.call('HDEL', KEYS[1], 'prober', 'probeUntil', 'pacedUntil', 'turn', 'last')
return {ends - now, left}
`;

// ARGV: call, '1' if Defender took it, how long to pace, spacing. A pause that came meanwhile has dismissed the prober.
export const END_PROBE = `${STATE}${SHARE}
if state.prober ~= ARGV[1] then return end
redis.call('HDEL', KEYS[1], 'prober', 'probeUntil')
if ARGV[2] ~= '1' then return end
redis.call('HDEL', KEYS[1], 'probe', 'strikes')
store('pacedUntil', now + tonumber(ARGV[3]), 'last', now, 'turn', now + spaced(ARGV[4]))
`;

// How many calls are in each window. It takes nothing and forgets nothing.
export const READ_SPENT = `${NOW}
local spent = {}
for i = 1, #KEYS do spent[i] = redis.call('ZCOUNT', KEYS[i], '(' .. now, '+inf') end
return spent
`;

// The share that is left, and when it was lowered.
export const READ_LIMIT = `${STATE}${SHARE}
return {share, at('loweredAt')}
`;
