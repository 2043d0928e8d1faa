-- Take one request out of a bucket that holds a minute's worth and fills evenly.
-- KEYS[1] bifocal:rate:{id}   string   the time at which it will be full, in microseconds; expires then
-- ARGV[1] requests per minute
-- Returns 0, or, if the bucket is empty, the microseconds until there is one; then nothing is taken.
-- One number says it all: a bucket that is full in half a minute is half empty (GCRA).
local minute = 60 * 1000000
local each = math.floor(minute / tonumber(ARGV[1]))
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
-- A bucket is never emptier than empty, should the clock have gone back.
local full_at = math.min(tonumber(redis.call('GET', KEYS[1]) or '0'), now + minute)
full_at = math.max(full_at, now) + each
local wait = full_at - now - minute
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
return 0
