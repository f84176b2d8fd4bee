/** The scripts by which the engine works on items. Each take has a fence: a worker that lost its ticket can write no more. */
import { defineScript } from "../redis-script.ts";
import { PRELUDE } from "./run-prelude.ts";

/** So many wait for a time at most: while Defender fails for all of them, no new ones are begun. */
const MOST_PARKED = 1_000;
const MOST_PLAN_LINES = 500;

/**
 * ARGV: ticket, how many. First what this ticket had in hand when its worker died. A run that is stopped begins nothing,
 * but what may have been written is still looked at. Answers state, the time, ms until the next parked one is due ('' for none), records.
 */
export const take = defineScript(`${PRELUDE}
local ticket, most, state = ARGV[1], tonumber(ARGV[2]), get('state')
if not state then return false end
local is_running = state == 'running'
local token = text(redis.call('HINCRBY', run, 'token', 1))
local taken = {}
local function take(record)
  record.ticket, record.token = ticket, token
  keep(record)
  taken[#taken + 1] = redis.call('HGET', flight, record.id)
end
for _, each in ipairs(redis.call('HVALS', flight)) do
  local record = cjson.decode(each)
  if record.ticket == ticket then
    record.deaths = record.deaths + 1
    if is_running or record.note then take(record) else give_back(record) end
  end
end
local function unpark(id, record)
  redis.call('HDEL', parked, id)
  redis.call('ZREM', later, id)
  take(record)
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', text(now))) do
  if #taken >= most then break end
  local record = cjson.decode(redis.call('HGET', parked, id))
  if is_running or record.note then unpark(id, record) end
end
while is_running and #taken < most and redis.call('HLEN', parked) < ${MOST_PARKED} do
  local item = redis.call('LPOP', pending)
  if not item then break end
  local id = string.sub(item, 1, 1) == '{' and cjson.decode(item).id or item
  take({ id = id, item = item, attempts = 0, deaths = 0 })
end
local due = redis.call('ZRANGE', later, 0, 0, 'WITHSCORES')[2]
age()
return { state, text(now), due and text(math.max(0, due - now)) or '', taken }
`);

/** ARGV: id, token, note. The last look before a write leaves: a run that is stopped writes nothing. */
export const send = defineScript(`${PRELUDE}
local record = mine(ARGV[1], ARGV[2])
if not record then return { 'stale', text(now) } end
if get('state') ~= 'running' then return { 'cancelled', text(now) } end
record.note, record.note_ms = ARGV[3], text(now)
keep(record)
return { 'ok', text(now) }
`);

/** ARGV: id, token. Nothing was done after all. */
export const withdraw = defineScript(`${PRELUDE}
local record = mine(ARGV[1], ARGV[2])
if not record then return 0 end
record.note, record.note_ms = nil, nil
keep(record)
return 1
`);

/** ARGV: id, token, what is done of it already. The note of that write is settled. */
export const advance = defineScript(`${PRELUDE}
local record = mine(ARGV[1], ARGV[2])
if not record then return 0 end
record.note, record.note_ms, record.done = nil, nil, ARGV[3]
keep(record)
return 1
`);

/** ARGV: id, token, ms until it is due ('' for first in line), attempts. */
export const putBack = defineScript(`${PRELUDE}
local record = mine(ARGV[1], ARGV[2])
if not record then return 0 end
record.attempts, record.deaths = tonumber(ARGV[4]), 0
if ARGV[3] == '' then give_back(record) else park(record, now + ARGV[3]) end
age()
return 1
`);

/** ARGV: id, token, outcome, its counter, failure code ('' if it did not fail). Answers the number of outcomes in no page, or -1 when stale. */
export const finish = defineScript(`${PRELUDE}
local id, code = ARGV[1], ARGV[5]
local record = mine(id, ARGV[2])
if not record then return -1 end
redis.call('HDEL', flight, id)
put(id, false)
count('ended', 1)
count(ARGV[4], 1)
if code == '' then
  redis.call('RPUSH', open, ARGV[3])
else
  redis.call('HSET', failed, id, cjson.encode({ item = record.item, outcome = ARGV[3], code = code }))
  count('failed', 1)
end
local minute = text(math.floor(now / 60000))
if get('minute') ~= minute then
  local was = get('minute') == text(math.floor(now / 60000) - 1) and get('minute_ended') or 0
  set('minute', minute, 'last_minute_ended', was, 'minute_ended', 0)
end
redis.call('HINCRBY', run, 'minute_ended', 1)
if code ~= '' and get('state') == 'running' then
  local ended, bad = number('ended') - get('base_ended'), number('failed') - get('base_failed')
  local most, percent = tonumber(get('max_count') or ''), tonumber(get('max_percent') or '')
  if most and bad > most then
    set('state', 'paused', 'reason', bad .. ' incidents failed, and ' .. most .. ' may')
  elseif percent and ended >= 20 and bad * 100 > percent * ended then
    set('state', 'paused', 'reason', bad .. ' of ' .. ended .. ' incidents failed, and ' .. percent .. ' % may')
  end
end
age()
return redis.call('LLEN', open)
`);

/** ARGV: number of the page, how many outcomes it has, the page. Answers 0 when another worker has made it. */
export const fold = defineScript(`${PRELUDE}
if redis.call('HLEN', pages) ~= tonumber(ARGV[1]) or redis.call('LLEN', open) < tonumber(ARGV[2]) then return 0 end
redis.call('HSET', pages, ARGV[1], ARGV[3])
redis.call('LTRIM', open, ARGV[2], -1)
age()
return 1
`);

/** Ends a run that has nothing left. Answers its state, and how many items it still has to see to: of a stopped one, those that may be written. */
export const conclude = defineScript(`${PRELUDE}
local state = get('state')
if not state then return false end
local left = redis.call('HLEN', flight)
if state == 'running' then
  left = left + redis.call('HLEN', parked) + redis.call('LLEN', pending)
  if left == 0 then
    finish_as('done', '')
    age()
  end
else
  for _, each in ipairs(redis.call('HVALS', parked)) do
    if cjson.decode(each).note then left = left + 1 end
  end
end
-- What is not told by the report is only of use while it works.
if is_over() and left == 0 then redis.call('UNLINK', ids, plan) end
return { get('state'), left }
`);

/** ARGV: ids. Answers 1 for each that the run holds while it runs. */
export const holding = defineScript(`${PRELUDE}
local answer = {}
local is_running = get('state') == 'running'
for i, id in ipairs(ARGV) do answer[i] = is_running and holds(id) and 1 or 0 end
return answer
`);

/**
 * ARGV: what was looked at (so that it counts once), how many incidents, unchanged ones, is it complete, how many lines of changes,
 * those lines and how often each, in turn, then samples, of which the first 20 are kept.
 */
export const addToPlan = defineScript(`${PRELUDE}
if not get('state') or redis.call('HGET', plan, 'part') == ARGV[1] then return 0 end
redis.call('HSET', plan, 'part', ARGV[1])
redis.call('HINCRBY', plan, 'looked_at', ARGV[2])
redis.call('HINCRBY', plan, 'unchanged', ARGV[3])
if ARGV[4] == '1' then redis.call('HSET', plan, 'is_complete', '1') end
local lines = tonumber(ARGV[5])
for i = 6, 5 + lines * 2, 2 do
  local line = 'change:' .. ARGV[i]
  -- A hundred thousand notes of resolution would make as many lines.
  if redis.call('HLEN', plan) > ${MOST_PLAN_LINES} and redis.call('HEXISTS', plan, line) == 0 then
    local change = cjson.decode(ARGV[i])
    line = 'change:' .. cjson.encode({ change[1], '(others)', change[3] })
  end
  redis.call('HINCRBY', plan, line, ARGV[i + 1])
end
local samples = tonumber(redis.call('HGET', plan, 'samples') or 0)
for i = 6 + lines * 2, #ARGV do
  if samples < 20 then
    redis.call('HSET', plan, 'sample:' .. samples, ARGV[i])
    samples = samples + 1
  end
end
redis.call('HSET', plan, 'samples', samples)
age()
return 1
`);
