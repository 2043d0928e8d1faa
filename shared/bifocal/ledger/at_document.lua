-- Say which document an attempt is at, so that its death is put down to it.
-- KEYS[1] bifocal:shard:{job}:{shard}           hash     names the document
-- KEYS[2] bifocal:lease:{stage}:{job}:{shard}   string   has to be ours
-- ARGV[1] owner
-- ARGV[2] stage
-- ARGV[3] place of the document in the shard
-- Returns 1, or 0 if the lease was lost, or the shard is merged and gone.
-- A late attempt may have been merged in the meantime; then there is no shard to write to.
if redis.call('GET', KEYS[2]) ~= ARGV[1] or redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'at:' .. ARGV[2], ARGV[3])
return 1
