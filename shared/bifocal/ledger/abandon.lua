-- Give up acceptances that nobody has been at for a while.
-- KEYS[1] bifocal:accepting   zset   jobs that are being accepted, by when they were last worked on
-- ARGV[1] milliseconds after which an acceptance is taken for dead
-- Returns the jobs. They stay, with no time, until what they wrote is removed; none can be created any more.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local dead = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now_ms - tonumber(ARGV[1]))
for _, job in ipairs(dead) do redis.call('ZADD', KEYS[1], 0, job) end
return dead
