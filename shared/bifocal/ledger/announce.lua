-- Say that a worker is up. The index is there so that workers are counted without a look at every key.
-- KEYS[1] bifocal:worker:{stage}:{worker}   string   what it has loaded; expires
-- KEYS[2] bifocal:workers:{stage}           set      gains the worker, loses those that fell silent
-- ARGV[1] the worker
-- ARGV[2] what it has loaded
-- ARGV[3] milliseconds to live
-- ARGV[4] name of a worker's key up to the worker
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('SADD', KEYS[2], ARGV[1])
for _, worker in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  if redis.call('EXISTS', ARGV[4] .. worker) == 0 then redis.call('SREM', KEYS[2], worker) end
end
return 1
