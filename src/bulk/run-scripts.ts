/** The scripts by which a run is made, selected, begun and stopped. KEYS are those of `runKeys`, in its order. */
import { defineScript } from "../redis-script.ts";
import { PRELUDE } from "./run-prelude.ts";

/** ARGV: spec, is draft, keep ms, limit (''), most failures (''), most per cent (''). Answers the time, or false for an id that is taken. */
export const create = defineScript(`${PRELUDE}
if redis.call('EXISTS', run) == 1 then return false end
set('spec', ARGV[1], 'state', 'selecting', 'is_draft', ARGV[2], 'is_selected', '0', 'created_ms', text(now), 'keep_ms', ARGV[3],
  'limit', ARGV[4], 'max_count', ARGV[5], 'max_percent', ARGV[6], 'round', '1')
age()
return text(now)
`);

/** ARGV: an id and its item, in turn. Answers how many were added, or the state that does not allow it, or false. */
export const addItems = defineScript(`${PRELUDE}
local state = get('state')
if not state then return false end
if get('is_selected') == '1' or is_over() then return state end
local added = select_items(1)
count('read', #ARGV / 2)
age()
return added
`);

/**
 * ARGV: the cursor from which the page was listed, the next one, whether it is the last, incidents that were read, then an
 * id and its item, in turn. Answers 0 when another worker was faster or the run selects no more.
 */
export const addPage = defineScript(`${PRELUDE}
if get('state') ~= 'selecting' or get('is_selected') == '1' or (get('cursor') or '') ~= ARGV[1] then return 0 end
select_items(5)
count('read', ARGV[4])
set('cursor', ARGV[2])
if ARGV[3] == '1' or number('selected') >= (tonumber(get('limit') or '') or math.huge) then end_selection() end
age()
return 1
`);

export const endSelection = defineScript(`${PRELUDE}
local state = get('state')
if not state then return false end
if get('is_selected') ~= '1' and not is_over() then end_selection() end
age()
return 1
`);

/** ARGV: what to do, a reason ('' for none). Answers 1, the state that does not allow it, or false for no such run. */
export const change = defineScript(`${PRELUDE}
local verb, reason, state = ARGV[1], ARGV[2], get('state')
if not state then return false end
local is_draft = get('is_draft') == '1'
local is_at_work = state == 'running' or state == 'selecting'
if verb == 'start' then
  if not is_at_work then return state end
  if is_draft then
    set('is_draft', '0')
    begin()
  end
elseif verb == 'pause' then
  if is_draft then return 'a draft' end
  if state ~= 'paused' then
    if not is_at_work then return state end
    set('state', 'paused')
    if reason ~= '' then set('reason', reason) end
  end
elseif verb == 'resume' then
  if is_draft then return 'a draft' end
  if state == 'paused' then begin() elseif not is_at_work then return state end
elseif verb == 'cancel' then
  if is_draft then redis.call('UNLINK', ids, pending, plan) end
  if state == 'done' or state == 'failed' then return state end
  if state ~= 'cancelled' then finish_as('cancelled', reason) end
elseif verb == 'fail' then
  if not is_at_work then return state end
  finish_as('failed', reason)
end
age()
return 1
`);

/** Puts some failed items back. ARGV: about how many. Answers how many failed ones are left, the state that does not allow it, or false. */
export const retryFailed = defineScript(`${PRELUDE}
local state = get('state')
if not state then return false end
if state ~= 'running' and state ~= 'paused' and state ~= 'done' then return state end
local moved, cursor = 0, '0'
repeat
  local reply = redis.call('HSCAN', failed, cursor, 'COUNT', ARGV[1])
  cursor = reply[1]
  for i = 1, #reply[2], 2 do
    local record = cjson.decode(reply[2][i + 1])
    redis.call('HDEL', failed, reply[2][i])
    redis.call('RPUSH', pending, record.item)
    put(reply[2][i], true)
    count('fail:' .. record.code, -1)
    moved = moved + 1
  end
until cursor == '0' or moved >= tonumber(ARGV[1])
count('ended', 0 - moved)
count('failed', 0 - moved)
local left = redis.call('HLEN', failed)
if left == 0 and redis.call('LLEN', pending) > 0 then
  if state == 'done' then redis.call('HINCRBY', run, 'round', 1) end
  if state ~= 'paused' then begin() end
end
age()
return left
`);
