-- Read what a request needs of the key that it names.
-- KEYS[1] bifocal:key:{id}   hash   is read
-- KEYS[2] bifocal:keys       zset   is looked at
-- Returns the digest, the state, 1 if it is an operator's, requests per minute, most waiting shards, and 1 if
-- any key was made. Of an unknown id these are strings too, and as many, so that how long it takes to read
-- them does not tell whether there is such a key.
local key = redis.call('HMGET', KEYS[1], 'digest', 'is_operator', 'requests_per_minute', 'most_waiting_shards',
  'expires_at', 'revoked_at')
local now = tonumber(redis.call('TIME')[1])
local state = 'active'
if not key[1] then state = 'unknown'
elseif key[6] ~= '' then state = 'revoked'
elseif key[5] ~= '' and tonumber(key[5]) <= now then state = 'expired' end
return {key[1] or string.rep('0', 64), state, key[2] or '0', key[3] or '', key[4] or '',
  tostring(redis.call('EXISTS', KEYS[2]))}
