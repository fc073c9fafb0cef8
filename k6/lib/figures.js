// What a run counts, what must be true of it, and what it says at the end.

import { Counter, Trend } from 'k6/metrics';
import { BASE_URL } from './config.js';

export const requests = new Counter('hold_requests');
export const granted = new Counter('granted');
export const refused = new Counter('refused');
export const busy = new Counter('busy');
export const unavailable = new Counter('unavailable');
export const unexpected = new Counter('unexpected');
export const clean = new Counter('verified_clean');
// How long a buyer waits for an answer, repeats and the waits in between included.
export const latency = new Trend('hold_latency', true);
// When requests were sent and answered, in ms after the common start.
export const sent = new Trend('sent_at', true);
export const answered = new Trend('answered_at', true);

// options: those of k6, with the thresholds that every run has.
export function options(scenario, thresholds) {
  return {
    scenarios: { run: scenario },
    thresholds: { unexpected: ['count==0'], verified_clean: ['count==1'], ...thresholds },
    summaryTrendStats: ['min', 'med', 'p(95)', 'p(99)', 'max'],
    setupTimeout: '120s',
    teardownTimeout: '180s',
  };
}

// surprise: counts an answer that should not be, said once per VU.
let said = false;
export function surprise(what, response) {
  unexpected.add(1);
  if (said) return;
  said = true;
  console.error(`${what}: ${response.status} ${response.error || response.body}`);
}

// summary: the handleSummary of a scenario. MORE gives lines of its own.
export function summary(scenario, more = () => []) {
  return (data) => {
    const run = figures(scenario, data);
    const out = { stdout: table(run, data, more(data, run)) };
    if (__ENV.SUMMARY) out[__ENV.SUMMARY] = `${JSON.stringify(run, null, 2)}\n`;
    return out;
  };
}

export function count(data, metric) {
  return data.metrics[metric] ? data.metrics[metric].values.count : 0;
}

function figures(scenario, data) {
  const trend = (metric, stat) => (data.metrics[metric] ? data.metrics[metric].values[stat] : null);
  const seconds = (trend('answered_at', 'max') - trend('sent_at', 'min')) / 1000;
  const perSecond = (n) => (seconds > 0 ? Math.round(n / seconds) : null);
  const n = (metric) => count(data, metric);
  return {
    scenario,
    instances: __ENV.INSTANCES ? Number(__ENV.INSTANCES) : null,
    requests: n('hold_requests'),
    granted: n('granted'),
    refused: n('refused'),
    busy: n('busy'),
    busy_share: n('hold_requests') > 0 ? n('busy') / n('hold_requests') : null,
    unavailable: n('unavailable'),
    unexpected: n('unexpected'),
    // Granted, and answered one way or the other, per second.
    rate: perSecond(n('granted')),
    answer_rate: perSecond(n('granted') + n('refused')),
    p50: trend('hold_latency', 'med'),
    p95: trend('hold_latency', 'p(95)'),
    p99: trend('hold_latency', 'p(99)'),
    last_sent: trend('sent_at', 'max'),
    passed: broken(data).length === 0,
  };
}

export const ms = (value) => (value === null ? '-' : `${value.toFixed(1)} ms`);

function table(run, data, more) {
  const lines = [
    ['hold requests', run.requests],
    ['granted (201)', run.granted],
    ['refused (409 SEAT_...)', run.refused],
    ['busy, repeated', `${run.busy} (${(100 * run.busy_share).toFixed(2)} %)`],
    ['unavailable, repeated', run.unavailable],
    ['unexpected', run.unexpected],
    ['answers per second', run.answer_rate],
    ['granted per second', run.rate],
    ['p50, p95, p99 of a hold', [run.p50, run.p95, run.p99].map(ms).join('  ')],
    ...more,
    ['verify', count(data, 'verified_clean') === 1 ? 'clean' : 'NOT CLEAN'],
    [run.passed ? 'passed' : 'FAILED', broken(data).join('; ')],
  ];
  const text = lines.map(([name, value]) => `  ${name.padEnd(26)} ${value === null ? '-' : value}`.trimEnd());
  return `${run.scenario}, ${BASE_URL}\n${text.join('\n')}\n`;
}

// broken: the thresholds that were missed.
function broken(data) {
  const missed = [];
  for (const [name, metric] of Object.entries(data.metrics)) {
    for (const [condition, { ok }] of Object.entries(metric.thresholds || {})) {
      if (!ok) missed.push(`${name} is ${metric.values.count}, not ${condition}`);
    }
  }
  return missed;
}
