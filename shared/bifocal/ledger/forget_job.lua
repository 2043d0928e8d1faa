-- Forget a job that has ended and whose results are gone.
-- KEYS[1] bifocal:jobs            zset     loses the job
-- KEYS[2] bifocal:ended           zset     loses the job
-- KEYS[3] bifocal:job:{job}       hash     goes
-- KEYS[4] bifocal:merged:{job}    string   goes
-- KEYS[5] bifocal:expired:{job}   string   is set to its owner, and expires, so that who asks is told what became of it
-- KEYS[6] bifocal:jobs_of:{owner}  zset  loses the job
-- ARGV[1] job
-- ARGV[2] milliseconds for which it is remembered that there was such a job
-- Returns 1, or 0 if it has not ended.
if redis.call('HGET', KEYS[3], 'state') ~= 'ended' then return 0 end
local owner = redis.call('HGET', KEYS[3], 'owner') or ''
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[6], ARGV[1])
redis.call('DEL', KEYS[3], KEYS[4])
redis.call('SET', KEYS[5], owner, 'PX', ARGV[2])
return 1
