-- Close jobs whose deadline has passed: what of them is not merged will not be worked on.
-- KEYS[1] bifocal:deadlines   zset   loses them
-- Returns the jobs. Each gains the field `closing` in its hash bifocal:job:{job}.
local now = redis.call('TIME')[1]
local closed = {}
for _, job in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, 100)) do
  redis.call('ZREM', KEYS[1], job)
  local hash = 'bifocal:job:' .. job
  if redis.call('HGET', hash, 'state') == 'in_progress' then
    redis.call('HSET', hash, 'closing', 1)
    closed[#closed + 1] = job
  end
end
return closed
