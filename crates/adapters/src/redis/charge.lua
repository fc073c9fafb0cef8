-- Charges one request to each of KEYS, or to none if one has nothing left. A key keeps
-- when its account has all requests back. ARGV: now, then for each key the time in which
-- one request comes back and that in which all do; all in µs.
local now, granted, full_at = tonumber(ARGV[1]), 1, {}
for n, noted in ipairs(redis.call('MGET', unpack(KEYS))) do
  local interval, window = tonumber(ARGV[2 * n]), tonumber(ARGV[2 * n + 1])
  local at = math.max(now, math.min(tonumber(noted or now), now + window))
  full_at[n] = at
  if at + interval > now + window then
    granted = 0
  end
end
local answer = {granted}
for n, at in ipairs(full_at) do
  if granted == 1 then
    at = at + tonumber(ARGV[2 * n])
    -- As a whole number: longer ones would lose their end.
    local text = string.format('%.0f', at)
    redis.call('SET', KEYS[n], text, 'PX', math.ceil((at - now) / 1000))
  end
  answer[n + 1] = at
end
return answer
