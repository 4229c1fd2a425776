// The same bytes as the harness sends, at a constant arrival rate; with SIGN an ES256 proof of its own for every request.
import http from 'k6/http';
import encoding from 'k6/encoding';
import { check } from 'k6';

const call = JSON.parse(open(__ENV.CALL));
export const options = {
  discardResponseBodies: false,
  scenarios: {
    open: {
      executor: 'constant-arrival-rate',
      rate: Number(__ENV.RATE),
      timeUnit: '1s',
      duration: __ENV.SECONDS + 's',
      preAllocatedVUs: 20,
      maxVUs: 200,
    },
  },
  thresholds: { checks: ['rate==1'] },
};

function bytes(text) {
  const made = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) made[i] = text.charCodeAt(i);
  return made;
}

let key = null;
let serial = 0;

async function proof() {
  if (key === null) {
    key = await crypto.subtle.importKey('jwk', call.key, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
  }
  serial += 1;
  const claims = { jti: `${__VU}-${serial}`, htm: call.method, htu: call.url, iat: Math.floor(Date.now() / 1000), ath: call.ath };
  const message = `${call.proof_header}.${encoding.b64encode(JSON.stringify(claims), 'rawurl')}`;
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, bytes(message));
  return `${message}.${encoding.b64encode(signature, 'rawurl')}`;
}

export default async function () {
  const headers = Object.assign({}, call.headers);
  if (__ENV.SIGN === '1') headers.DPoP = await proof();
  const answer = http.request(call.method, call.url, call.body, { headers: headers });
  check(answer, { right: (r) => r.status === 200 && r.json().patientNIN === call.nin });
}
