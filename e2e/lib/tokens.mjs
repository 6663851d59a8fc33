// Room tokens as backends make them: with the binary, or signed here, so that
// they can be wrong in every way a backend can get them wrong.
import { execFileSync } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { assert } from './check.mjs';

// mint makes a token with the binary, as an operator without a backend would.
export async function mint(t, room, role, user, ...flags) {
  const { server } = await t.world();
  const keyFile = `${server.data}/dev.keys`;
  assert.ok(existsSync(keyFile), 'the data directory holds the keys');
  return execFileSync(t.setup.bin, ['token', 'room', '-key-file', keyFile, '-room', room.id ?? room, '-role', role, '-user', user, ...flags],
    { encoding: 'utf8' }).trim();
}

const encode = bytes => Buffer.from(bytes).toString('base64url');

// signed makes a token of any claims with any key. The SDK reads the payload as
// plain base64, so claims are made anew until they hold none of the two letters
// that differ.
export function signed({ access, secret }, claims) {
  for (;;) {
    const now = Math.floor(Date.now() / 1000);
    const payload = encode(JSON.stringify({
      access_key: access, type: 'app', version: 2, iat: now, nbf: now, exp: now + 3600, jti: randomUUID(), ...claims,
    }));
    if (/[-_]/.test(payload)) continue;
    const text = `${encode('{"alg":"HS256","typ":"JWT"}')}.${payload}`;
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  }
}

// claimsOf reads what a token says.
export const claimsOf = token => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
