-- Take up shards that were dispatched too long ago and that nobody is working on.
-- KEYS[1] bifocal:in_flight   zset   the shards taken up are scored anew by now
-- ARGV[1] seconds after which a dispatch is old
-- ARGV[2…] the stages, the merge last
-- Returns, flat: job:shard, attempts so far, stages still missing joined by commas; …
-- Each shard returned has been charged one attempt more.
local now = redis.call('TIME')[1]
local found = {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', now - ARGV[1], 'BYSCORE', 'LIMIT', 0, 100)) do
  local shard = 'bifocal:shard:' .. member
  local missing, held = {}, false
  for s = 2, #ARGV do
    if redis.call('EXISTS', 'bifocal:lease:' .. ARGV[s] .. ':' .. member) == 1 then held = true end
    if s < #ARGV and redis.call('HEXISTS', shard, ARGV[s]) == 0 then missing[#missing + 1] = ARGV[s] end
  end
  if not held then
    if #missing == 0 then missing[1] = ARGV[#ARGV] end
    found[#found + 1] = member
    found[#found + 1] = redis.call('HGET', shard, 'attempts')
    found[#found + 1] = table.concat(missing, ',')
    redis.call('HINCRBY', shard, 'attempts', 1)
    redis.call('ZADD', KEYS[1], now, member)
  end
end
return found
