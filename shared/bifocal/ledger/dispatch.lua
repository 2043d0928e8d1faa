-- Move shards from pending to in flight, up to a number in flight.
-- KEYS[1] bifocal:pending     list   loses the shards
-- KEYS[2] bifocal:in_flight   zset   gains them, scored by now
-- ARGV[1] most shards in flight
-- Returns the shards moved, as job:shard.
local moved = {}
local room = tonumber(ARGV[1]) - redis.call('ZCARD', KEYS[2])
local now = redis.call('TIME')[1]
while room > 0 do
  local member = redis.call('LPOP', KEYS[1])
  if not member then break end
  -- A shard without a hash was merged meanwhile, as by a message published twice.
  if redis.call('EXISTS', 'bifocal:shard:' .. member) == 1 then
    redis.call('ZADD', KEYS[2], now, member)
    moved[#moved + 1] = member
    room = room - 1
  end
end
return moved
