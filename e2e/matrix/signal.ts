// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The connection to the server: where to connect, the socket, joining twice and
// coming back too late.
import { cp, readFile, rename, rm } from 'node:fs/promises';
import { assert } from '../lib/check.ts';
import { Relay } from '../lib/relay.ts';
import type { Run } from '../lib/run.ts';
import type { Tab } from '../lib/tab.ts';
import { refused, shown, told, type Row } from './row.ts';

// relayed opens a relay to the server for this row.
async function relayed(t: Run, options?: { mute?: boolean }) {
  const { server } = await t.world();
  const relay = await Relay.open(server, options);
  t.cleanup(() => relay.close());
  return relay;
}

const previewOf = (person: Tab, initEndpoint?: string) => person.eval(c => tab.attempt(() => tab.actions.preview(c)), {
  userName: person.name, authToken: person.token, initEndpoint: initEndpoint ?? person.world.server.init, metaData: '',
});

const lost = { code: 1003, name: 'WebSocketConnectionLost' };

export const rows: Row[] = [
  {
    row: 'S001', client: 'sdk', by: 'real', how: 'the network between page and server resets the connection of a live call',
    expect: { ...lost, terminal: false, retry: true },
    event: { type: 'client.disconnected', ...lost, action: 'RECONNECT_SIGNAL', terminal: false },
    async provoke(t) {
      const relay = await relayed(t);
      const alice = await t.join(await t.room(), 'alice', 'host', { config: { initEndpoint: relay.init } });
      const since = await alice.now();
      relay.drop();
      const seen = await told(alice, 'RECONNECTING', e => e.code === 1003, { since });
      await alice.noticed('RECONNECTED', () => true, { since, ms: 20_000 });
      return seen;
    },
  },
  {
    row: 'S002', client: 'sdk', by: 'unreachable',
    how: 'the web SDK throws it in one place, where it opens its socket without the answer to `/init`, and no call of an app leads there: it asks `/init` before, and whatever goes wrong with that, a bad address included, is thrown then. Called by hand, that place does throw 2002; an address that is none shows the browser\'s TypeError',
    async provoke(t) {
      const source = await readFile(new URL('../node_modules/@100mslive/hms-video-store/dist/index.js', import.meta.url), 'utf8');
      assert.equal(source.match(/throw \w+\.APIErrors\.InitConfigNotAvailable\(/g)?.length, 1, 'the SDK throws it in one place');
      const eve = await t.open(await t.room(), 'eve', 'guest');
      const outcome = await previewOf(eve, 'no address');
      assert.equal(outcome.error?.name, 'TypeError', JSON.stringify(outcome));
      const byHand = await eve.eval(() => tab.attempt(() => tab.hms.sdk.transport.openSignal('token', 'peer')));
      assert.equal(byHand.error?.code, 2002, JSON.stringify(byHand));
    },
  },
  {
    row: 'S003', client: 'sdk', by: 'real', how: 'nothing listens where the app was told to connect; seen by the preview',
    expect: { code: 2003, name: 'EndpointUnreachable', terminal: false, retry: true },
    event: { type: 'client.connect.failed', code: 2003, name: 'EndpointUnreachable', action: 'INIT', terminal: false },
    async provoke(t) {
      const relay = await relayed(t);
      await relay.cut();
      const eve = await t.open(await t.room(), 'eve', 'guest');
      const outcome = await previewOf(eve, relay.init);
      assert.equal(outcome.ok, false, JSON.stringify(outcome));
      return { shown: shown(outcome.error, await eve.now()), who: eve };
    },
  },
  {
    row: 'S004', client: 'sdk', by: 'real', how: 'the app passes something that is no token',
    expect: { code: 2004, name: 'InvalidTokenFormat', terminal: true, retry: false },
    event: { none: 'the SDK refuses it by itself, and without a token it may not report' },
    async provoke(t) {
      return refused(await t.open(await t.room(), 'eve', 'guest', { token: 'not-a-token' }));
    },
  },
  {
    row: 'S014', client: 'sdk', by: 'real', how: 'the app asks for a preview while its join waits for the server; on the SDK itself, since its store swallows the second call',
    expect: { code: 5001, name: 'AlreadyJoined', terminal: false, retry: false },
    event: { none: 'the SDK reports it as preview.failed, which is no error event' },
    async provoke(t) {
      const relay = await relayed(t, { mute: true });
      const eve = await t.open(await t.room(), 'eve', 'guest');
      await eve.eval(c => { tab.actions.join(c).catch(() => {}); }, { userName: 'eve', authToken: eve.token, initEndpoint: relay.init, metaData: '' });
      await eve.until('the join asks where to connect', () => tab.hms.sdk.transport?.state === 'Connecting');
      const outcome = await eve.eval(c => tab.attempt(() => tab.hms.sdk.preview(c, { onError() {}, onPreview() {} })), {
        userName: 'eve', authToken: eve.token, initEndpoint: relay.init, metaData: '',
      });
      assert.equal(outcome.ok, false, JSON.stringify(outcome));
      return { shown: shown(outcome.error, await eve.now()), who: eve };
    },
  },
  {
    row: 'S027', client: 'sdk', by: 'real', how: 'the page sends join a second time on the connection it has joined with',
    expect: { code: 40004, name: 'ServerErrors', terminal: true, retry: false },
    event: { type: 'client.join.failed', code: 40004, action: 'JOIN', fault: 'peer.already_joined' },
    async provoke(t) {
      const alice = await t.join(await t.room(), 'alice', 'host');
      const outcome = await alice.eval(() => tab.attempt(() => tab.hms.sdk.transport.signal.join('alice', '')));
      assert.equal(outcome.ok, false, JSON.stringify(outcome));
      return { shown: shown(outcome.error, await alice.now()), who: alice };
    },
  },
  {
    row: 'S028', client: 'sdk', by: 'real', how: 'the server comes back from a backup made before the call, and knows nobody of it', ms: 90_000,
    expect: { code: 41001, name: 'ServerErrors', terminal: true, retry: true },
    event: { type: 'client.disconnected', code: 41001, action: 'RECONNECT_SIGNAL', terminal: true, fault: 'peer.gone' },
    async provoke(t) {
      const { server, dir } = await t.ownWorld();
      const room = await t.room();
      await server.stop();
      await cp(`${dir}/data`, `${dir}/backup`, { recursive: true });
      await server.start();
      const alice = await t.join(room, 'alice', 'host');
      const since = await alice.now();
      await server.kill();
      await alice.noticed('RECONNECTING', () => true, { since });
      await rm(`${dir}/data`, { recursive: true });
      await rename(`${dir}/backup`, `${dir}/data`);
      await server.start();
      const seen = await told(alice, 'ERROR', e => e.isTerminal, { since, ms: 30_000 });
      const { id, userId, role } = alice; // her name was in what the server lost
      return { ...seen, who: { id, userId, role, room } };
    },
  },
  {
    row: 'E003', client: 'sdk', by: 'real', how: 'the room is locked while somebody looks at the preview; then they join',
    expect: { code: 403, name: 'ServerErrors', terminal: true, retry: false },
    event: { type: 'client.join.failed', code: 403, action: 'JOIN', fault: 'room.locked' },
    async provoke(t) {
      const { rest } = await t.world();
      const room = await t.room();
      await t.join(room, 'alice', 'host');
      const bob = await t.open(room, 'bob', 'guest');
      const previewed = await previewOf(bob);
      assert.ok(previewed.ok, JSON.stringify(previewed));
      await bob.until('the preview', () => tab.state().room.roomState === 'Preview');
      await rest.post(`/v2/active-rooms/${room.id}/end-room`, { lock: true, reason: 'closed' });
      return refused(bob);
    },
  },
  {
    row: 'E004', client: 'sdk', by: 'real', how: 'the network stays away for a minute, and the SDK gives the call up',
    idle: true, ms: 150_000,
    expect: { ...lost, terminal: true, retry: true },
    event: { type: 'client.disconnected', ...lost, action: 'RECONNECT_SIGNAL', terminal: true },
    async provoke(t) {
      const relay = await relayed(t);
      const alice = await t.join(await t.room(), 'alice', 'host', { config: { initEndpoint: relay.init } });
      const since = await alice.now();
      await relay.cut();
      return told(alice, 'ERROR', e => e.isTerminal, { since, ms: 90_000 });
    },
  },
];
