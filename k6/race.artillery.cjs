// What race.artillery.yml does between the requests. No packages are needed.

const { createHmac, randomUUID } = require('node:crypto');
const { BASE_URL, JWT_SECRET, JWT_AUDIENCE, JWT_ISSUER, ADMIN_TOKEN } = process.env;

// How long after its making the race starts, in ms: by then all users are connected.
const LEAD = 6000;

// prepare: a showtime with one seat, unless one is named; and the common start.
async function prepare(context) {
  context.vars.showtime = process.env.SHOWTIME || (await createShowtime());
  context.vars.seat = process.env.SEAT || 'A1';
  context.vars.startAt = Date.now() + LEAD;
}

async function createShowtime() {
  const response = await fetch(`${BASE_URL}/api/admin/showtimes`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...admin() },
    body: JSON.stringify({
      title: 'Race', movie_id: 'load', cinema_id: 'load', screen_id: 'load',
      start_time: new Date(Date.now() + 864e5), end_time: new Date(Date.now() + 9e7),
      currency: 'VND', price: { standard: 100000, vip: 150000, couple: 250000 },
      seats: { A1: 'standard' },
    }),
  });
  if (response.status !== 201) throw new Error(`no showtime: ${response.status} ${await response.text()}`);
  return (await response.json()).id;
}

async function waitForStart(context) {
  await new Promise((go) => setTimeout(go, context.vars.startAt - Date.now()));
}

// identify: each user is somebody else, with a key of their own.
function identify(request, context, events, done) {
  const buyer = user({ sub: `load-${randomUUID()}` });
  request.headers = { ...request.headers, ...buyer, 'X-Idempotency-Key': randomUUID() };
  context.vars.sent = Date.now();
  done();
}

// judge: counts 201, 409 for a seat that is taken, and anything else.
function judge(request, response, context, events, done) {
  const granted = response.statusCode === 201;
  const refused = response.statusCode === 409 && JSON.parse(response.body).code === 'SEAT_HELD_BY_ANOTHER';
  events.emit('counter', 'race.granted', granted ? 1 : 0);
  events.emit('counter', 'race.refused', refused ? 1 : 0);
  events.emit('counter', 'race.unexpected', granted || refused ? 0 : 1);
  events.emit('histogram', 'race.hold', Date.now() - context.vars.sent);
  done();
}

// verify: what is stored must keep every invariant; else the run has failed.
async function verify() {
  const response = await fetch(`${BASE_URL}/api/admin/verify`, { headers: admin() });
  const report = await response.text();
  const clean = response.status === 200 && JSON.parse(report).clean === true;
  console.log(`verify: ${clean ? 'clean' : `${response.status} ${report}`}`);
  if (!clean) global.artillery.suggestedExitCode = 1;
}

function admin() {
  if (ADMIN_TOKEN) return { Authorization: `Bearer ${ADMIN_TOKEN}` };
  return user({ sub: 'load-admin', role: 'admin' });
}

function user(claims) {
  if (JWT_SECRET) return { Authorization: `Bearer ${sign(claims)}` };
  return { 'X-User-Id': claims.sub, ...(claims.role && { 'X-User-Role': claims.role }) };
}

function sign(claims) {
  const all = { ...claims, exp: Math.floor(Date.now() / 1000) + 3600 };
  if (JWT_AUDIENCE) all.aud = JWT_AUDIENCE;
  if (JWT_ISSUER) all.iss = JWT_ISSUER;
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(all)}`;
  return `${content}.${createHmac('sha256', JWT_SECRET).update(content).digest('base64url')}`;
}

module.exports = { prepare, waitForStart, identify, judge, verify };
