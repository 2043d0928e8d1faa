-- Make a key, unless there is one of that id.
-- KEYS[1] bifocal:key:{id}   hash   is created
-- KEYS[2] bifocal:keys       zset   gains the id
-- ARGV[1] id
-- ARGV[2] digest of the secret
-- ARGV[3] name
-- ARGV[4] 1 if it is an operator's, else 0
-- ARGV[5] requests per minute, or nothing
-- ARGV[6] most waiting shards, or nothing
-- ARGV[7] seconds until it expires, or nothing
-- Returns 1, or 0 if there is one.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local time = redis.call('TIME')
local now = time[1] .. '.' .. string.format('%06d', time[2])
local expires_at = ''
if ARGV[7] ~= '' then expires_at = time[1] + ARGV[7] end
redis.call('HSET', KEYS[1], 'digest', ARGV[2], 'name', ARGV[3], 'is_operator', ARGV[4],
  'requests_per_minute', ARGV[5], 'most_waiting_shards', ARGV[6], 'created_at', now,
  'expires_at', expires_at, 'revoked_at', '')
redis.call('ZADD', KEYS[2], now, ARGV[1])
return 1
