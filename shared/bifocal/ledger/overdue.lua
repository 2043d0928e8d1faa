-- Find stages that nobody is at and that no message will bring about: lost, or dead with their worker.
-- KEYS[1] bifocal:in_flight          zset   shards looked at are scored anew by now
-- KEYS[2…] queues of the stages      list   only their lengths are read; in the order of the stages
-- ARGV[1] seconds a dispatch is given
-- ARGV[2…] the stages, the merge last
-- Returns, flat: job:shard, stage, times the stage was begun; …
-- A stage with messages waiting in its queue is only slow: it is left alone.
local now = redis.call('TIME')[1]
local idle = {}
for s = 2, #ARGV do idle[s] = redis.call('LLEN', KEYS[s]) == 0 end
local found = {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', now - ARGV[1], 'BYSCORE', 'LIMIT', 0, 1000)) do
  local shard = 'bifocal:shard:' .. member
  local read = true
  for s = 2, #ARGV do
    local is_merge = s == #ARGV
    local due = is_merge and read or (not is_merge and redis.call('HEXISTS', shard, ARGV[s]) == 0)
    if not is_merge and due then read = false end
    if due and idle[s] and redis.call('EXISTS', 'bifocal:lease:' .. ARGV[s] .. ':' .. member) == 0 then
      found[#found + 1] = member
      found[#found + 1] = ARGV[s]
      found[#found + 1] = redis.call('HGET', shard, 'attempts:' .. ARGV[s]) or '0'
    end
  end
  redis.call('ZADD', KEYS[1], now, member)
end
return found
