-- Cancel a job: what of it is not merged will not be worked on.
-- KEYS[1] bifocal:job:{job}     hash   becomes `canceling`
-- KEYS[2] bifocal:deadlines     zset   gains the job, for the dispatcher to close it
-- ARGV[1] job id
-- Returns 1, or 0 if it has ended, or was canceled before.
if redis.call('HGET', KEYS[1], 'state') ~= 'in_progress' then return 0 end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'state', 'canceling', 'closing', 'canceled',
  'canceling_at', time[1] .. '.' .. string.format('%06d', time[2]))
redis.call('ZADD', KEYS[2], 0, ARGV[1])
return 1
