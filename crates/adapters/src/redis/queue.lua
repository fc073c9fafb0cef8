-- What the scripts that follow share. Every script stands behind this text.
--
-- KEYS[1]  the lease: "<token>:<ms since when>:<channel>" of its owner
-- KEYS[2]  its queue: "<token> <channel> <ms until when>" of each waiter, the longest first
-- ARGV[1]  the token of who asks
--
-- An instance hears on its channel that it is the turn of one of its tokens.
local lease, queue, me = KEYS[1], KEYS[2], ARGV[1]

-- How long whoever's turn it is has to come and take the lease, in ms. A live
-- instance needs one round trip; one that hangs keeps others waiting no longer.
local TURN = 200

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function grant(token, channel, ttl, ...)
  local owner = string.format('%s:%.0f:%s', token, now, channel)
  return redis.call('SET', lease, owner, 'PX', ttl, ...)
end

local function is_mine()
  local owner = redis.call('GET', lease)
  return owner and owner:sub(1, #me) == me
end

-- Counts who listens at this server: with several, instances have to listen at
-- the one that keeps the lease.
local function listens(channel)
  return redis.call('PUBSUB', 'NUMSUB', channel)[2] > 0
end

local function my_place()
  for _, waiter in ipairs(redis.call('LRANGE', queue, 0, -1)) do
    if waiter:sub(1, #me) == me then
      return waiter
    end
  end
end

-- Who stands in the queue already keeps that place.
local function enter(channel, wait)
  if my_place() then
    return
  end
  redis.call('RPUSH', queue, string.format('%s %s %.0f', me, channel, now + wait))
  if redis.call('PTTL', queue) < wait then
    redis.call('PEXPIRE', queue, math.max(wait, 1))
  end
end

local function leave()
  local place = my_place()
  if place then
    redis.call('LREM', queue, 1, place)
  end
end

-- Makes the longest waiter the owner, for one turn. Passes over those whose wait
-- is over and those whose instance is gone: nobody receives what is told to it.
local function pass_on()
  redis.call('DEL', lease)
  local waiter = redis.call('LPOP', queue)
  while waiter do
    local token, channel, till = waiter:match('^(%S+) (%S+) (%d+)$')
    if token and tonumber(till) >= now and redis.call('PUBLISH', channel, token) > 0 then
      return grant(token, channel, TURN)
    end
    waiter = redis.call('LPOP', queue)
  end
end
