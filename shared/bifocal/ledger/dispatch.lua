-- Move shards in flight, up to a number in flight; jobs take turns, a shard each, interactive ones first.
-- KEYS[1] bifocal:pending:interactive   list     loses the jobs whose last shard is moved
-- KEYS[2] bifocal:pending               list     the same
-- KEYS[3] bifocal:in_flight             zset     gains the shards, scored by now
-- KEYS[4] bifocal:sent                  string   number of the last message
-- ARGV[1] most shards in flight; with interactive ones, twice as many
-- ARGV[2…] the lenses
-- Returns, flat, the shards moved, as job:shard, why the job is closing, or nothing, and its priority.
-- Each gains its hash bifocal:shard:{job}:{shard}.
local moved = {}
local in_flight = redis.call('ZCARD', KEYS[3])
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local function move(pending, most)
  while in_flight < most do
    local job = redis.call('LPOP', pending)
    if not job then break end
    local hash = 'bifocal:job:' .. job
    -- A job that is gone has nothing to dispatch.
    if redis.call('EXISTS', hash) == 1 then
      redis.call('HSETNX', hash, 'started_at', time[1] .. '.' .. string.format('%06d', time[2]))
      local shard = redis.call('HINCRBY', hash, 'n_dispatched', 1) - 1
      local n_shards = tonumber(redis.call('HGET', hash, 'n_shards'))
      if shard + 1 < n_shards then redis.call('RPUSH', pending, job) end
      local merged = redis.call('GETRANGE', 'bifocal:merged:' .. job, shard, shard)
      if shard < n_shards and (merged == '' or merged == '\0') then
        local member = job .. ':' .. shard
        local priority = redis.call('HGET', hash, 'priority')
        redis.call('HSET', 'bifocal:shard:' .. member, 'priority', priority)
        for k = 2, #ARGV do
          redis.call('HSET', 'bifocal:shard:' .. member, 'sent:' .. ARGV[k], redis.call('INCR', KEYS[4]),
            'sent_at:' .. ARGV[k], now_ms)
        end
        redis.call('ZADD', KEYS[3], now_ms, member)
        moved[#moved + 1] = member
        moved[#moved + 1] = redis.call('HGET', hash, 'closing') or ''
        moved[#moved + 1] = priority
        in_flight = in_flight + 1
      end
    end
  end
end
move(KEYS[1], 2 * tonumber(ARGV[1]))
move(KEYS[2], tonumber(ARGV[1]))
return moved
