-- Record that a lens output lies in the store. The first commit wins; a later one changes nothing.
-- KEYS[1] bifocal:shard:{job}:{shard}   hash   gains a field named after the lens
-- ARGV[1] the lens
-- ARGV[2…] all lenses
-- Returns 1 if every lens has now committed, else 0; -1 if the shard is already merged and gone.
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
redis.call('HSETNX', KEYS[1], ARGV[1], 1)
for k = 2, #ARGV do
  if redis.call('HEXISTS', KEYS[1], ARGV[k]) == 0 then return 0 end
end
return 1
