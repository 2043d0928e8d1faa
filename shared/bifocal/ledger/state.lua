-- How full everything is, at one moment; takes as long as there are shards in flight and workers.
-- KEYS[1] bifocal:in_flight     zset   shards, scored by the time of dispatch
-- KEYS[2] bifocal:pending       list   only its length is read
-- KEYS[3] bifocal:pending:interactive  list  the same
-- KEYS[4] bifocal:waiting       string  shards accepted and not merged
-- KEYS[5] bifocal:totals        hash   counts since the ledger began
-- KEYS[6…] queues of the stages  list   only their lengths are read; in the order of the stages, each with
--                                      that of interactive jobs behind it
-- ARGV… the stages, the merge last
-- Returns JSON: jobs_pending, shards_pending, in_flight, oldest_ms, totals, and for each stage waiting, running, queue, workers.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local members = redis.call('ZRANGE', KEYS[1], 0, -1)
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local stages = {}
for s, stage in ipairs(ARGV) do
  local index = 'bifocal:workers:' .. stage
  local workers = 0
  for _, worker in ipairs(redis.call('SMEMBERS', index)) do
    workers = workers + redis.call('EXISTS', 'bifocal:worker:' .. stage .. ':' .. worker)
  end
  local queue = redis.call('LLEN', KEYS[2 * s + 4]) + redis.call('LLEN', KEYS[2 * s + 5])
  stages[stage] = {waiting = 0, running = 0, queue = queue, workers = workers}
end
for _, member in ipairs(members) do
  local read = true
  for s, stage in ipairs(ARGV) do
    local is_merge = s == #ARGV
    local due = is_merge and read or
      (not is_merge and redis.call('HEXISTS', 'bifocal:shard:' .. member, stage) == 0)
    if due then
      if not is_merge then read = false end
      local held = redis.call('EXISTS', 'bifocal:lease:' .. stage .. ':' .. member) == 1
      local state = held and 'running' or 'waiting'
      stages[stage][state] = stages[stage][state] + 1
    end
  end
end
local totals, flat = {}, redis.call('HGETALL', KEYS[5])
for k = 1, #flat, 2 do totals[flat[k]] = tonumber(flat[k + 1]) end
return cjson.encode({
  jobs_pending = redis.call('LLEN', KEYS[2]) + redis.call('LLEN', KEYS[3]),
  shards_pending = math.max(0, tonumber(redis.call('GET', KEYS[4]) or '0') - #members),
  in_flight = #members,
  oldest_ms = oldest[2] and math.max(0, now_ms - oldest[2]) or 0,
  totals = next(totals) and totals or cjson.null,
  stages = stages,
})
