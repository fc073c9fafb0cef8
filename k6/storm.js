// Holds at a steady pace, alone or while gateways repeat themselves: what does a storm of
// callbacks that tell nothing new cost those who hold seats?
//
//   BASE_URL=http://127.0.0.1:3000 SANDBOX_URL=http://127.0.0.1:4000 k6 run k6/storm.js
//
// HOLDS (100) per second for DURATION (15) seconds; STORM (0) callbacks per second beside
// them, in turns those of four payments, one with each provider. What else can be set is
// in lib/config.js.

import exec from 'k6/execution';
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { number } from './lib/config.js';
import { createShowtimes, hold, label, persist, uuid } from './lib/api.js';
import { buyer } from './lib/users.js';
import * as figures from './lib/figures.js';

const HOLDS = number('HOLDS', 100);
const DURATION = number('DURATION', 15);
const STORM = Number(__ENV.STORM || 0);
const SANDBOX_URL = __ENV.SANDBOX_URL;
const SEATS = 500;
const SHOWTIMES = 20;
const METHODS = ['momo', 'vnpay', 'zalopay', 'card'];

const repeated = new Counter('callbacks_taken');
const refused = new Counter('callbacks_not_taken');

const steady = (rate, vus, exec) => ({
  executor: 'constant-arrival-rate', rate, timeUnit: '1s', duration: `${DURATION}s`,
  preAllocatedVUs: vus, exec,
});

export const options = {
  scenarios: {
    holds: steady(HOLDS, 100, 'holds'),
    ...(STORM > 0 ? { storm: steady(STORM, 200, 'storm') } : {}),
  },
  thresholds: { unexpected: ['count==0'], callbacks_not_taken: ['count==0'] },
  summaryTrendStats: ['min', 'med', 'p(95)', 'p(99)', 'max'],
  setupTimeout: '60s',
};

export function setup() {
  const showtimes = createShowtimes(SHOWTIMES, SEATS);
  const callbacks = STORM > 0 ? METHODS.map((method, i) => callbackOf(showtimes[0], method, i)) : [];
  return { showtimes, callbacks, startAt: Date.now() };
}

// callbackOf: buys a seat; gives the request with which the provider said so.
function callbackOf(showtime, method, i) {
  const me = buyer(1e6 + i);
  const response = hold({ startAt: Date.now() }, 1e6 + i, showtime, [label(SEATS - 1 - i)]);
  const booking = response.json('booking_id');
  const headers = { ...me, 'X-Idempotency-Key': uuid() };
  const session = persist('POST', `/api/bookings/${booking}/confirm`, { payment_method: method }, headers);
  if (session.status !== 200) throw new Error(`confirm: ${session.status} ${session.body}`);
  if (method === 'vnpay') http.get(session.json('payment_url'));
  const payment = `${SANDBOX_URL}/sandbox/payments/${session.json('payment_id')}`;
  const json = { headers: { 'Content-Type': 'application/json' } };
  http.post(`${payment}/decision`, '{"action":"pay"}', json);
  const told = http.get(`${payment}/messages`).json().filter((message) => message.to === 'shop');
  if (told.length === 0) throw new Error(`${method} has told nothing`);
  const { request } = told[told.length - 1];
  const url = `${__ENV.BASE_URL}/api/payments/webhook/${method}`;
  if (method === 'vnpay') return { method: 'GET', url: request.url, body: null, headers: {} };
  if (method !== 'card') return { method: 'POST', url, body: JSON.stringify(request), ...json };
  const signed = { ...json.headers, 'X-Signature': request['X-Signature'] };
  return { method: 'POST', url, body: JSON.stringify(request.body), headers: signed };
}

export function holds(data) {
  const n = exec.scenario.iterationInTest;
  const showtime = data.showtimes[n % SHOWTIMES];
  const response = hold(data, n, showtime, [label(Math.floor(n / SHOWTIMES))]);
  if (response.status === 201) figures.granted.add(1);
  else figures.surprise('hold', response);
}

// What gateways take for an answer that they need not repeat.
const TAKEN = [/^$/, /"RspCode":"0[02]"/, /"return_code":[12]/, /./];

export function storm(data) {
  const n = exec.scenario.iterationInTest % data.callbacks.length;
  const { method, url, body, headers } = data.callbacks[n];
  const response = http.request(method, url, body, { headers, timeout: '20s', tags: { name: 'callback' } });
  const taken = [200, 204].includes(response.status) && TAKEN[n].test(response.body || '');
  (taken ? repeated : refused).add(1);
  if (!taken) figures.surprise('callback', response);
}

export function handleSummary(data) {
  const trend = (stat) => data.metrics.hold_latency.values[stat];
  const taken = figures.count(data, 'callbacks_taken');
  const run = {
    holds: figures.count(data, 'granted'),
    unexpected: figures.count(data, 'unexpected'),
    callbacks: taken,
    callbacks_per_second: Math.round(taken / DURATION),
    not_sent: figures.count(data, 'dropped_iterations'),
    p50: trend('med'), p95: trend('p(95)'), p99: trend('p(99)'),
  };
  return { stdout: '', [__ENV.SUMMARY || 'stdout']: `${JSON.stringify(run)}\n` };
}
