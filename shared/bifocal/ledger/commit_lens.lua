-- Record that a lens output lies in the store. The first commit wins; a later one changes nothing.
-- KEYS[1] bifocal:shard:{job}:{shard}   hash     gains a field named after the lens: the attempt that counts
-- KEYS[2] bifocal:sent                  string   number of the last message
-- ARGV[1] the lens
-- ARGV[2] the attempt whose output it is
-- ARGV[3…] all lenses
-- Returns the attempt that counts, and 1 if every lens has now committed, else 0; nothing if the shard is
-- merged and gone.
if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
local counts = tonumber(redis.call('HGET', KEYS[1], ARGV[1]))
for k = 3, #ARGV do
  if redis.call('HEXISTS', KEYS[1], ARGV[k]) == 0 then return {counts, 0} end
end
local time = redis.call('TIME')
if redis.call('HEXISTS', KEYS[1], 'sent:merge') == 0 then
  redis.call('HSET', KEYS[1], 'sent:merge', redis.call('INCR', KEYS[2]),
    'sent_at:merge', time[1] * 1000 + math.floor(time[2] / 1000))
end
return {counts, 1}
