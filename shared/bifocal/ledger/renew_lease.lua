-- Keep a lease, if it is still ours and has not been kept for too long.
-- KEYS[1] bifocal:lease:{stage}:{job}:{shard}   string   lives on
-- KEYS[2] bifocal:shard:{job}:{shard}           hash     says when the stage was begun
-- ARGV[1] owner
-- ARGV[2] milliseconds to live from now
-- ARGV[3] stage
-- ARGV[4] milliseconds that an attempt may take in all
-- Returns 1 if it was kept, 0 if it was lost: a worker that hangs, and beats, must not hold it for ever.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local begun = redis.call('HGET', KEYS[2], 'begun_at:' .. ARGV[3])
local time = redis.call('TIME')
-- Whichever way the clock may have jumped.
if begun and math.abs(time[1] * 1000 + time[2] / 1000 - begun) > tonumber(ARGV[4]) then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
