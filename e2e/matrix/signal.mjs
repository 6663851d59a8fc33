// The connection to the server: where to connect, the socket, joining twice and
// coming back too late.
import { assert } from '../lib/check.mjs';
import { Relay } from '../lib/relay.mjs';
import { refused, shown, told } from './row.mjs';

// relayed opens a relay to the server for this row.
async function relayed(t) {
  const { server } = await t.world();
  const relay = await Relay.open(server);
  t.cleanup(() => relay.close());
  return relay;
}

const previewOf = (tab, initEndpoint) => tab.eval(c => tab.attempt(() => tab.actions.preview(c)), {
  userName: tab.name, authToken: tab.token, initEndpoint: initEndpoint ?? tab.world.server.init, metaData: '',
});

const lost = { code: 1003, name: 'WebSocketConnectionLost' };

export const rows = [
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
    row: 'S014', client: 'sdk', by: 'real', how: 'the app starts a second preview after the server has refused the first, on the SDK itself, since its store swallows the second call',
    expect: { code: 5001, name: 'AlreadyJoined', terminal: false, retry: false },
    event: { none: 'the SDK reports it as preview.failed, which is no error event' },
    async provoke(t) {
      const { rest } = await t.world();
      const room = await t.room();
      const eve = await t.open(room, 'eve', 'guest');
      await rest.post(`/v2/rooms/${room.id}`, { enabled: false });
      const first = await previewOf(eve);
      assert.equal(first.error?.code, 403, JSON.stringify(first));
      const outcome = await eve.eval(c => tab.attempt(() => tab.hms.sdk.preview(c, { onError() {}, onPreview() {} })), {
        userName: 'eve', authToken: eve.token, initEndpoint: eve.world.server.init,
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
    row: 'S028', client: 'sdk', by: 'real', how: 'the backend removes somebody whose network is away, and then it comes back',
    expect: { code: 41001, name: 'ServerErrors', terminal: true, retry: true },
    event: { type: 'client.disconnected', code: 41001, action: 'RECONNECT_SIGNAL', terminal: true, fault: 'peer.gone' },
    async provoke(t) {
      const { rest } = await t.world();
      const relay = await relayed(t);
      const room = await t.room();
      await t.join(room, 'bob', 'host');
      const alice = await t.join(room, 'alice', 'host', { config: { initEndpoint: relay.init } });
      const since = await alice.now();
      await relay.cut();
      await alice.noticed('RECONNECTING', () => true, { since });
      await rest.post(`/v2/active-rooms/${room.id}/remove-peers`, { peer_id: alice.id, reason: 'the office says so' });
      await relay.heal();
      return told(alice, 'ERROR', e => e.isTerminal, { since, ms: 20_000 });
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
