// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Room tokens as backends make them: with the binary, or signed here, so that
// they can be wrong in every way a backend can get them wrong.
import { execFileSync } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { assert } from './check.ts';
import type { Room, Run } from './run.ts';
import { Server } from './server.ts';

// mint makes a token with the binary, as an operator without a backend would.
export async function mint(t: Run, room: Room, role: string, user: string, ...flags: string[]): Promise<string> {
  const { server } = await t.world();
  assert.ok(server instanceof Server, 'a server with a data directory of its own');
  const keyFile = `${server.data}/dev.keys`;
  assert.ok(existsSync(keyFile), 'the data directory holds the keys');
  return execFileSync(t.setup.bin, ['token', 'room', '-key-file', keyFile, '-room', room.id, '-role', role, '-user', user, ...flags],
    { encoding: 'utf8' }).trim();
}

const encode = (bytes: string) => Buffer.from(bytes).toString('base64url');

// signed makes a token of any claims with any key. The SDK reads the payload as
// plain base64, so claims are made anew until they hold none of the two letters
// that differ.
export function signed({ access = '', secret = '' }: { access?: string; secret?: string }, claims: object): string {
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
