-- Give a lease back, if it is still ours.
-- KEYS[1] bifocal:lease:{stage}:{job}:{shard}   string   goes
-- KEYS[2] bifocal:shard:{job}:{shard}           hash     forgets the attempt, if it is handed back
-- ARGV[1] owner
-- ARGV[2] stage
-- ARGV[3] 1 to hand the stage back undone and unblamed, else 0
-- Returns 1 if it was ours, else 0.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] == '1' and redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('HDEL', KEYS[2], 'open:' .. ARGV[2], 'at:' .. ARGV[2])
  redis.call('HINCRBY', KEYS[2], 'attempts:' .. ARGV[2], -1)
end
return redis.call('DEL', KEYS[1])
