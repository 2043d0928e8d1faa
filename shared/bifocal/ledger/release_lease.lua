-- Give a lease back, if it is still ours.
-- KEYS[1] bifocal:lease:{stage}:{job}:{shard}   string   goes
-- ARGV[1] owner
-- Returns 1 if it was ours, else 0.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
