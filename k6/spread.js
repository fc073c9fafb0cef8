// Many showtimes at once: buyers look at seats, hold one or two of them, and look at
// their bookings. A seat that is taken is no failure; a hold that was acknowledged and
// cannot be found again is one, and so are seats that are held for nobody.
//
//   BASE_URL=http://127.0.0.1:3000 k6 run k6/spread.js
//
// CLIENTS (200) go on for DURATION (10) seconds over SHOWTIMES (100) of SEATS (200) each.
// What else can be set is in lib/config.js.

import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
import { number } from './lib/config.js';
import { arrive, codeOf, createShowtimes, hold, label, read, settle, startIn, verify } from './lib/api.js';
import { buyer } from './lib/users.js';
import * as figures from './lib/figures.js';

const CLIENTS = number('CLIENTS', 200);
const DURATION = number('DURATION', 10);
const SHOWTIMES = number('SHOWTIMES', 100);
const SEATS = number('SEATS', 200);

const REFUSALS = ['SEAT_HELD_BY_ANOTHER', 'SEAT_HELD_BY_YOU', 'SEAT_LIMIT_REACHED'];

// Both go up with what is acknowledged, and down with what is found at the end.
const lostHolds = new Counter('holds_not_found');
const oddSeats = new Counter('seats_acknowledged_but_not_held');

export const options = figures.options(
  { executor: 'per-vu-iterations', vus: CLIENTS, iterations: 1, maxDuration: `${DURATION + 120}s` },
  { granted: ['count>0'], holds_not_found: ['count==0'], seats_acknowledged_but_not_held: ['count==0'] },
);

export function setup() {
  buyer(CLIENTS - 1);
  const showtimes = createShowtimes(SHOWTIMES, SEATS);
  const startAt = startIn(CLIENTS);
  const end = startAt + 1000 * DURATION;
  // scripts/load reads this line.
  console.log(`load from ${startAt} to ${end}`);
  return { showtimes, startAt, end };
}

// One client, from its first hold until all of its bookings are found again.
export default function (data) {
  const me = exec.vu.idInTest - 1;
  const mine = [];
  arrive(data.startAt);
  while (Date.now() < data.end) {
    const showtime = oneOf(data.showtimes);
    if (Math.random() < 0.3) read(`/api/showtimes/${showtime}/seats`);
    const seats = party();
    const response = hold(data, me, showtime, seats);
    if (response.status === 201) {
      figures.granted.add(1);
      lostHolds.add(1);
      oddSeats.add(seats.length);
      mine.push(response.json('booking_id'));
      if (Math.random() < 0.1) read('/api/bookings?status=pending', buyer(me));
    } else if (response.status === 409 && REFUSALS.includes(codeOf(response))) {
      figures.refused.add(1);
    } else {
      figures.surprise('hold', response);
    }
  }
  for (const id of mine) {
    if (read(`/api/bookings/${id}`, buyer(me)).json('status') === 'pending') lostHolds.add(-1);
  }
}

const oneOf = (list) => list[Math.floor(Math.random() * list.length)];

// party: one seat, or two beside each other.
function party() {
  const first = Math.floor(Math.random() * (SEATS - 1));
  return (Math.random() < 0.5 ? [first] : [first, first + 1]).map(label);
}

export function teardown(data) {
  settle();
  for (const showtime of data.showtimes) {
    oddSeats.add(read(`/api/showtimes/${showtime}`).json('available_seats') - SEATS);
  }
  verify();
}

export const handleSummary = figures.summary('spread', (data) => [
  ['holds not found again', figures.count(data, 'holds_not_found')],
]);
