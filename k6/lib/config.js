// What is set from outside. Only the address has no default.
//
//   BASE_URL             where seathold answers, e.g. http://127.0.0.1:3000
//   JWT_SECRET           signs a token for each user (HS256), with JWT_AUDIENCE and
//                        JWT_ISSUER where the server checks them; or
//   TOKEN, ADMIN_TOKEN   ready tokens: TOKEN one per user, with commas in between.
//                        Without any of these: the headers of development mode
//   USERS, SEATS, ...    the size of a run, at the head of each script
//   RETRY_UNAVAILABLE=1  repeats a request that was cut off, or answered with 502 to 504,
//                        with the same key; else such an answer fails the run
//   PATIENCE_SECONDS     how long a request is repeated before its answer counts (60)
//   SUMMARY              file for the figures of the run, as JSON
//   INSTANCES            goes into that file as it is

export const BASE_URL = required('BASE_URL', 'e.g. BASE_URL=http://127.0.0.1:3000').replace(/\/+$/, '');
export const RETRY_UNAVAILABLE = __ENV.RETRY_UNAVAILABLE === '1';

function required(name, example) {
  if (!__ENV[name]) throw new Error(`${name} is missing: set it in the environment, ${example}`);
  return __ENV[name];
}

// number: a whole number above 0.
export function number(name, fallback) {
  const value = Number(__ENV[name] || fallback);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name}=${__ENV[name]}: not a number above 0`);
  return value;
}
