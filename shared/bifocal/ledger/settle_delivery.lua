-- Record what came of a try at telling a job's end; one that was claimed anew since then changes nothing.
-- KEYS[1] bifocal:webhooks    zset   loses the job, or has it at another time
-- KEYS[2] bifocal:job:{job}   hash   says how far it is
-- ARGV[1] job
-- ARGV[2] number of the try
-- ARGV[3] pending, delivered or given_up
-- ARGV[4] status of the answer, or nothing
-- ARGV[5] why there was no answer, or nothing
-- ARGV[6] milliseconds until the next try, or nothing if there is to be none
-- Returns 1, or 0 if the try is not the last one.
if redis.call('HGET', KEYS[2], 'webhook_tries') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], 'webhook_state', ARGV[3], 'webhook_status', ARGV[4], 'webhook_error', ARGV[5])
if ARGV[6] == '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  local time = redis.call('TIME')
  redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[6], ARGV[1])
end
return 1
