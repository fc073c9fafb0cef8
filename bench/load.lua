-- What the loads share: the request of a hold, what is counted, and how a run ends.
-- scripts/bench runs them, and sets the environment that they read.

local ffi = require 'ffi'
ffi.cdef [[
  typedef struct { long seconds, nanoseconds; } timespec;
  int clock_gettime(int clock, timespec *time);
  int getpid(void);
  int kill(int process, int signal);
]]

local load = {}

local MONOTONIC, SIGINT = 1, 2
local SEATS_OF_ROW, LETTERS = 50, 26
local PROBE = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n'
local HOLD = 'POST /api/bookings/hold HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
  .. 'X-User-Id: %s\r\nX-Idempotency-Key: %s\r\nContent-Length: %d\r\n\r\n%s'

-- Globals: wrk gives those of each thread to done().
granted, refused, busy, wrong, began, ended = 0, 0, 0, 0, false, false

function load.now()
  local time = ffi.new('timespec')
  ffi.C.clock_gettime(MONOTONIC, time)
  return tonumber(time.seconds) + tonumber(time.nanoseconds) / 1e9
end

math.randomseed(load.now() * 1e9 % 2 ^ 52)

-- number: a number of the environment.
function load.number(name)
  return assert(tonumber(os.getenv(name)), name .. ' is not a number')
end

-- showtimes: the ids in the file SHOWTIMES, one per line.
function load.showtimes()
  local ids = {}
  for id in io.lines(os.getenv 'SHOWTIMES') do ids[#ids + 1] = id end
  return ids
end

-- label: the seat number I, from 0, in rows A to Z, AA, AB and so on.
function load.label(i)
  local row, name = math.floor(i / SEATS_OF_ROW), ''
  repeat
    name = string.char(65 + row % LETTERS) .. name
    row = math.floor(row / LETTERS) - 1
  until row < 0
  return name .. (i % SEATS_OF_ROW + 1)
end

-- uuid: a fresh one, version 4.
local function uuid()
  local random = math.random
  return string.format('%08x-%04x-4%03x-%04x-%04x%08x', random(0, 0xffffffff), random(0, 0xffff),
    random(0, 0xfff), random(0x8000, 0xbfff), random(0, 0xffff), random(0, 0xffffffff))
end

-- hold: the request of one user for seats, each label in quotes, commas between them.
function load.hold(user, showtime, seats)
  local body = '{"showtime_id":"' .. showtime .. '","seats":[' .. seats .. ']}'
  return HOLD:format(user, uuid(), #body, body)
end

local sent, answered, total = 0, 0, nil

-- in_time: nothing more is sent after LIMIT seconds, if there is a LIMIT.
local LIMIT = tonumber(os.getenv 'LIMIT')
local function in_time() return not LIMIT or load.now() - began < LIMIT end

-- end_if_done: wrk would sleep on until its time is over, if nobody interrupted it.
local function end_if_done()
  if not ended and (answered == total or (answered == sent and not in_time())) then
    ended = load.now()
    ffi.C.kill(ffi.C.getpid(), SIGINT)
  end
end

-- requests: sends what NEXT gives, and once that is nil lets the connections be, which
-- is what an empty request does. wrk tries the very first one out, and never sends it.
function load.requests(next)
  local tried = false
  function request()
    if not tried then
      tried = true
      return PROBE
    end
    began = began or load.now()
    local following = in_time() and next()
    if following then
      sent = sent + 1
      return following
    end
    end_if_done()
    return ''
  end
end

-- count: sorts an answer. Taken and busy are never confused: the code tells.
function load.count(status, body)
  if status == 201 then
    granted = granted + 1
  elseif status == 409 and body:find('"code":"SEAT_', 1, true) then
    refused = refused + 1
  elseif status == 409 and body:find('"code":"BOOKING_LOCK_FAILED"', 1, true) then
    busy = busy + 1
  else
    wrong = wrong + 1
    if wrong == 1 then io.stderr:write('unexpected: ', status, ' ', body, '\n') end
  end
end

-- answers: counts them, and ends the run after EXPECTED of them.
function load.answers(expected)
  total = expected
  function response(status, _, body)
    load.count(status, body)
    answered = answered + 1
    end_if_done()
  end
end

local threads = {}

function setup(thread) threads[#threads + 1] = thread end

-- done: writes the figures, as JSON, into the file FIGURE. Where all there is to do was
-- done, time counts to the last answer.
function done(summary, latency)
  local sum = { granted = 0, refused = 0, busy = 0, wrong = 0 }
  for _, thread in ipairs(threads) do
    for name in pairs(sum) do sum[name] = sum[name] + thread:get(name) end
  end
  local first, errors = threads[1], summary.errors
  local seconds = summary.duration / 1e6
  if first:get 'ended' then seconds = first:get 'ended' - first:get 'began' end
  local finished = (first:get 'ended' or not first:get 'began') and true or false
  local answers = sum.granted + sum.refused
  if answers == 0 then answers = summary.requests end
  local file = assert(io.open(os.getenv 'FIGURE', 'w'))
  file:write(string.format(
    '{"rate":%.1f,"seconds":%.3f,"p50":%.2f,"p99":%.2f,"granted":%d,"refused":%d,"busy":%d,"answers":%d,'
      .. '"wrong":%d,"finished":%s}\n',
    answers / seconds, seconds, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    sum.granted, sum.refused, sum.busy, answers + sum.busy,
    sum.wrong + errors.connect + errors.read + errors.write + errors.timeout, tostring(finished)))
  file:close()
end

return load
