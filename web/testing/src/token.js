// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Mints room tokens: JSON Web Tokens signed with HS256.
import { createHmac, randomUUID } from 'node:crypto';
import { milliseconds } from './duration.js';

const base64url = text => Buffer.from(text).toString('base64url');

// The web SDK decodes the payload as plain base64. The two letters in which
// base64url differs stand for six bits 11111x, which only these characters have.
const plain = value => JSON.stringify(value).replace(/[>?~\u007f-\uffff]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

export function mint({ accessKey, secret }, { room, role = 'guest', user = 'user', lifetime = '1h', begins = 0, forged = false, id = randomUUID() }) {
  const now = Date.now();
  const length = milliseconds(lifetime, 'lifetime');
  const wait = milliseconds(begins, 'begins');
  let issued = now + Math.min(wait, 0);
  let from = now + wait;
  let until = from + length;
  if (length < 0) { // it was good for an hour, once
    until = now + length;
    issued = from = until - 3_600_000;
  }
  const seconds = ms => Math.floor(ms / 1000);
  const signed = `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url(plain({
    access_key: accessKey, type: 'app', version: 2, room_id: room, role, user_id: user,
    iat: seconds(issued), nbf: seconds(from), exp: seconds(until), jti: id,
  }))}`;
  return `${signed}.${createHmac('sha256', forged ? `${secret} and more` : secret).update(signed).digest('base64url')}`;
}
