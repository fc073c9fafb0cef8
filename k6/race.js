// Many users, one seat, all at the same moment: exactly one gets it, and all others
// are told that it is taken.
//
//   BASE_URL=http://127.0.0.1:3000 k6 run k6/race.js
//
// USERS (1000) is how many. What else can be set is in lib/config.js.

import exec from 'k6/execution';
import { number } from './lib/config.js';
import { arrive, codeOf, createShowtimes, hold, label, startIn, verify } from './lib/api.js';
import { buyer } from './lib/users.js';
import * as figures from './lib/figures.js';

const USERS = number('USERS', 1000);

export const options = figures.options(
  { executor: 'per-vu-iterations', vus: USERS, iterations: 1, maxDuration: '120s' },
  {
    granted: ['count==1'],
    refused: [`count==${USERS - 1}`],
    hold_requests: [`count==${USERS}`],
    busy: ['count==0'],
    unavailable: ['count==0'],
  },
);

export function setup() {
  buyer(USERS - 1);
  const [showtime] = createShowtimes(1, 1);
  return { showtime, startAt: startIn(USERS) };
}

export default function (data) {
  arrive(data.startAt);
  const response = hold(data, exec.vu.idInTest - 1, data.showtime, [label(0)], false);
  if (response.status === 201) figures.granted.add(1);
  else if (response.status === 409 && codeOf(response) === 'SEAT_HELD_BY_ANOTHER') figures.refused.add(1);
  else figures.surprise('hold', response);
}

export const teardown = verify;

export const handleSummary = figures.summary('race', (data, run) => [
  ['last one sent after', figures.ms(run.last_sent)],
]);
