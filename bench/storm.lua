-- Everybody wants the same seat, again and again, until the time is over.

local load = require 'load'

local USERS = 1e6
local showtime, seat = load.showtimes()[1], '"' .. load.label(0) .. '"'

function request()
  return load.hold(('u%d'):format(math.random(USERS)), showtime, seat)
end

function response(status, _, body) load.count(status, body) end
