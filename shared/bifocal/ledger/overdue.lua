-- Find stages that nobody is at and that no message will bring about, and count them as sent again.
-- KEYS[1] bifocal:in_flight    zset     shards, scored by when they were last looked at
-- KEYS[2] bifocal:reconciler   string   held for a while by whoever looks, so that one does
-- KEYS[3] bifocal:front        hash     by queue, the latest message that was begun
-- KEYS[4] bifocal:sent         string   number of the last message
-- KEYS[5] bifocal:totals       hash     counts them by what became of the message before
-- KEYS[6…] queues of the stages  list   only their lengths are read; in the order of the stages, each with
--                                      that of interactive jobs behind it
-- ARGV[1] milliseconds between two looks
-- ARGV[2] milliseconds that a message is given
-- ARGV[3] milliseconds that a lease may have left at most
-- ARGV[4…] the stages, the merge last
-- Returns, flat: job:shard, stage, attempts, attempts that died before they named a document, priority; …
--
-- Queues are first in, first out. So a message is lost if it was popped and nothing came of it: if its
-- queue is empty, or if one that was sent later has been begun.
if not redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[1]) then return {} end
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local idle, front = {}, {}
for s = 4, #ARGV do
  for q, queue in ipairs({ARGV[s], ARGV[s] .. '.interactive'}) do
    idle[queue] = redis.call('LLEN', KEYS[2 * s - 3 + q]) == 0
    front[queue] = tonumber(redis.call('HGET', KEYS[3], queue) or '0')
  end
end
local found = {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local shard = 'bifocal:shard:' .. member
  local read = true
  local priority = redis.call('HGET', shard, 'priority') or 'bulk'
  for s = 4, #ARGV do
    local stage = ARGV[s]
    local queue = priority == 'interactive' and stage .. '.interactive' or stage
    local is_merge = s == #ARGV
    local due = is_merge and read or (not is_merge and redis.call('HEXISTS', shard, stage) == 0)
    if due and not is_merge then read = false end
    local lease = 'bifocal:lease:' .. stage .. ':' .. member
    -- A clock that was put back would keep a dead worker's lease alive.
    if due and redis.call('PTTL', lease) > tonumber(ARGV[3]) then redis.call('DEL', lease) end
    if due and redis.call('EXISTS', lease) == 0 then
      local sent = tonumber(redis.call('HGET', shard, 'sent:' .. stage) or '0')
      local begun = tonumber(redis.call('HGET', shard, 'begun:' .. stage) or '-1')
      local sent_at = tonumber(redis.call('HGET', shard, 'sent_at:' .. stage) or '0')
      local waited = math.abs(now_ms - sent_at) > tonumber(ARGV[2])
      if begun == sent or (waited and (idle[queue] or sent < front[queue])) then
        redis.call('HSET', shard, 'sent:' .. stage, redis.call('INCR', KEYS[4]), 'sent_at:' .. stage, now_ms)
        local cause = 'message_lost:'
        if begun == sent then
          cause = redis.call('HEXISTS', shard, 'open:' .. stage) == 1 and 'worker_lost:' or 'handed_back:'
        end
        redis.call('HINCRBY', KEYS[5], cause .. stage, 1)
        found[#found + 1] = member
        found[#found + 1] = stage
        found[#found + 1] = tonumber(redis.call('HGET', shard, 'attempts:' .. stage) or '0')
        found[#found + 1] = tonumber(redis.call('HGET', shard, 'blank:' .. stage) or '0')
        found[#found + 1] = priority
      end
    end
  end
end
return found
