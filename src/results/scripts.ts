/**
 * The scripts that write results. KEYS are the record, the case's jobs, the case's changes and the case's outbox.
 * A record's generation rises when a failed job is asked for again; its run rises with every start. Whoever writes must
 * hold the current pair, so that a worker which lost its job cannot write any more (a fence).
 */
import { defineScript, REDIS_TIME } from "../redis-script.ts";

const PRELUDE = `${REDIS_TIME}
local record, jobs, changes, outbox = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local job_id = ARGV[1]
local function get(field) return redis.call('HGET', record, field) end
local function keep(key, ms)
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, string.format('%.0f', ms)) end
end
-- The cursor is the time in microseconds, made to grow: it outlives the keys, so a follower's old cursor stays valid.
local function announce()
  local last = redis.call('ZREVRANGE', changes, 0, 0, 'WITHSCORES')[2]
  local cursor = now_us
  if last and tonumber(last) >= cursor then cursor = tonumber(last) + 1 end
  cursor = string.format('%.0f', cursor)
  redis.call('ZADD', changes, cursor, job_id)
  redis.call('HSET', record, 'cursor', cursor)
  redis.call('PUBLISH', changes, job_id)
  return cursor
end
-- In the same step as the result, or a worker that dies between the two leaves a result that nobody tells of. '' for no webhook.
local function tell(cursor, summary)
  if summary == '' then return end
  redis.call('ZADD', outbox, cursor, '{"v":1,"cursor":"' .. cursor .. '","generation":' .. get('gen') ..
    ',"finished_ms":' .. string.format('%.0f', now) .. ',"head":' .. get('head') .. ',"summary":' .. summary .. '}')
  keep(outbox, redis.call('PTTL', record))
end
local function is_final()
  local status = get('status')
  return status == 'completed' or status == 'failed'
end
-- Final as well, for so it is read: nobody needs to be there to write it down.
local function has_expired()
  return get('status') == 'queued' and not get('note') and now >= tonumber(get('expires_ms'))
end
local function is_current(generation, run)
  return get('gen') == generation and get('run') == run and not is_final()
end
`;

/**
 * ARGV: job id, input hash, head, expires in ms, keep ms, generation to begin with, base of record keys, generation whose
 * unknown outcome a person has settled ('' for none), remarks ('' for none), whether writes are off (1 or 0).
 */
export const create = defineScript(`${PRELUDE}
local generation = tonumber(ARGV[6])
local status, note, note_ms = get('status'), nil, nil
if status then
  if get('hash') ~= ARGV[2] then return { 'conflict' } end
  local is_settled = get('gen') == ARGV[8]
  local was_dry_run = status == 'completed' and get('error_code') == 'dry_run' and ARGV[10] == '0'
  local may_rerun = was_dry_run or has_expired() or (status == 'failed' and (is_settled or get('error_code') ~= 'outcome_unknown'))
  if not may_rerun then
    return { 'same', status, get('gen'), get('enqueued_ms'), get('expires_ms'), get('head') }
  end
  generation = get('gen') + 1
  -- A person may be wrong: the next run still reads back what was sent before it sends again.
  if is_settled then note, note_ms = get('note'), get('note_ms') end
  redis.call('DEL', record)
end
local expires = now + tonumber(ARGV[4])
redis.call('HSET', record, 'status', 'queued', 'gen', generation, 'run', 0, 'attempts', 0, 'hash', ARGV[2], 'head', ARGV[3],
  'enqueued_ms', string.format('%.0f', now), 'expires_ms', string.format('%.0f', expires))
if note then redis.call('HSET', record, 'note', note, 'note_ms', note_ms, 'sent', 1) end
if ARGV[9] ~= '' then redis.call('HSET', record, 'remarks', ARGV[9]) end
for _, id in ipairs(redis.call('ZRANGE', jobs, 0, 19)) do
  if redis.call('EXISTS', ARGV[7] .. id) == 0 then redis.call('ZREM', jobs, id); redis.call('ZREM', changes, id) end
end
redis.call('ZADD', jobs, now_us, job_id)
announce()
local keep_ms = expires - now + tonumber(ARGV[5])
keep(record, keep_ms); keep(jobs, keep_ms); keep(changes, keep_ms)
return { 'created', 'queued', tostring(generation), string.format('%.0f', now), string.format('%.0f', expires), ARGV[3] }
`);

/** ARGV: job id, generation. Answers missing, stale, final, or the run to work under. */
export const start = defineScript(`${PRELUDE}
if not get('status') then return { 'missing' } end
if get('gen') ~= ARGV[2] then return { 'stale' } end
if is_final() then return { 'final' } end
local run = redis.call('HINCRBY', record, 'run', 1)
if not has_expired() then
  redis.call('HSET', record, 'status', 'running')
  redis.call('HSETNX', record, 'started_ms', string.format('%.0f', now))
  redis.call('HDEL', record, 'waiting_for', 'waiting_until_ms')
  announce()
end
local is_over = now >= tonumber(get('expires_ms')) and 1 or 0
return { 'run', tostring(run), get('attempts'), is_over, string.format('%.0f', now), get('expires_ms'), get('note') or '', get('note_ms') or '0' }
`);

/**
 * The last look before a call leaves. ARGV: job id, generation, run, note ('' for a read). From here on a cancel comes
 * too late, and a note tells the next attempt that something may have been done.
 */
export const send = defineScript(`${PRELUDE}
local now_text = string.format('%.0f', now)
if not is_current(ARGV[2], ARGV[3]) then return { get('error_code') == 'cancelled' and 'cancelled' or 'stale', now_text } end
if now >= tonumber(get('expires_ms')) then return { 'expired', now_text } end
redis.call('HSET', record, 'sent', 1, 'sending', 1)
if ARGV[4] ~= '' then redis.call('HSET', record, 'note', ARGV[4], 'note_ms', now_text) end
return { 'ok', now_text }
`);

/** ARGV: job id, generation, run. Defender definitely did nothing, so the note is taken back. */
export const withdraw = defineScript(`${PRELUDE}
if not is_current(ARGV[2], ARGV[3]) then return 0 end
redis.call('HDEL', record, 'note', 'note_ms', 'sending')
return 1
`);

/** ARGV: job id, generation, run, status, what it waits for ('' for nothing), delay in ms, attempts. */
export const wait = defineScript(`${PRELUDE}
if not is_current(ARGV[2], ARGV[3]) then return 0 end
redis.call('HDEL', record, 'sending')
redis.call('HSET', record, 'status', ARGV[4], 'waiting_for', ARGV[5], 'waiting_until_ms', string.format('%.0f', now + ARGV[6]), 'attempts', ARGV[7])
announce()
return 1
`);

/**
 * ARGV: job id, generation, run ('' for the current one), status, findings, error code, keep ms, attempts, inline rows,
 * summary, whether there are rows that are not kept (1 or 0). With rows, KEYS[5] is theirs, and the last of their pages comes
 * along, for most answers have but one: ARGV: its number, the page.
 */
export const finish = defineScript(`${PRELUDE}
local run, rows = ARGV[3] ~= '' and ARGV[3] or get('run'), KEYS[5]
if not is_current(ARGV[2], run) then return 0 end
redis.call('HDEL', record, 'waiting_for', 'waiting_until_ms', 'sending')
if ARGV[6] ~= 'outcome_unknown' then redis.call('HDEL', record, 'note', 'note_ms') end
redis.call('HSET', record, 'status', ARGV[4], 'findings', ARGV[5], 'error_code', ARGV[6], 'attempts', ARGV[8],
  'rows_key', rows or '', 'inline_rows', ARGV[9], 'finished_ms', string.format('%.0f', now))
if ARGV[11] == '1' then redis.call('HSET', record, 'rows_expired', 1) end
if rows then
  redis.call('HSET', rows, ARGV[12], ARGV[13])
  redis.call('PEXPIRE', rows, ARGV[7])
end
local cursor = announce()
redis.call('PEXPIRE', record, ARGV[7])
tell(cursor, ARGV[10])
keep(jobs, tonumber(ARGV[7])); keep(changes, tonumber(ARGV[7]))
return 1
`);

/** ARGV: job id, findings, summary. Answers whether it was taken back, whether anything had been sent, generation and head. */
export const cancel = defineScript(`${PRELUDE}
if not get('status') then return false end
local sent = get('sent') == '1' and 1 or 0
if is_final() or has_expired() or get('sending') or get('note') then return { 0, sent, get('gen'), get('head') } end
redis.call('HDEL', record, 'waiting_for', 'waiting_until_ms')
redis.call('HSET', record, 'status', 'failed', 'findings', ARGV[2], 'error_code', 'cancelled', 'finished_ms', string.format('%.0f', now))
tell(announce(), ARGV[3])
return { 1, sent, get('gen'), get('head') }
`);

/**
 * ARGV: job id, generation, findings, keep ms, summary. A person says that a write whose outcome is unknown was done; of two who
 * settle it at once, one is refused.
 */
export const settle = defineScript(`${PRELUDE}
if get('gen') ~= ARGV[2] or get('status') ~= 'failed' or get('error_code') ~= 'outcome_unknown' then return 0 end
redis.call('HDEL', record, 'note', 'note_ms')
redis.call('HSET', record, 'status', 'completed', 'findings', ARGV[3], 'error_code', '', 'finished_ms', string.format('%.0f', now))
tell(announce(), ARGV[5])
for _, key in ipairs(KEYS) do keep(key, tonumber(ARGV[4])) end
return 1
`);

/**
 * KEYS also name the rows that the record was seen to show. ARGV: job id, generation, key of those rows, head and findings without their
 * texts. Answers 1 when texts and rows are gone, 0 when the job is not over, unsettled, or another than was seen.
 */
export const erase = defineScript(`${PRELUDE}
if get('gen') ~= ARGV[2] or (get('rows_key') or '') ~= ARGV[3] then return 0 end
if not (is_final() or has_expired()) or get('note') or get('error_code') == 'outcome_unknown' then return 0 end
if KEYS[4] then redis.call('UNLINK', KEYS[4]) end
redis.call('HSET', record, 'head', ARGV[4], 'findings', ARGV[5], 'rows_key', '', 'inline_rows', 0)
redis.call('HDEL', record, 'remarks', 'rows_expired')
announce()
return 1
`);

/** KEYS: records. Answers Redis's time and the hashes: a queued one past its time is read as expired. */
export const read = defineScript(`${REDIS_TIME}
local answer = { string.format('%.0f', now) }
for i, key in ipairs(KEYS) do answer[i + 1] = redis.call('HGETALL', key) end
return answer
`);

/** KEYS: rows. ARGV: number of a page, the page, keep ms. In one step, or a worker that dies in between leaves rows for ever. */
export const savePage = defineScript(`
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
`);
