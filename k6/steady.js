// Holds at a steady pace, each of another seat: how long does one take while something
// else goes on?
//
//   BASE_URL=http://127.0.0.1:3000 k6 run k6/steady.js
//
// HOLDS (100) per second for DURATION (15) seconds. What else can be set is in
// lib/config.js.

import exec from 'k6/execution';
import { number } from './lib/config.js';
import { createShowtimes, hold, label } from './lib/api.js';
import * as figures from './lib/figures.js';

const HOLDS = number('HOLDS', 100);
const DURATION = number('DURATION', 15);
const SHOWTIMES = 20;
const SEATS = Math.ceil((1.1 * HOLDS * DURATION) / SHOWTIMES);

export const options = {
  scenarios: {
    holds: {
      executor: 'constant-arrival-rate', rate: HOLDS, timeUnit: '1s', duration: `${DURATION}s`,
      preAllocatedVUs: HOLDS,
    },
  },
  thresholds: { unexpected: ['count==0'], dropped_iterations: ['count==0'] },
  summaryTrendStats: ['min', 'med', 'p(95)', 'p(99)', 'max'],
  setupTimeout: '60s',
};

export function setup() {
  return { showtimes: createShowtimes(SHOWTIMES, SEATS), startAt: Date.now() };
}

export default function (data) {
  const n = exec.scenario.iterationInTest;
  const response = hold(data, n, data.showtimes[n % SHOWTIMES], [label(Math.floor(n / SHOWTIMES))]);
  if (response.status === 201) figures.granted.add(1);
  else figures.surprise('hold', response);
}

export function handleSummary(data) {
  const trend = (stat) => data.metrics.hold_latency.values[stat];
  const run = {
    holds: figures.count(data, 'granted'),
    unexpected: figures.count(data, 'unexpected'),
    not_sent: figures.count(data, 'dropped_iterations'),
    p50: trend('med'), p95: trend('p(95)'), p99: trend('p(99)'),
  };
  return { stdout: '', [__ENV.SUMMARY || 'stdout']: `${JSON.stringify(run)}\n` };
}
