-- Accept a job with all its shards, at once or not at all.
-- KEYS[1] bifocal:jobs          zset   gains the job
-- KEYS[2] bifocal:job:{job}     hash   is created
-- KEYS[3] bifocal:pending       list   gains the job, if it has shards
-- KEYS[4] bifocal:totals        hash   counts it and its documents
-- ARGV[1] job id
-- ARGV[2] options, JSON
-- ARGV[3] documents, all
-- ARGV[4] documents refused at acceptance
-- ARGV[5] shards
-- ARGV[6] traceparent of the request, or nothing
-- Returns 1, or 0 if there is such a job already.
-- A job takes the same room however many shards it has: they are numbers until they are dispatched.
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
local time = redis.call('TIME')
local now = time[1] .. '.' .. string.format('%06d', time[2])
redis.call('HSET', KEYS[2], 'state', 'in_progress', 'options', ARGV[2], 'total', ARGV[3],
  'succeeded', 0, 'failed', ARGV[4], 'n_shards', ARGV[5], 'n_dispatched', 0, 'n_merged', 0, 'created_at', now)
if ARGV[6] ~= '' then redis.call('HSET', KEYS[2], 'traceparent', ARGV[6]) end
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('HINCRBY', KEYS[4], 'jobs_accepted', 1)
redis.call('HINCRBY', KEYS[4], 'accepted', ARGV[3] - ARGV[4])
redis.call('HINCRBY', KEYS[4], 'refused', ARGV[4])
if tonumber(ARGV[5]) == 0 then
  redis.call('HSET', KEYS[2], 'state', 'ended', 'ended_at', now)
  redis.call('HINCRBY', KEYS[4], 'jobs_ended', 1)
else
  redis.call('RPUSH', KEYS[3], ARGV[1])
  redis.call('HINCRBY', KEYS[4], 'pending', ARGV[5])
end
return 1
