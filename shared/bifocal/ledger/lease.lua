-- Take a stage of a shard, if it is still to be done and nobody is at it.
-- KEYS[1] bifocal:lease:{stage}:{job}:{shard}   string   is set to the owner, and expires
-- KEYS[2] bifocal:shard:{job}:{shard}           hash     counts attempts and what became of them
-- KEYS[3] bifocal:front                         hash     by queue, the latest message that was begun
-- KEYS[4] bifocal:totals                        hash     counts attempts, and those that were not handed back
-- ARGV[1] owner
-- ARGV[2] milliseconds to live
-- ARGV[3] stage
-- Returns nothing if it was not taken. Else, flat: attempt; 1 if an earlier one died, else 0; attempts
-- that died before they named a document; and, for documents at which attempts died, place, deaths, …
local stage = ARGV[3]
if redis.call('EXISTS', KEYS[2]) == 0 or redis.call('HEXISTS', KEYS[2], stage) == 1 then return {} end
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return {} end
-- Whoever did not hand the stage back died at it, or failed.
if redis.call('HEXISTS', KEYS[2], 'open:' .. stage) == 1 then
  local at = redis.call('HGET', KEYS[2], 'at:' .. stage)
  if at then
    redis.call('HINCRBY', KEYS[2], 'deaths:' .. stage .. ':' .. at, 1)
    redis.call('HDEL', KEYS[2], 'at:' .. stage)
  else
    redis.call('HINCRBY', KEYS[2], 'blank:' .. stage, 1)
  end
  redis.call('HSET', KEYS[2], 'died:' .. stage, 1)
  redis.call('HINCRBY', KEYS[4], 'died:' .. stage, 1)
end
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local sent = redis.call('HGET', KEYS[2], 'sent:' .. stage)
local queue = stage
if redis.call('HGET', KEYS[2], 'priority') == 'interactive' then queue = stage .. '.interactive' end
local front = redis.call('HGET', KEYS[3], queue)
if sent and (not front or tonumber(sent) > tonumber(front)) then redis.call('HSET', KEYS[3], queue, sent) end
redis.call('HSET', KEYS[2], 'open:' .. stage, ARGV[1], 'begun:' .. stage, sent or 0, 'begun_at:' .. stage, now_ms)
redis.call('HINCRBY', KEYS[4], 'attempts:' .. stage, 1)
local found = {
  redis.call('HINCRBY', KEYS[2], 'attempts:' .. stage, 1),
  redis.call('HEXISTS', KEYS[2], 'died:' .. stage),
  tonumber(redis.call('HGET', KEYS[2], 'blank:' .. stage) or '0'),
}
local prefix = 'deaths:' .. stage .. ':'
local fields = redis.call('HGETALL', KEYS[2])
for k = 1, #fields, 2 do
  if string.sub(fields[k], 1, #prefix) == prefix then
    found[#found + 1] = tonumber(string.sub(fields[k], #prefix + 1))
    found[#found + 1] = tonumber(fields[k + 1])
  end
end
return found
