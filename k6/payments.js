// Buyers hold seats and pay for them with all four providers, who play them in a sandbox
// with whatever it was told to do wrong. Some buyers cancel while they pay, some give
// back what they bought, and some look for what others have lost: seats of holds that
// have expired while their buyers may yet pay, and seats that were given back.
//
//   BASE_URL=http://127.0.0.1:3000 k6 run k6/payments.js
//
// PAYMENTS (1000) are started by CLIENTS (40), RATE (0: as many as there can be) of them
// per second, for halls of about 500 seats. The money is counted by scripts/payments,
// which runs this. What else can be set is in lib/config.js.

import exec from 'k6/execution';
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { sleep } from 'k6';
import { number } from './lib/config.js';
import {
  codeOf, createShowtimes, hold, isUndecided, label, persist, read, uuid,
} from './lib/api.js';
import { buyer } from './lib/users.js';
import * as figures from './lib/figures.js';

const PAYMENTS = number('PAYMENTS', 1000);
const CLIENTS = Math.min(number('CLIENTS', 40), PAYMENTS);
const RATE = Number(__ENV.RATE || 0);
const METHODS = ['momo', 'vnpay', 'zalopay', 'card'];
// One buyer in so many looks for a seat that somebody else has lost; the others have a
// seat of their own.
const HUNTERS = 8;
const SHOWTIMES = Math.ceil(PAYMENTS / 500);
// A few more than those of the others, for hunters who find none.
const SEATS = Math.ceil((0.9 * PAYMENTS) / SHOWTIMES);
// Holds of one buyer, all but the last of which came to nothing.
const HOLDS_MAX = 10;
// Showtimes somebody looks at before there is nothing to be had anywhere.
const LOOKS = 200;

const started = new Counter('payments_started');
const elsewhere = new Counter('on_another_seat');
const gaveUp = new Counter('gave_up');
const expired = new Counter('hold_expired');
const unheard = new Counter('begun_unheard');
const cancelled = new Counter('cancelled_while_paying');
const returned = new Counter('given_back');

const pace = RATE > 0
  ? { executor: 'constant-arrival-rate', rate: RATE, preAllocatedVUs: CLIENTS, maxVUs: 10 * CLIENTS,
      duration: `${Math.ceil(PAYMENTS / RATE) + 1}s`, gracefulStop: '120s' }
  : { executor: 'shared-iterations', vus: CLIENTS, iterations: PAYMENTS,
      maxDuration: `${120 + Math.ceil(PAYMENTS / 5)}s` };

export const options = {
  scenarios: { run: pace },
  thresholds: { unexpected: ['count==0'], payments_started: [`count>=${PAYMENTS}`] },
  summaryTrendStats: ['min', 'med', 'p(95)', 'p(99)', 'max'],
  setupTimeout: '120s',
};

export function setup() {
  return { showtimes: createShowtimes(SHOWTIMES, SEATS), startAt: Date.now() };
}

export default function (data) {
  const n = exec.scenario.iterationInTest;
  if (n >= PAYMENTS) return;
  if (n > 0 && n % Math.ceil(PAYMENTS / 10) === 0) console.log(`${n} of ${PAYMENTS} payments`);
  const booking = underWay(data, n);
  if (booking === null) return;
  started.add(1);
  const me = buyer(n);
  const fate = Math.random();
  if (fate < 0.03) {
    const response = persist('DELETE', `/api/bookings/${booking}`, null, { ...me });
    if (response.status === 200) cancelled.add(1);
    // It was sold meanwhile, or has expired.
    else if (response.status !== 400) doubted('cancel', response);
  } else if (fate < 0.08) {
    sleep(1);
    const key = { 'X-Idempotency-Key': uuid() };
    const response = persist('POST', `/api/bookings/${booking}/refund`, {}, { ...me, ...key });
    if (response.status === 200) returned.add(1);
    // It is not paid yet.
    else if (response.status !== 400) doubted('refund', response);
  }
}

// doubted: an answer that was waited for in vain is no surprise, anything else is.
function doubted(what, response) {
  if (isUndecided(response)) gaveUp.add(1);
  else figures.surprise(what, response);
}

// underWay: a booking the payment of which has begun. A buyer whose hold has expired, or
// who gets no answer any more, takes another seat.
function underWay(data, n) {
  for (let tries = 0; tries < HOLDS_MAX; tries += 1) {
    const booking = held(data, n, tries);
    if (booking === null) return null;
    if (begun(booking, n)) return booking;
  }
  figures.unexpected.add(1);
  console.error(`${HOLDS_MAX} holds came to nothing`);
  return null;
}

// held: a booking of one seat; of the own one, where there is one and it is to be had.
function held(data, n, tries) {
  const hunter = n % HUNTERS === HUNTERS - 1;
  for (let look = 0; look < LOOKS; look += 1) {
    const own = tries + look === 0 && !hunter;
    const [showtime, seat] = own ? ownSeat(data, n) : lostSeat(data, n);
    if (!seat) {
      sleep(0.5);
      continue;
    }
    const response = hold(data, n, showtime, [seat]);
    if (response.status === 201) {
      if (!own) elsewhere.add(1);
      return response.json('booking_id');
    }
    if (isUndecided(response)) gaveUp.add(1);
    else if (response.status !== 409) {
      figures.surprise('hold', response);
      return null;
    }
  }
  figures.unexpected.add(1);
  console.error(`no seat was free for ${LOOKS} looks`);
  return null;
}

// The seats of the others are given out one after the other, in all halls in turn.
const place = (n) => n - Math.floor((n + 1) / HUNTERS);
const ownSeat = (data, n) => [
  data.showtimes[place(n) % SHOWTIMES], label(Math.floor(place(n) / SHOWTIMES)),
];

// lostSeat: any free one of those that others had before, else any free one.
function lostSeat(data, n) {
  const showtime = oneOf(data.showtimes);
  const { seats } = read(`/api/showtimes/${showtime}/seats`).json();
  const free = Array.from({ length: SEATS }, (_, i) => label(i))
    .map((seat) => (seats[seat].status === 'available' ? seat : null));
  const passed = Math.max(0, Math.floor((place(n) - 2 * CLIENTS) / SHOWTIMES));
  const lost = free.slice(0, passed).filter(Boolean);
  const all = free.filter(Boolean);
  return [showtime, oneOf(lost.length > 0 ? lost : all)];
}

const oneOf = (list) => list[Math.floor(Math.random() * list.length)];

// begun: starts the payment, with another method if one is not to be had; opens the
// page where VNPay learns of it. False: it came to nothing, or nobody says.
function begun(booking, n) {
  let response;
  for (let tries = 0; tries < METHODS.length; tries += 1) {
    const method = METHODS[(n + tries) % METHODS.length];
    const headers = { ...buyer(n), 'X-Idempotency-Key': uuid() };
    response = persist('POST', `/api/bookings/${booking}/confirm`, { payment_method: method }, headers);
    if (response.status === 200) {
      if (method === 'vnpay') opened(response.json('payment_url'));
      return true;
    }
    if (codeOf(response) === 'BOOKING_NOT_PENDING') {
      // Started by a try whose answer was lost, and paid since.
      unheard.add(1);
      return true;
    }
    if (codeOf(response) === 'BOOKING_HOLD_EXPIRED') {
      expired.add(1);
      return false;
    }
    if (isUndecided(response)) {
      gaveUp.add(1);
      return false;
    }
    if (codeOf(response) !== 'PAYMENT_GATEWAY_ERROR' && codeOf(response) !== 'PAYMENT_METHOD_UNAVAILABLE') break;
  }
  figures.surprise('confirm', response);
  return false;
}

function opened(page) {
  const response = http.get(page, { timeout: '20s', tags: { name: 'page' } });
  if (response.status !== 200) figures.surprise('page', response);
}

export function handleSummary(data) {
  const n = (metric) => figures.count(data, metric);
  const trend = (stat) => data.metrics.hold_latency.values[stat];
  const lines = [
    ['payments started', n('payments_started')],
    ['on no seat of their own', n('on_another_seat')],
    ['cancelled while paying', n('cancelled_while_paying')],
    ['bought and given back', n('given_back')],
    ['seats given up, no answer', n('gave_up')],
    ['seats given up, expired', n('hold_expired')],
    ['begun by a lost answer', n('begun_unheard')],
    ['busy, repeated', n('busy')],
    ['unavailable, repeated', n('unavailable')],
    ['unexpected', n('unexpected')],
    ['p50, p99 of a hold', ['med', 'p(99)'].map(trend).map(figures.ms).join('  ')],
  ];
  return { stdout: `${lines.map(([name, value]) => `  ${name.padEnd(26)} ${value}`).join('\n')}\n` };
}
