// One showtime is filled, in ones and pairs. Nobody asks for a seat that another asks
// for, so nobody may be refused, and at the end no seat is left.
//
//   BASE_URL=http://127.0.0.1:3000 k6 run k6/hot.js
//
// CLIENTS (200) send at the same time, SEATS (2000) is the size of the showtime.
// What else can be set is in lib/config.js.

import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
import { number } from './lib/config.js';
import { arrive, createShowtimes, hold, label, read, settle, startIn, verify } from './lib/api.js';
import { buyer } from './lib/users.js';
import * as figures from './lib/figures.js';

const CLIENTS = number('CLIENTS', 200);
const SEATS = number('SEATS', 2000);
// Of three seats beside each other the first goes alone, and the others together.
const PARTIES = 2 * Math.floor(SEATS / 3) + (SEATS % 3);
// As many parties as a user may have: ten seats of a showtime.
const PARTIES_OF_USER = 5;

const left = new Counter('seats_left');

export const options = figures.options(
  {
    executor: 'shared-iterations',
    vus: Math.min(CLIENTS, PARTIES),
    iterations: PARTIES,
    maxDuration: '180s',
  },
  { granted: [`count==${PARTIES}`], refused: ['count==0'], seats_left: ['count==0'] },
);

const userOf = (party) => Math.floor(party / PARTIES_OF_USER);

function seatsOf(party) {
  const first = 3 * Math.floor(party / 2);
  const seats = party % 2 === 0 ? [first] : [first + 1, first + 2];
  return seats.filter((seat) => seat < SEATS).map(label);
}

let arrived = false;

export function setup() {
  buyer(userOf(PARTIES - 1));
  const [showtime] = createShowtimes(1, SEATS);
  return { showtime, startAt: startIn(CLIENTS) };
}

export default function (data) {
  if (!arrived) arrive(data.startAt);
  arrived = true;
  const party = exec.scenario.iterationInTest;
  const response = hold(data, userOf(party), data.showtime, seatsOf(party));
  if (response.status === 201) figures.granted.add(1);
  else figures.surprise('hold', response);
}

export function teardown(data) {
  settle();
  const map = read(`/api/showtimes/${data.showtime}/seats`).json();
  const free = Object.values(map.seats).filter((seat) => seat.status === 'available').length;
  left.add(Math.max(map.available_seats, free));
  verify();
}

export const handleSummary = figures.summary('hot', (data) => [
  ['seats left', figures.count(data, 'seats_left')],
]);
