-- Move shards in flight, up to a number in flight; jobs take turns, a shard each.
-- KEYS[1] bifocal:pending     list     loses the jobs whose last shard is moved
-- KEYS[2] bifocal:in_flight   zset     gains the shards, scored by now
-- KEYS[3] bifocal:sent        string   number of the last message
-- ARGV[1] most shards in flight
-- ARGV[2…] the lenses
-- Returns, flat, the shards moved, as job:shard, and 1 if the job is closing, else 0. Each gains its hash bifocal:shard:{job}:{shard}.
local moved = {}
local room = tonumber(ARGV[1]) - redis.call('ZCARD', KEYS[2])
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
while room > 0 do
  local job = redis.call('LPOP', KEYS[1])
  if not job then break end
  local hash = 'bifocal:job:' .. job
  -- A job that is gone has nothing to dispatch.
  if redis.call('EXISTS', hash) == 1 then
    local shard = redis.call('HINCRBY', hash, 'n_dispatched', 1) - 1
    local n_shards = tonumber(redis.call('HGET', hash, 'n_shards'))
    if shard + 1 < n_shards then redis.call('RPUSH', KEYS[1], job) end
    local merged = redis.call('GETRANGE', 'bifocal:merged:' .. job, shard, shard)
    if shard < n_shards and (merged == '' or merged == '\0') then
      local member = job .. ':' .. shard
      for k = 2, #ARGV do
        redis.call('HSET', 'bifocal:shard:' .. member, 'sent:' .. ARGV[k], redis.call('INCR', KEYS[3]),
          'sent_at:' .. ARGV[k], now_ms)
      end
      redis.call('ZADD', KEYS[2], now_ms, member)
      moved[#moved + 1] = member
      moved[#moved + 1] = redis.call('HEXISTS', hash, 'closing')
      room = room - 1
    end
  end
end
return moved
