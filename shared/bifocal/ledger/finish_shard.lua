-- Record that a shard's results lie in the store. The first commit wins; a later one changes nothing.
-- KEYS[1] bifocal:shard:{job}:{shard}   hash     becomes its traces
-- KEYS[2] bifocal:job:{job}             hash     counts rise; the job ends with its last shard
-- KEYS[3] bifocal:in_flight             zset     loses the shard
-- KEYS[4] bifocal:merged:{job}          string   a character a shard: the attempt whose results count
-- KEYS[5] bifocal:traces:{job}:{shard}  hash     says what there may be to remove
-- KEYS[6] bifocal:leftovers             zset     gains the shard
-- KEYS[7] bifocal:waiting               string   falls by one
-- KEYS[8] bifocal:ended                 zset     gains the job, if it ends
-- KEYS[9] bifocal:deadlines             zset     loses the job, if it ends
-- KEYS[10] bifocal:totals               hash     counts the documents by how they ended
-- KEYS[11] bifocal:waiting_of           hash     the owner's falls by one, and goes with the last
-- bifocal:webhooks   zset   gains the job, if it ends and somebody is to be told
-- ARGV[1] job:shard
-- ARGV[2] shard
-- ARGV[3] the attempt whose results these are
-- ARGV[4…] how documents ended, and how many so, …
-- Returns 2 for the first commit if the job has ended by it, 1 for another first one, else 0.
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
local there = redis.call('GETRANGE', KEYS[4], ARGV[2], ARGV[2])
if there ~= '' and there ~= '\0' then return 0 end
-- A printable character for each attempt, from 1.
redis.call('SETRANGE', KEYS[4], ARGV[2], string.char(32 + ARGV[3]))
local time = redis.call('TIME')
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('RENAME', KEYS[1], KEYS[5]) end
redis.call('HSET', KEYS[5], 'counts', ARGV[3])
redis.call('ZADD', KEYS[6], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('DECR', KEYS[7])
local owner = redis.call('HGET', KEYS[2], 'owner') or ''
if redis.call('HINCRBY', KEYS[11], owner, -1) <= 0 then redis.call('HDEL', KEYS[11], owner) end
for k = 4, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[2], ARGV[k], ARGV[k + 1])
  redis.call('HINCRBY', KEYS[10], ARGV[k], ARGV[k + 1])
end
local merged = redis.call('HINCRBY', KEYS[2], 'n_merged', 1)
if merged < tonumber(redis.call('HGET', KEYS[2], 'n_shards')) then return 1 end
local now = time[1] .. '.' .. string.format('%06d', time[2])
redis.call('HSET', KEYS[2], 'state', 'ended', 'ended_at', now)
redis.call('ZADD', KEYS[8], now, string.sub(KEYS[2], 13))
redis.call('ZREM', KEYS[9], string.sub(KEYS[2], 13))
if redis.call('HEXISTS', KEYS[2], 'webhook') == 1 then redis.call('ZADD', 'bifocal:webhooks', math.floor(now * 1000), string.sub(KEYS[2], 13)) end
redis.call('HINCRBY', KEYS[10], 'jobs_ended', 1)
return 2
