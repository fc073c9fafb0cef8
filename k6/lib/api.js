// The requests of a run. The contract is at /api/docs of any server.

import http from 'k6/http';
import { sleep } from 'k6';
import { BASE_URL, number, RETRY_UNAVAILABLE } from './config.js';
import { admin, buyer } from './users.js';
import * as figures from './figures.js';

// A little longer than the server gives itself for an answer.
const TIMEOUT = '20s';
// How long a request is repeated before its answer counts, in ms. A key whose server
// was killed is free again after half of it.
export const PATIENCE = 1000 * number('PATIENCE_SECONDS', 60);

// No answer at all, or one of a load balancer whose server is gone or too slow.
const UNAVAILABLE = [0, 502, 503, 504];

export const uuid = () => crypto.randomUUID();

// codeOf: what a problem is called; empty for anything else.
export function codeOf(response) {
  try {
    return response.json('code') || '';
  } catch {
    return '';
  }
}

// Showtimes have rows of this many seats, like a hall.
const ROW = 50;

// label: the seat number I of a showtime, from 0.
export const label = (i) => `${rowName(i)}${(i % ROW) + 1}`;

// rowName: A to Z, then AA, AB and so on.
function rowName(i) {
  let name = '';
  for (let n = Math.floor(i / ROW) + 1; n > 0; n = Math.floor((n - 1) / 26)) {
    name = String.fromCharCode(65 + ((n - 1) % 26)) + name;
  }
  return name;
}

// createShowtimes: COUNT showtimes of SEATS seats; returns their ids.
export function createShowtimes(count, seats) {
  const rows = [];
  for (let i = 0; i < seats; i += ROW) {
    rows.push({ row: rowName(i), count: Math.min(ROW, seats - i), seat_type: 'standard' });
  }
  const showtime = {
    title: 'Load', movie_id: 'load', cinema_id: 'load', screen_id: 'load',
    start_time: new Date(Date.now() + 864e5).toISOString(),
    end_time: new Date(Date.now() + 9e7).toISOString(),
    currency: 'VND', price: { standard: 100000, vip: 150000, couple: 250000 }, layout: { rows },
  };
  const request = ['POST', `${BASE_URL}/api/admin/showtimes`, JSON.stringify(showtime), params(admin())];
  return http.batch(Array(count).fill(request)).map((response) => {
    if (response.status === 201) return response.json('id');
    throw new Error(`no showtime: ${response.status} ${response.error || response.body}`);
  });
}

// startIn: the common start for that many clients, who first open a connection each.
export const startIn = (clients) => Date.now() + 1000 + 3 * clients;

// arrive: opens this VU's connection, and waits for the common start.
export function arrive(startAt) {
  http.get(`${BASE_URL}/health/live`, { timeout: TIMEOUT });
  sleep(Math.max(0, startAt - Date.now()) / 1000);
}

// hold: the last answer; before it the same request is repeated, with the same key,
// while the answer is one that allows it.
export function hold(data, n, showtime, seats, repeatBusy = true) {
  const request = holdRequest(n, showtime, seats, uuid());
  const began = Date.now();
  let waited = 0;
  figures.sent.add(began - data.startAt);
  for (;;) {
    const response = http.request(...request);
    figures.requests.add(1);
    waited += response.timings.duration;
    const again = repeatBusy && mayRepeat(response) && Date.now() - began < PATIENCE;
    if (!again) {
      figures.latency.add(waited);
      figures.answered.add(Date.now() - data.startAt);
      return response;
    }
    const pause = Number(response.headers['Retry-After'] || 1);
    sleep(pause);
    waited += 1000 * pause;
  }
}

export function holdRequest(n, showtime, seats, key) {
  const body = JSON.stringify({ showtime_id: showtime, seats });
  const headers = { ...buyer(n), 'X-Idempotency-Key': key };
  return ['POST', `${BASE_URL}/api/bookings/hold`, body, params(headers)];
}

// mayRepeat: counts an answer after which the same request may be sent again.
function mayRepeat(response) {
  if (['BOOKING_LOCK_FAILED', 'REQUEST_IN_PROGRESS'].includes(codeOf(response))) {
    figures.busy.add(1);
    return true;
  }
  if (RETRY_UNAVAILABLE && UNAVAILABLE.includes(response.status)) {
    figures.unavailable.add(1);
    return true;
  }
  return false;
}

// read: a GET, repeated like a hold; the answer must be 200.
export function read(path, headers = {}) {
  const end = Date.now() + PATIENCE;
  let response = http.get(BASE_URL + path, params(headers));
  while (mayRepeat(response) && Date.now() < end) {
    sleep(1);
    response = http.get(BASE_URL + path, params(headers));
  }
  if (response.status !== 200) figures.surprise(`GET ${path}`, response);
  return response;
}

// Calls after which a payment provider that does not answer is given up for now.
const PROVIDER_TRIES = 3;

// persist: a request that may be sent again as it is, sent until it is answered.
export function persist(method, path, body, headers) {
  const end = Date.now() + PATIENCE;
  const content = body === null ? null : JSON.stringify(body);
  for (let tries = 1; ; tries += 1) {
    const response = http.request(method, BASE_URL + path, content, params(headers));
    const again = codeOf(response) === 'PAYMENT_GATEWAY_ERROR'
      ? tries < PROVIDER_TRIES : mayRepeat(response);
    if (!again || Date.now() > end) return response;
    sleep(Number(response.headers['Retry-After'] || 1));
  }
}

// isUndecided: nobody knows yet what has become of the request, or says so.
export const isUndecided = (response) => codeOf(response) === 'REQUEST_IN_PROGRESS'
  || codeOf(response) === 'BOOKING_LOCK_FAILED' || codeOf(response) === 'SERVICE_UNAVAILABLE'
  || response.status === 0;

// settle: afterwards each instance shows what others have committed, by contract.
export const settle = () => sleep(0.25);

// verify: what is stored must keep every invariant.
export function verify() {
  for (let tries = 1; ; tries += 1) {
    const response = http.get(`${BASE_URL}/api/admin/verify`, params(admin()));
    if (response.status === 200 && response.json('clean') === true) return figures.clean.add(1);
    // It reads all there is, which may take longer than a request may.
    if (response.status !== 503 || tries === 5) return figures.surprise('verify', response);
    sleep(2);
  }
}

function params(headers) {
  return { headers: { 'Content-Type': 'application/json', ...headers }, timeout: TIMEOUT };
}
