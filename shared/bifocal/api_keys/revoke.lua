-- Revoke a key; one that was revoked stays as it is.
-- KEYS[1] bifocal:key:{id}   hash   says when
-- Returns 1, or 0 if there is no such key.
local revoked_at = redis.call('HGET', KEYS[1], 'revoked_at')
if not revoked_at then return 0 end
if revoked_at == '' then
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'revoked_at', time[1] .. '.' .. string.format('%06d', time[2]))
end
return 1
