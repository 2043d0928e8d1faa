-- Record that a shard's results lie in the store. The first commit wins; a later one changes nothing.
-- KEYS[1] bifocal:shard:{job}:{shard}   hash     goes
-- KEYS[2] bifocal:job:{job}             hash     counts rise; the job ends with its last shard
-- KEYS[3] bifocal:in_flight             zset     loses the shard
-- KEYS[4] bifocal:merged:{job}          string   a character a shard: the attempt whose results count
-- KEYS[5] bifocal:totals                hash     counts the documents by how they ended
-- ARGV[1] job:shard
-- ARGV[2] shard
-- ARGV[3] the attempt whose results these are, as one character
-- ARGV[4] documents succeeded
-- ARGV[5] documents failed
-- Returns 2 for the first commit if the job has ended by it, 1 for another first one, else 0.
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
local there = redis.call('GETRANGE', KEYS[4], ARGV[2], ARGV[2])
if there ~= '' and there ~= '\0' then return 0 end
redis.call('SETRANGE', KEYS[4], ARGV[2], ARGV[3])
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('HINCRBY', KEYS[2], 'succeeded', ARGV[4])
redis.call('HINCRBY', KEYS[2], 'failed', ARGV[5])
redis.call('HINCRBY', KEYS[5], 'succeeded', ARGV[4])
redis.call('HINCRBY', KEYS[5], 'failed', ARGV[5])
local merged = redis.call('HINCRBY', KEYS[2], 'n_merged', 1)
if merged < tonumber(redis.call('HGET', KEYS[2], 'n_shards')) then return 1 end
local time = redis.call('TIME')
redis.call('HSET', KEYS[2], 'state', 'ended', 'ended_at', time[1] .. '.' .. string.format('%06d', time[2]))
redis.call('HINCRBY', KEYS[5], 'jobs_ended', 1)
return 2
