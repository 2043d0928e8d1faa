-- Say that a job is being accepted, or still is.
-- KEYS[1] bifocal:accepting   zset   gains the job, by now
-- ARGV[1] job id
-- ARGV[2] 1 if it is the first time, else 0
-- Returns 1, or 0 if it was given up.
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if (ARGV[2] == '0' and not score) or (score and tonumber(score) == 0) then return 0 end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
return 1
