-- Forget a key.
-- KEYS[1] bifocal:key:{id}    hash     goes
-- KEYS[2] bifocal:keys        zset     loses the id
-- KEYS[3] bifocal:rate:{id}   string   goes
-- ARGV[1] id
-- Returns 1, or 0 if there is no such key.
redis.call('DEL', KEYS[3])
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])
