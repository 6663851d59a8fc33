// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Refusals at the door: tokens and rooms. The causes are a backend's mistakes.
import { randomBytes, randomUUID } from 'node:crypto';
import { inject } from '../lib/inject.ts';
import { mint, signed } from '../lib/tokens.ts';
import type { Room, Run } from '../lib/run.ts';
import { refused, type Row } from './row.ts';

interface Who { room: Room; role: string; userId: string }

// door is a row of somebody the server turns away. token makes what they show;
// it may change the person or the room that the record is to name.
const door = (row: string, code: number, fault: string, says: RegExp, how: string,
  token: (t: Run, who: Who) => string | Promise<string>, { by = 'real' }: { by?: Row['by'] } = {}): Row => ({
  row, client: 'sdk', by, how, says,
  expect: { code, name: 'ServerErrors', terminal: true, retry: false },
  event: { type: 'client.connect.failed', code, name: 'ServerErrors', action: 'INIT', terminal: true, fault },
  async provoke(t) {
    const room = await t.room();
    const who: Who = { room, role: 'guest', userId: 'user-eve' };
    const made = await token(t, who);
    const eve = await t.open(who.room, 'eve', who.role, { userId: who.userId, token: made });
    return refused(eve);
  },
});

// own is a token like a backend's, of this server's own key, with other claims.
async function own(t: Run, who: Who, claims: object = {}) {
  const { server } = await t.world();
  return signed({ access: server.info.access_key, secret: server.info.secret }, { room_id: who.room.id, role: who.role, user_id: who.userId, ...claims });
}

export const rows: Row[] = [
  door('S016', 40101, 'token.access_key', /access key/i, 'a backend signs with an access key the server does not know',
    (_t, who) => signed({ access: 'stranger', secret: randomUUID() }, { room_id: who.room.id, role: who.role, user_id: who.userId })),
  door('S017', 40102, 'token.room', /room/i, 'the token is for a room that never was', (t, who) => {
    who.room = { id: randomBytes(12).toString('hex') };
    return own(t, who);
  }),
  door('S018', 40103, 'token.auth_id', /authentication id/i, 'the token names an authentication record of another key', (t, who) => own(t, who, { auth_id: randomUUID() })),
  door('S019', 40104, 'token.app_id', /app id/i, 'the token names an app the server does not know', (t, who) => own(t, who, { app_id: randomUUID() })),
  door('S020', 40105, 'token.customer_id', /customer id/i, 'the token names another customer than that of its key', (t, who) => own(t, who, { customer_id: randomUUID() })),
  door('S021', 40107, 'token.user', /user id/i, 'the user id in the token has a line break in it', (t, who) => {
    who.userId = 'user-eve\n';
    return own(t, who);
  }),
  door('S022', 40108, 'token.role', /role/i, 'the token is for a role the template does not have', (t, who) => {
    who.role = 'emperor';
    return own(t, who);
  }),
  door('S023', 40109, 'token.signature', /signed/i, 'the token was signed by somebody without the secret', async (t, who) => {
    const { server } = await t.world();
    return signed({ access: server.info.access_key, secret: randomUUID() }, { room_id: who.room.id, role: who.role, user_id: who.userId });
  }),
  door('S024', 40100, 'token.expired', /expired/i, 'the token ran out an hour ago', (t, who) => mint(t, who.room, who.role, who.userId, '-expires', '-1h')),
  door('S025', 40001, 'room.id_invalid', /room id/i, 'the token names the room where its id belongs', (t, who) => {
    who.room = { id: 'our weekly meeting' };
    return own(t, who);
  }),
  door('S026', 40002, 'token.room_mismatch', /another room/i, 'the server is told to refuse as for a token of another room; the web SDK names no room but that of its token', async (t, who) => {
    await inject(t, who.room, 'token.room_mismatch', '-user', who.userId);
    return own(t, who);
  }, { by: 'injection' }),
  door('E005', 403, 'room.disabled', /disabled/i, 'the backend has disabled the room', async (t, who) => {
    const { rest } = await t.world();
    await rest.post(`/v2/rooms/${who.room.id}`, { enabled: false });
    return own(t, who);
  }),
];
