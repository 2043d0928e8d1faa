-- Claim the telling of a job's end that has been due longest, for a while: if nothing comes of it, it is due again.
-- KEYS[1] bifocal:webhooks   zset   ended jobs by when the next try is due, in ms
-- ARGV[1] milliseconds
-- Returns job, URL and number of the try; nothing if none is due. The hash bifocal:job:{job} counts the try.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
while true do
  local job = redis.call('ZRANGE', KEYS[1], '-inf', now_ms, 'BYSCORE', 'LIMIT', 0, 1)[1]
  if not job then return {} end
  local hash = 'bifocal:job:' .. job
  local url = redis.call('HGET', hash, 'webhook')
  if url then
    redis.call('ZADD', KEYS[1], now_ms + ARGV[1], job)
    return {job, url, redis.call('HINCRBY', hash, 'webhook_tries', 1)}
  end
  -- The job is gone, and what there was to tell with it.
  redis.call('ZREM', KEYS[1], job)
end
