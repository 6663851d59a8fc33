// Refusals at the door: tokens and rooms. The causes are a backend's mistakes.
import { randomUUID } from 'node:crypto';
import { mint, signed, claimsOf } from '../lib/tokens.mjs';
import { refused, shown } from './row.mjs';

// door is a row of somebody whom the server turns away.
const door = (row, code, fault, how, token, options = {}) => ({
  row, client: 'sdk', by: 'real', how,
  expect: { code, name: 'ServerErrors', terminal: true, retry: false },
  event: { type: 'client.connect.failed', code, name: 'ServerErrors', action: 'INIT', terminal: true, fault, ...options.event },
  async provoke(t) {
    const room = options.room ?? await t.room();
    const eve = await t.open(room, 'eve', options.role ?? 'guest', { token: await token(t, room), ...options.tab });
    return refused(eve);
  },
});

export const rows = [
  door('S016', 40101, 'token.access_key', 'a backend signs with an access key the server does not know',
    (t, room) => signed({ access: 'stranger', secret: randomUUID() }, { room_id: room.id, role: 'guest', user_id: 'user-eve' })),
  door('S024', 40100, 'token.expired', 'the token ran out an hour ago',
    (t, room) => mint(t, room, 'guest', 'user-eve', '-expires', '-1h')),
];
