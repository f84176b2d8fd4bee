/**
 * The scripts of the index of row sets. It lies in a slot of its own, away from the cases, so no script sees both: an entry is
 * made before rows are written and taken out after they are gone. What a crash leaves behind is an entry without rows, which
 * counts for too much until its time is up, and never rows without an entry.
 */
import { defineScript, REDIS_TIME } from "../redis-script.ts";

/** KEYS: members by age, members by the end of their time, hash of bytes, sum of bytes. */
const PRELUDE = `${REDIS_TIME}
local ages, ends, bytes, total = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local function forget(rows)
  -- Taken out first: a full Redis refuses what may grow, until a script has made room.
  redis.call('ZREM', ages, rows); redis.call('ZREM', ends, rows)
  local size = redis.call('HGET', bytes, rows)
  if not size then return 0 end
  redis.call('HDEL', bytes, rows)
  if redis.call('DECRBY', total, size) <= 0 then redis.call('DEL', total) end
  return 1
end
for _, rows in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', string.format('%.0f', now), 'LIMIT', 0, 1000)) do forget(rows) end
`;

/** ARGV: rows key, bytes, keep ms. */
export const enter = defineScript(`${PRELUDE}
forget(ARGV[1])
local last = redis.call('ZREVRANGE', ages, 0, 0, 'WITHSCORES')[2]
local age = now_us
if last and tonumber(last) >= age then age = tonumber(last) + 1 end
redis.call('ZADD', ages, string.format('%.0f', age), ARGV[1])
redis.call('ZADD', ends, string.format('%.0f', now + ARGV[3]), ARGV[1])
redis.call('HSET', bytes, ARGV[1], ARGV[2])
redis.call('INCRBY', total, ARGV[2])
for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) < tonumber(ARGV[3]) then redis.call('PEXPIRE', key, ARGV[3]) end
end
`);

/** ARGV: rows key. */
export const leave = defineScript(`${PRELUDE}
return forget(ARGV[1])
`);

/** ARGV: how many of the oldest to pass over. Answers the sum of bytes, and the rows key that is the oldest then. */
export const oldest = defineScript(`${PRELUDE}
return { redis.call('GET', total) or '0', redis.call('ZRANGE', ages, ARGV[1], ARGV[1])[1] }
`);

/**
 * In the slot of a case. KEYS: record, rows. ARGV: whether they may be those that the record shows (1 or 0). Answers 1 when the
 * rows are gone, 0 when they must stay: whoever writes them is at it, or has finished.
 */
export const giveUp = defineScript(`
local record, rows = KEYS[1], KEYS[2]
local generation, run = string.match(rows, ':(%d+)%-(%d+)$')
local known = redis.call('HMGET', record, 'gen', 'run', 'status', 'rows_key')
local is_shown = known[4] == rows
local is_final = known[3] == 'completed' or known[3] == 'failed'
if is_shown and ARGV[1] == '0' then return 0 end
if not is_shown and known[1] == generation and known[2] == run and not is_final then return 0 end
redis.call('UNLINK', rows)
if is_shown then redis.call('HSET', record, 'rows_key', '', 'rows_expired', 1) end
return 1
`);
