// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What the backend of an OpenTok app does: sessions from the server, and tokens, which
// are JSON Web Tokens (RFC 7519) of the project, made without asking it.
import { createHmac, randomUUID } from 'node:crypto';
import { milliseconds } from './duration.js';

const seconds = ms => Math.floor(ms / 1000);
const part = value => Buffer.from(JSON.stringify(value)).toString('base64url');

function sign(secret, claims) {
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

// asBackend is the header by which a project calls the API.
export const asBackend = ({ apiKey, apiSecret }) => sign(apiSecret, { iss: apiKey, ist: 'project', iat: seconds(Date.now()), exp: seconds(Date.now()) + 300, jti: randomUUID() });

export function mintOpenTok({ apiKey, apiSecret }, { session, role = 'publisher', data, lifetime = '1h', forged = false }) {
  const until = seconds(Date.now() + milliseconds(lifetime, 'lifetime'));
  const from = Math.min(seconds(Date.now()), until - 1);
  return sign(forged ? `${apiSecret} and more` : apiSecret, {
    iss: apiKey, ist: 'project', scope: 'session.connect', session_id: session, role, iat: from, create_time: from, exp: until, expire_time: until,
    nonce: Math.random(), initial_layout_class_list: '', ...(data === undefined ? {} : { connection_data: data }),
  });
}
