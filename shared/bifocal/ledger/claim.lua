-- Begin an acceptance, unless a request with the same idempotency key was accepted, or is being.
-- KEYS[1] bifocal:idempotency:{owner}:{key}   hash   job and fingerprint of the request; expires
-- KEYS[2] bifocal:accepting                   zset   gains the job, by now
-- ARGV[1] job id
-- ARGV[2] fingerprint of the request
-- ARGV[3] milliseconds for which the key is remembered
-- ARGV[4] milliseconds without a sign of life after which an acceptance is taken for dead
-- Returns 'claimed'; 'mismatch'; 'in_flight'; or 'accepted' and the job of the first request.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local first = redis.call('HGET', KEYS[1], 'job')
if first then
  if redis.call('HGET', KEYS[1], 'fingerprint') ~= ARGV[2] then return {'mismatch'} end
  if redis.call('EXISTS', 'bifocal:job:' .. first, 'bifocal:expired:' .. first) > 0 then return {'accepted', first} end
  local score = tonumber(redis.call('ZSCORE', KEYS[2], first) or '0')
  if score > 0 and now_ms - score < tonumber(ARGV[4]) then return {'in_flight'} end
  -- Given up, so that it cannot be created any more, and what it wrote is removed.
  if score > 0 then redis.call('ZADD', KEYS[2], 0, first) end
end
redis.call('HSET', KEYS[1], 'job', ARGV[1], 'fingerprint', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], now_ms, ARGV[1])
return {'claimed'}
