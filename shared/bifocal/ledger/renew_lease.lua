-- Keep a lease, if it is still ours.
-- KEYS[1] bifocal:lease:{stage}:{job}:{shard}   string   lives on
-- ARGV[1] owner
-- ARGV[2] milliseconds to live from now
-- Returns 1 if it was kept, 0 if it was lost.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
