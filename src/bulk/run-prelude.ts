/** What all scripts of a run begin with. Times are in milliseconds on Redis's clock. */
import { REDIS_TIME } from "../redis-script.ts";

export const PRELUDE = `${REDIS_TIME}
local run, ids, pending, flight, parked, later, open, pages, failed, plan = unpack(KEYS)
local function get(field) return redis.call('HGET', run, field) end
local function set(...) redis.call('HSET', run, ...) end
local function count(name, by) redis.call('HINCRBY', run, 'n:' .. name, by) end
local function number(name) return tonumber(get('n:' .. name) or 0) end
local function text(value) return string.format('%.0f', value) end
local function is_over() local state = get('state') return state == 'cancelled' or state == 'done' or state == 'failed' end

-- A draft lives an hour from its last change, a run until it ends and then as long as its report is kept.
local DRAFT_MS = 3600000
local function age()
  local ms = get('is_draft') == '1' and DRAFT_MS or is_over() and tonumber(get('keep_ms'))
  for _, key in ipairs(KEYS) do
    if ms then redis.call('PEXPIRE', key, text(ms)) else redis.call('PERSIST', key) end
  end
end

-- A row of a hundred ids costs 13 bytes, however many of them the run holds.
local function place(id)
  local low = tonumber(string.sub(id, -2))
  return string.sub(id, 1, -3), math.floor(low / 8) + 1, bit.lshift(1, low % 8)
end
local function put(id, is_held)
  local row, at, mask = place(id)
  local map = redis.call('HGET', ids, row) or string.rep('\\0', 13)
  local byte = string.byte(map, at)
  if (bit.band(byte, mask) ~= 0) == is_held then return false end
  redis.call('HSET', ids, row, string.sub(map, 1, at - 1) .. string.char(bit.bxor(byte, mask)) .. string.sub(map, at + 1))
  return true
end
local function holds(id)
  local row, at, mask = place(id)
  local map = redis.call('HGET', ids, row)
  return map and bit.band(string.byte(map, at), mask) ~= 0
end

-- Failures are judged, and the rate is measured, from here on.
local function begin()
  set('state', get('is_selected') == '1' and 'running' or 'selecting', 'since_ms', text(now),
    'base_ended', number('ended'), 'base_failed', number('failed'))
  redis.call('HDEL', run, 'reason', 'ended_ms')
  redis.call('HSETNX', run, 'started_ms', text(now))
end

local function finish_as(state, reason)
  set('state', state, 'ended_ms', text(now))
  if reason ~= '' then set('reason', reason) end
end

-- All of them end here, so that limit and repeats are judged in one place. Answers how many were new.
local function select_items(first)
  local added, limit = 0, tonumber(get('limit') or '') or math.huge
  local selected = number('selected')
  for i = first, #ARGV, 2 do
    if selected + added < limit and put(ARGV[i], true) then
      redis.call('RPUSH', pending, ARGV[i + 1])
      added = added + 1
    end
  end
  count('selected', added)
  return added
end

local function end_selection()
  set('is_selected', '1')
  if get('is_draft') == '0' and get('state') == 'selecting' then begin() end
end

-- The record of an item in hand, if it is still this take's.
local function mine(id, token)
  local record = redis.call('HGET', flight, id)
  record = record and cjson.decode(record)
  return record and record.token == token and record or nil
end
local function keep(record) redis.call('HSET', flight, record.id, cjson.encode(record)) end
local function park(record, due_ms)
  redis.call('HDEL', flight, record.id)
  record.token = nil
  record.ticket = nil
  redis.call('HSET', parked, record.id, cjson.encode(record))
  redis.call('ZADD', later, text(due_ms), record.id)
end
-- To where it came from: first in line, unless something is known of it that must be kept.
local function give_back(record)
  if record.note or record.done or record.attempts > 0 or record.deaths > 0 then return park(record, now) end
  redis.call('HDEL', flight, record.id)
  redis.call('LPUSH', pending, record.item)
end
`;
