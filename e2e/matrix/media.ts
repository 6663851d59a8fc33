// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Negotiation and the path of media. What only a browser can fail at is a stub
// of the function that fails, armed once the call runs.
import { checkEvent } from '../lib/check.ts';
import { inject } from '../lib/inject.ts';
import type { Room, Run } from '../lib/run.ts';
import type { Tab, TabOptions } from '../lib/tab.ts';
import { reported, told, type Row } from './row.ts';

// breakable runs in the page: from the moment when a test sets its name to true,
// a method of connections rejects.
const breakable = (method: string) => {
  const connection = RTCPeerConnection.prototype as any;
  const works = connection[method];
  const broken: Record<string, boolean> = {};
  Object.assign(window, { broken });
  connection[method] = function (...args: unknown[]) {
    return broken[method] ? Promise.reject(new DOMException(`${method} was made to fail`, 'OperationError')) : works.apply(this, args);
  };
};
const breaks = (tab: Tab, method: string) => tab.eval(m => { (window as any).broken[m] = true; }, method);

// publishing is a row of a browser function that fails as a screen is shared.
// The SDK tells the server and not the app.
const publishing = (row: string, code: number, name: string, method: string): Row => ({
  row, client: 'sdk', by: 'stub', how: `\`${method}\` rejects when somebody shares their screen; the SDK tells the server and not the app`,
  expect: { code, name, terminal: false, retry: true },
  event: { type: 'client.publish.failed', code, name, action: 'PUBLISH', terminal: false },
  async provoke(t) {
    const alice = await t.join(await t.room(), 'alice', 'host', { before: breakable, beforeArg: method });
    await alice.until('my tracks are published', id => tab.tracks().filter(t => t.peerId === id).length === 2, alice.id);
    await breaks(alice, method);
    await alice.eval(() => { tab.actions.setScreenShareEnabled(true).catch(() => {}); });
    return reported(alice, 'publish.failed', i => i.error_code === code);
  },
});

// subscribing is a row of an offer of the server's that the client fails at. The
// SDK then ends its session, analytics first, and tells only the app; the server
// sees that somebody gave up over its offer and records what it can know.
const subscribing = (row: string, code: number, name: string, by: Row['by'], how: string,
  { terminal = false, ...options }: TabOptions & { terminal?: boolean }, fail: (t: Run, room: Room, bob: Tab) => Promise<unknown>): Row => ({
  row, client: 'sdk', by, how,
  expect: { code, name, terminal, retry: true },
  event: { type: 'client.subscribe.failed', code: 6002, name: 'Unknown', action: 'SUBSCRIBE', terminal: true, fault: 'media.renegotiation' },
  async provoke(t) {
    const room = await t.room();
    const bob = await t.join(room, 'bob', 'guest', options);
    const since = await bob.now();
    await fail(t, room, bob);
    await t.join(room, 'alice', 'host');
    return told(bob, 'ERROR', e => e.code === code, { since, ms: 20_000 });
  },
});

// blocked lets alice join where media cannot pass.
async function blocked(t: Run) {
  const world = await t.ownWorld({ netns: true });
  await world.cutMedia({ refuse: true });
  const alice = await t.open(await t.room(), 'alice', 'host');
  await alice.startJoin();
  alice.wasIn = true;
  return alice;
}

const failed = { code: 4005, name: 'ICEFailure' };

export const rows: Row[] = [
  publishing('S009', 4001, 'CreateOfferFailed', 'createOffer'),
  subscribing('S010', 4002, 'CreateAnswerFailed', 'stub', '`createAnswer` rejects when somebody else joins',
    { before: breakable, beforeArg: 'createAnswer' }, (_t, _room, bob) => breaks(bob, 'createAnswer')),
  publishing('S011', 4003, 'SetLocalDescriptionFailed', 'setLocalDescription'),
  subscribing('S012', 4004, 'SetRemoteDescriptionFailed', 'injection', 'the server sends half a session description',
    { terminal: true }, (t, room) => inject(t, room, '4004', '-peer', 'bob')),
  {
    row: 'S013', client: 'sdk', by: 'real', how: 'a firewall lets signalling through and no media',
    idle: true, ms: 120_000,
    expect: { ...failed, terminal: false, retry: true },
    event: { type: 'client.subscribe.failed', ...failed, action: 'SUBSCRIBE', terminal: false },
    async provoke(t) {
      const alice = await blocked(t);
      return reported(alice, 'subscribe.failed', i => i.error_code === 4005 && !i.is_terminal, { ms: 40_000 });
    },
  },
  {
    ...subscribing('S015', 6002, 'Unknown', 'injection', 'the server sends a candidate that cannot be read, and then its first offer', {}, async () => {}),
    async provoke(t) {
      const room = await t.room();
      await inject(t, room, '6002', '-user', 'user-bob');
      const bob = await t.open(room, 'bob', 'guest');
      const since = await bob.now();
      await bob.startJoin();
      bob.wasIn = true;
      return told(bob, 'ERROR', e => e.code === 6002, { since, ms: 20_000 });
    },
  },
  {
    row: 'E002', client: 'sdk', by: 'real', how: 'media is blocked from the start, and the SDK gives the call up after a minute',
    idle: true, ms: 180_000,
    // Which of its two connections the SDK gives up last is a matter of chance.
    expect: { code: new Set([4005, 4006]), name: new Set(['ICEFailure', 'ICEDisconnected']), terminal: true, retry: true },
    event: { type: 'client.subscribe.failed', terminal: true, action: 'SUBSCRIBE' },
    async provoke(t) {
      const alice = await blocked(t);
      const { rest } = await t.world();
      const seen = await told(alice, 'ERROR', e => e.isTerminal, { ms: 120_000 });
      const published = await rest.event({ room_id: alice.room.id, peer_id: alice.id, type: 'client.publish.failed' }, e => e.data.error_code === 4006);
      checkEvent(published, { tab: alice, name: 'ICEDisconnected', terminal: false });
      return seen;
    },
  },
];
