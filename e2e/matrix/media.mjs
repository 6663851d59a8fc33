// Negotiation and the path of media. What only a browser can fail at is a stub
// of the function that fails, armed once the call runs.
import { checkEvent } from '../lib/check.mjs';
import { inject } from '../lib/inject.mjs';
import { reported, told } from './row.mjs';

// breakable runs in the page: from the moment when a test sets its name to true,
// a method of connections rejects.
const breakable = method => {
  const works = RTCPeerConnection.prototype[method];
  window.broken = {};
  RTCPeerConnection.prototype[method] = function (...args) {
    return window.broken[method] ? Promise.reject(new DOMException(`${method} was made to fail`, 'OperationError')) : works.apply(this, args);
  };
};
const breaks = (tab, method) => tab.eval(m => { window.broken[m] = true; }, method);

// publishing is a row of a browser function that fails as a screen is shared.
// The SDK tells the server and not the app.
const publishing = (row, code, name, method) => ({
  row, client: 'sdk', by: 'stub', how: `\`${method}\` rejects when somebody shares their screen; the SDK tells the server and not the app`,
  expect: { code, name, terminal: false, retry: true },
  event: { type: 'client.publish.failed', code, name, action: 'PUBLISH', terminal: false },
  async provoke(t) {
    const alice = await t.join(await t.room(), 'alice', 'host', { before: breakable, beforeArg: method });
    await alice.until('my tracks are published', id => Object.values(tab.state().tracks).filter(t => t.peerId === id).length === 2, alice.id);
    await breaks(alice, method);
    await alice.eval(() => { tab.actions.setScreenShareEnabled(true).catch(() => {}); });
    return reported(alice, 'publish.failed', i => i.error_code === code);
  },
});

// subscribing is a row of an offer of the server's that the client fails at. The
// SDK then ends its session, analytics first, and tells only the app; the server
// sees that somebody gave up over its offer and records what it can know.
const subscribing = (row, code, name, by, how, { terminal = false, ...options }, fail) => ({
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
async function blocked(t) {
  const world = await t.ownWorld({ netns: true });
  await world.cutMedia({ refuse: true });
  const alice = await t.open(await t.room(), 'alice', 'host');
  await alice.tryJoin({ ms: 15_000 });
  alice.wasIn = true;
  return alice;
}

const failed = { code: 4005, name: 'ICEFailure' };

export const rows = [
  publishing('S009', 4001, 'CreateOfferFailed', 'createOffer'),
  subscribing('S010', 4002, 'CreateAnswerFailed', 'stub', '`createAnswer` rejects when somebody else joins',
    { before: breakable, beforeArg: 'createAnswer' }, (t, room, bob) => breaks(bob, 'createAnswer')),
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
    ...subscribing('S015', 6002, 'Unknown', 'injection', 'the server sends a candidate that cannot be read, and then its first offer', {}),
    async provoke(t) {
      const room = await t.room();
      await inject(t, room, '6002', '-user', 'user-bob');
      const bob = await t.open(room, 'bob', 'guest');
      const since = await bob.now();
      await bob.tryJoin({ ms: 5000 });
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
