// Buyers hold seats and pay for them with all four providers, who play them in a sandbox
// with whatever it was told to do wrong. Some buyers cancel while they pay, some give
// back what they bought. Seats of holds that have expired are taken by others.
//
//   BASE_URL=http://127.0.0.1:3000 k6 run k6/payments.js
//
// PAYMENTS (1000) are started by CLIENTS (40), for showtimes of 500 seats. The money is
// counted by scripts/payments, which runs this. What else can be set is in lib/config.js.

import exec from 'k6/execution';
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { sleep } from 'k6';
import { number } from './lib/config.js';
import { codeOf, createShowtimes, hold, label, persist, read, uuid } from './lib/api.js';
import { buyer } from './lib/users.js';
import * as figures from './lib/figures.js';

const PAYMENTS = number('PAYMENTS', 1000);
const CLIENTS = number('CLIENTS', 40);
const SEATS = 500;
// Fewer seats than payments: the last ones wait for what others lose.
const SHOWTIMES = Math.ceil((0.97 * PAYMENTS) / SEATS);
const METHODS = ['momo', 'vnpay', 'zalopay', 'card'];
// Holds of one buyer, all but the last of which have expired before they were paid.
const HOLDS_MAX = 5;
// Showtimes somebody looks at before there is nothing to be had anywhere.
const LOOKS = 200;

const started = new Counter('payments_started');
const cancelled = new Counter('cancelled_while_paying');
const returned = new Counter('given_back');

export const options = {
  scenarios: {
    run: {
      executor: 'shared-iterations', vus: Math.min(CLIENTS, PAYMENTS), iterations: PAYMENTS,
      maxDuration: `${120 + Math.ceil(PAYMENTS / 10)}s`,
    },
  },
  thresholds: { unexpected: ['count==0'], payments_started: [`count==${PAYMENTS}`] },
  summaryTrendStats: ['min', 'med', 'p(95)', 'p(99)', 'max'],
  setupTimeout: '120s',
};

export function setup() {
  return { showtimes: createShowtimes(SHOWTIMES, SEATS), startAt: Date.now() };
}

export default function (data) {
  const n = exec.scenario.iterationInTest;
  if (n > 0 && n % Math.ceil(PAYMENTS / 10) === 0) console.log(`${n} of ${PAYMENTS} payments`);
  const me = buyer(n);
  let booking = null;
  // A key whose instance was killed is free only after the hold: then another seat.
  for (let tries = 0; tries < HOLDS_MAX; tries += 1) {
    booking = held(data, n);
    if (booking === null || begun(booking, n, me)) break;
  }
  if (booking === null) return;
  started.add(1);
  const fate = Math.random();
  if (fate < 0.03) {
    const response = persist('DELETE', `/api/bookings/${booking}`, null, { ...me });
    if (response.status === 200) cancelled.add(1);
    else if (response.status !== 400) figures.surprise('cancel', response);
  } else if (fate < 0.08) {
    sleep(1);
    const key = { 'X-Idempotency-Key': uuid() };
    const response = persist('POST', `/api/bookings/${booking}/refund`, {}, { ...me, ...key });
    if (response.status === 200) returned.add(1);
    else if (response.status !== 400) figures.surprise('refund', response);
  }
}

// held: a booking of one seat. The first buyers have a seat each; the others take what
// there is.
function held(data, n) {
  for (let look = 0; look < LOOKS; look += 1) {
    const own = look === 0 && n < SHOWTIMES * SEATS;
    const showtime = own ? data.showtimes[n % SHOWTIMES] : oneOf(data.showtimes);
    const seat = own ? label(Math.floor(n / SHOWTIMES)) : free(showtime);
    if (seat) {
      const response = hold(data, n, showtime, [seat]);
      if (response.status === 201) return response.json('booking_id');
      if (response.status !== 409) {
        figures.surprise('hold', response);
        return null;
      }
    } else {
      sleep(0.5);
    }
  }
  figures.unexpected.add(1);
  console.error(`no seat was free for ${LOOKS} looks`);
  return null;
}

function free(showtime) {
  const { seats } = read(`/api/showtimes/${showtime}/seats`).json();
  const labels = Object.keys(seats).filter((seat) => seats[seat].status === 'available');
  return labels.length > 0 ? oneOf(labels) : null;
}

const oneOf = (list) => list[Math.floor(Math.random() * list.length)];

// begun: starts the payment, with another method if one is not to be had; opens the
// page where VNPay learns of it. False: the hold has expired meanwhile.
function begun(booking, n, me) {
  let response;
  for (let tries = 0; tries < METHODS.length; tries += 1) {
    const method = METHODS[(n + tries) % METHODS.length];
    const headers = { ...me, 'X-Idempotency-Key': uuid() };
    response = persist('POST', `/api/bookings/${booking}/confirm`, { payment_method: method }, headers);
    if (response.status === 200) {
      if (method === 'vnpay') http.get(response.json('payment_url'), { timeout: '20s' });
      return true;
    }
    // Started by a try whose answer was lost, and paid since.
    if (codeOf(response) === 'BOOKING_NOT_PENDING') return true;
    if (codeOf(response) === 'BOOKING_HOLD_EXPIRED') return false;
    if (response.status !== 502 && codeOf(response) !== 'PAYMENT_METHOD_UNAVAILABLE') break;
  }
  figures.surprise('confirm', response);
  return false;
}

export function handleSummary(data) {
  const n = (metric) => figures.count(data, metric);
  const trend = (stat) => data.metrics.hold_latency.values[stat];
  const lines = [
    ['payments started', n('payments_started')],
    ['cancelled while paying', n('cancelled_while_paying')],
    ['bought and given back', n('given_back')],
    ['busy, repeated', n('busy')],
    ['unavailable, repeated', n('unavailable')],
    ['unexpected', n('unexpected')],
    ['p50, p99 of a hold', ['med', 'p(99)'].map(trend).map(figures.ms).join('  ')],
  ];
  return { stdout: `${lines.map(([name, value]) => `  ${name.padEnd(26)} ${value}`).join('\n')}\n` };
}
