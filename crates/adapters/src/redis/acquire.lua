-- Grants the lease, or gives a place in its queue. Asked again, confirms either.
--
-- ARGV[2]  the channel of who asks
-- ARGV[3]  how long the lease is to last, in ms
-- ARGV[4]  how long to wait for it, in ms; 0 leaves the queue
--
-- Gives GRANTED, or DEAF when nobody listens on the channel, or else the ms after
-- which the present owner's time is over.
local GRANTED, DEAF = 0, -1
local channel, ttl, wait = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

if not listens(channel) then
  return DEAF
end

if redis.call('EXISTS', queue) == 0 then
  if grant(me, channel, ttl, 'NX') then
    return GRANTED
  end
elseif redis.call('EXISTS', lease) == 0 then
  -- Free, but others came before.
  enter(channel, wait)
  pass_on()
end

if is_mine() then
  leave()
  grant(me, channel, ttl)
  return GRANTED
end
if wait > 0 then
  enter(channel, wait)
else
  leave()
end

local left = redis.call('PTTL', lease)
-- An owner that nobody hears of any more has lost its connection, and perhaps
-- its life: it gets one turn to come back.
local owner = redis.call('GET', lease):match('^[^:]+:%d+:(.+)$')
if owner and left > TURN and not listens(owner) then
  redis.call('PEXPIRE', lease, TURN)
  left = TURN
end
-- Negative when it never ends, which is not by these scripts.
return left < 0 and math.max(wait, 1) or math.max(left, 1)
