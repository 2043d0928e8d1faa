-- Take a stage of a shard, if it is still to be done and nobody is at it.
-- KEYS[1] bifocal:lease:{stage}:{job}:{shard}   string   is set to the owner, and expires
-- KEYS[2] bifocal:shard:{job}:{shard}           hash     attempts:{stage} rises by one
-- ARGV[1] owner
-- ARGV[2] milliseconds to live
-- ARGV[3] stage
-- Returns 1 if it was taken, else 0.
if redis.call('EXISTS', KEYS[2]) == 0 or redis.call('HEXISTS', KEYS[2], ARGV[3]) == 1 then return 0 end
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
redis.call('HINCRBY', KEYS[2], 'attempts:' .. ARGV[3], 1)
return 1
