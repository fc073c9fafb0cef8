// Some users, each with one key and one body, sent many times at the same moment: one
// booking each, and the same bytes for all. They share the key, which must not matter.
//
//   BASE_URL=http://127.0.0.1:3000 k6 run k6/replay.js
//
// USERS (10) send COPIES (50) each. What else can be set is in lib/config.js.

import exec from 'k6/execution';
import http from 'k6/http';
import { sleep } from 'k6';
import { Counter } from 'k6/metrics';
import { number } from './lib/config.js';
import {
  arrive, codeOf, createShowtimes, holdRequest, label, PATIENCE, read, startIn, uuid, verify,
} from './lib/api.js';
import { buyer } from './lib/users.js';
import * as figures from './lib/figures.js';

const USERS = number('USERS', 10);
const COPIES = number('COPIES', 50);

const replayed = new Counter('replayed');
const different = new Counter('different_bytes');
const reuse = new Counter('reuse_refused');
const single = new Counter('single_booking');

export const options = {
  ...figures.options(
    { executor: 'per-vu-iterations', vus: USERS, iterations: 1, maxDuration: '120s' },
    {
      granted: [`count==${USERS * COPIES}`],
      replayed: [`count==${USERS * (COPIES - 1)}`],
      different_bytes: ['count==0'],
      reuse_refused: [`count==${USERS}`],
      single_booking: [`count==${USERS}`],
    },
  ),
  batch: COPIES,
  batchPerHost: COPIES,
};

export function setup() {
  buyer(USERS - 1);
  const [showtime] = createShowtimes(1, 2 * USERS);
  return { showtime, key: uuid(), startAt: startIn(USERS) };
}

export default function (data) {
  const me = exec.vu.idInTest - 1;
  arrive(data.startAt);
  const bodies = sendAll(data, holdRequest(me, data.showtime, [label(2 * me)], data.key));
  different.add(bodies.filter((body) => body !== bodies[0]).length);

  const other = http.request(...holdRequest(me, data.showtime, [label(2 * me + 1)], data.key));
  if (other.status === 422 && codeOf(other) === 'IDEMPOTENCY_KEY_REUSED') reuse.add(1);
  else figures.surprise('the same key with another body', other);

  const list = read(`/api/bookings?showtime_id=${data.showtime}`, buyer(me)).json();
  if (list.total === 1 && list.data[0].id === JSON.parse(bodies[0]).booking_id) single.add(1);
}

// sendAll: all copies at once, and those again that met the first one under way;
// returns the bodies of the answers.
function sendAll(data, request) {
  const end = Date.now() + PATIENCE;
  const bodies = [];
  let open = COPIES;
  figures.sent.add(Date.now() - data.startAt);
  while (open > 0) {
    const answers = http.batch(Array(open).fill(request));
    figures.requests.add(open);
    answers.forEach((answer) => figures.latency.add(answer.timings.duration));
    const done = answers.filter((answer) => answer.status === 201);
    for (const answer of done) {
      figures.granted.add(1);
      if (answer.headers['Idempotent-Replayed'] === 'true') replayed.add(1);
      bodies.push(answer.body);
    }
    const running = answers.filter((answer) => codeOf(answer) === 'REQUEST_IN_PROGRESS');
    figures.busy.add(running.length);
    answers
      .filter((answer) => !done.includes(answer) && !running.includes(answer))
      .forEach((answer) => figures.surprise('hold', answer));
    open = Date.now() < end ? running.length : 0;
    if (open > 0) sleep(Number(running[0].headers['Retry-After'] || 1));
  }
  figures.answered.add(Date.now() - data.startAt);
  return bodies;
}

export const teardown = verify;

export const handleSummary = figures.summary('replay', (data) => [
  ['replayed', figures.count(data, 'replayed')],
  ['with different bytes', figures.count(data, 'different_bytes')],
]);
