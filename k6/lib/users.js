// Who sends a request: the headers of the buyer number n, and of an admin.

import { hmac } from 'k6/crypto';
import { b64encode } from 'k6/encoding';

const TOKENS = (__ENV.TOKEN || '').split(',').filter(Boolean);

export function buyer(n) {
  if (TOKENS.length > 0) {
    if (n >= TOKENS.length) throw new Error(`TOKEN has ${TOKENS.length} tokens; user ${n + 1} has none`);
    return { Authorization: `Bearer ${TOKENS[n]}` };
  }
  return user(`load-${n}`, 'user');
}

export function admin() {
  if (__ENV.ADMIN_TOKEN) return { Authorization: `Bearer ${__ENV.ADMIN_TOKEN}` };
  return user('load-admin', 'admin');
}

function user(id, role) {
  if (__ENV.JWT_SECRET) return { Authorization: `Bearer ${sign({ sub: id, role })}` };
  return role === 'admin' ? { 'X-User-Id': id, 'X-User-Role': role } : { 'X-User-Id': id };
}

// One token per user and VU: made once.
const signed = {};

function sign(claims) {
  if (!signed[claims.sub]) {
    claims.exp = Math.floor(Date.now() / 1000) + 3600;
    if (__ENV.JWT_AUDIENCE) claims.aud = __ENV.JWT_AUDIENCE;
    if (__ENV.JWT_ISSUER) claims.iss = __ENV.JWT_ISSUER;
    const encode = (part) => b64encode(JSON.stringify(part), 'rawurl');
    const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
    signed[claims.sub] = `${content}.${hmac('sha256', __ENV.JWT_SECRET, content, 'base64rawurl')}`;
  }
  return signed[claims.sub];
}
