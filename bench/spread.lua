-- As many holds as there are seats, each of one seat or two beside each other, anywhere in
-- showtimes of SEATS seats: what is taken is refused.

local load = require 'load'

local SEATS = load.number 'SEATS'
local HOLDS_OF_USER = 5

local showtimes = load.showtimes()
local total, sent = #showtimes * SEATS, 0

load.requests(function()
  if sent == total then return nil end
  sent = sent + 1
  local first = math.random(0, SEATS - 2)
  local seats = '"' .. load.label(first) .. '"'
  if math.random(2) == 2 then seats = seats .. ',"' .. load.label(first + 1) .. '"' end
  local user = ('u%d'):format(sent / HOLDS_OF_USER)
  return load.hold(user, showtimes[math.random(#showtimes)], seats)
end)
load.answers(total)
