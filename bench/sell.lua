-- Showtimes of SEATS seats are sold out one after the other, in ones and pairs. No two
-- requests want the same seat, and no user wants more than ten, so none may be refused.

local load = require 'load'

local SEATS = load.number 'SEATS'
-- As many parties as a user may have, of eight seats at the most.
local PARTIES_OF_USER = 5

-- Of three seats beside each other the first goes alone, and the others together. The
-- parties come in any order, the same one for each showtime.
local function parties()
  local list = {}
  for first = 0, SEATS - 1, 3 do
    list[#list + 1] = '"' .. load.label(first) .. '"'
    if first + 2 < SEATS then
      list[#list + 1] = ('"%s","%s"'):format(load.label(first + 1), load.label(first + 2))
    elseif first + 1 < SEATS then
      list[#list + 1] = '"' .. load.label(first + 1) .. '"'
    end
  end
  for i = #list, 2, -1 do
    local j = math.random(i)
    list[i], list[j] = list[j], list[i]
  end
  return list
end

local showtimes, seats = load.showtimes(), parties()
local at, party = 1, 0

load.requests(function()
  party = party + 1
  if party > #seats then
    at, party = at + 1, 1
  end
  if at > #showtimes then return nil end
  return load.hold(('u%d-%d'):format(at, party / PARTIES_OF_USER), showtimes[at], seats[party])
end)
load.answers(#showtimes * #seats)
