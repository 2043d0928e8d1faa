-- Close jobs whose deadline has passed: what of them is not merged will not be worked on.
-- KEYS[1] bifocal:deadlines   zset   loses them
-- Returns, flat, the jobs and why they close. Each gains the field `closing` in its hash bifocal:job:{job}.
-- A job that was canceled has its deadline at once, and says so there already.
local now = redis.call('TIME')[1]
local closed = {}
for _, job in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, 100)) do
  redis.call('ZREM', KEYS[1], job)
  local hash = 'bifocal:job:' .. job
  local state = redis.call('HGET', hash, 'state')
  if state == 'in_progress' or state == 'canceling' then
    redis.call('HSETNX', hash, 'closing', 'expired')
    closed[#closed + 1] = job
    closed[#closed + 1] = redis.call('HGET', hash, 'closing')
  end
end
return closed
