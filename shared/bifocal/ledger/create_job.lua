-- Accept a job with all its shards, at once or not at all.
-- KEYS[1] bifocal:jobs          zset     gains the job
-- KEYS[2] bifocal:job:{job}     hash     is created
-- KEYS[3] bifocal:pending[:interactive]   list   gains the job, if it has shards
-- KEYS[4] bifocal:accepting     zset     loses the job
-- KEYS[5] bifocal:waiting       string   rises by the shards
-- KEYS[6] bifocal:ended         zset     gains the job, if it has none
-- KEYS[7] bifocal:deadlines     zset     gains the job, if it has a deadline
-- KEYS[8] bifocal:totals        hash     counts it and its documents
-- KEYS[9] bifocal:jobs_of:{owner}  zset  gains the job
-- KEYS[10] bifocal:waiting_of   hash     the owner's rises by the shards
-- bifocal:webhooks   zset   gains the job, if it has no shards and somebody is to be told of its end
-- ARGV[1] job id
-- ARGV[2] options, JSON
-- ARGV[3] documents, all
-- ARGV[4] documents refused at acceptance
-- ARGV[5] shards
-- ARGV[6] 1 if its acceptance was announced, and must not have been given up since; else 0
-- ARGV[7] seconds until the deadline, or nothing
-- ARGV[8] traceparent of the request, or nothing
-- ARGV[9] owner
-- ARGV[10] priority
-- ARGV[11] URL of a webhook, or nothing
-- Returns 1, or 0 if there is such a job already, or its acceptance was given up.
-- A job takes the same room however many shards it has: they are numbers until they are dispatched.
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
if ARGV[6] == '1' and tonumber(redis.call('ZSCORE', KEYS[4], ARGV[1]) or '0') == 0 then return 0 end
redis.call('ZREM', KEYS[4], ARGV[1])
local time = redis.call('TIME')
local now = time[1] .. '.' .. string.format('%06d', time[2])
redis.call('HSET', KEYS[2], 'state', 'in_progress', 'options', ARGV[2], 'total', ARGV[3],
  'errored', ARGV[4], 'n_refused', ARGV[4], 'n_shards', ARGV[5], 'n_dispatched', 0, 'n_merged', 0,
  'created_at', now, 'owner', ARGV[9], 'priority', ARGV[10])
if ARGV[8] ~= '' then redis.call('HSET', KEYS[2], 'traceparent', ARGV[8]) end
if ARGV[11] ~= '' then redis.call('HSET', KEYS[2], 'webhook', ARGV[11]) end
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZADD', KEYS[9], now, ARGV[1])
redis.call('HINCRBY', KEYS[8], 'jobs_accepted', 1)
redis.call('HINCRBY', KEYS[8], 'accepted', ARGV[3] - ARGV[4])
redis.call('HINCRBY', KEYS[8], 'refused', ARGV[4])
if tonumber(ARGV[5]) == 0 then
  redis.call('HSET', KEYS[2], 'state', 'ended', 'ended_at', now)
  redis.call('ZADD', KEYS[6], now, ARGV[1])
  if ARGV[11] ~= '' then redis.call('ZADD', 'bifocal:webhooks', math.floor(now * 1000), ARGV[1]) end
  redis.call('HINCRBY', KEYS[8], 'jobs_ended', 1)
else
  redis.call('INCRBY', KEYS[5], ARGV[5])
  redis.call('HINCRBY', KEYS[10], ARGV[9], ARGV[5])
  redis.call('RPUSH', KEYS[3], ARGV[1])
  if ARGV[7] ~= '' then
    redis.call('HSET', KEYS[2], 'deadline_at', time[1] + ARGV[7])
    redis.call('ZADD', KEYS[7], time[1] + ARGV[7], ARGV[1])
  end
end
return 1
