// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Bad networks, one line at a time: alice's is bad, bob's is good, and what she
// is shown, what is stored about her and how the call goes on is all known. The
// table of docs/networks.md is what these scenarios hold.
import { readFile } from 'node:fs/promises';
import { assert, checkEvent, poll, sleep } from '../lib/check.ts';
import { ports, type Client, type ClientOptions } from '../lib/lines.ts';
import type { Line } from '../lib/netns.ts';
import type { REST } from '../lib/rest.ts';
import type { Room, Run } from '../lib/run.ts';
import { scenario, test, type Options as ScenarioOptions } from '../lib/scenario.ts';
import { root } from '../lib/setup.ts';
import type { Tab } from '../lib/tab.ts';

const udp = 'meta l4proto udp';
const media = `meta l4proto { udp, tcp } th dport { ${ports.udp}, ${ports.tcp} }`; // what alice sends
const mediaBack = `meta l4proto { udp, tcp } th sport { ${ports.udp}, ${ports.tcp} }`;
const failures = ['client.publish.failed', 'client.subscribe.failed'];
const ice = new Set<number | undefined>([4005, 4006]);

// Network is what a scenario has: alice's line and client, bob's, and a room.
interface Network { line: Line; hers: Client; steady: Client; rest: REST; room: Room; say: (text: string) => void }

interface Options extends ScenarioOptions {
  media?: object; // settings of a server of its own
  client?: ClientOptions;
}

const documented: string[] = [];

function flaky(name: string, { client, media, ...options }: Options, run: (t: Run, k: Network) => Promise<void>) {
  documented.push(`flaky-${name}`);
  scenario(`flaky-${name}`, { idle: true, ms: 120_000, ...options }, async t => {
    const x = await t.exchange(media && { media });
    const hers = await x.client(client);
    t.cleanup(() => hers.close());
    const began = Date.now();
    const say = (text: string) => process.env.REDIAL_E2E_SHOW && console.log(`        ${t.name} ${((Date.now() - began) / 1000).toFixed(1)} s: ${text}`);
    await run(t, { line: hers.line, hers, rest: x.rest, steady: x.steady, room: await t.room(), say });
  });
}

// call has both in the room; alice is only opened when she may not get in.
async function call(t: Run, { room, hers, steady }: Network, { join = true } = {}) {
  const bob = await t.join(room, 'bob', 'host', { world: steady });
  const alice = await t.open(room, 'alice', 'host', { world: hers });
  if (join) await alice.join();
  return { alice, bob };
}

// flows waits until sound and picture go both ways.
async function flows(k: Network, alice: Tab, bob: Tab, ms = 30_000) {
  const from = Date.now();
  await Promise.all([[alice, bob], [bob, alice]].flatMap(([here, there]) => [here.sees(there, { ms }), here.hears(there, { ms })]));
  k.say(`flows both ways after ${((Date.now() - from) / 1000).toFixed(1)} s`);
}

// survived holds that nobody was told of an end and nobody saw alice go.
async function survived(alice: Tab, bob: Tab) {
  assert.deepEqual((await alice.notices('ERROR')).filter(n => n.data.isTerminal), []);
  for (const tab of [alice, bob]) assert.deepEqual(await tab.notices('PEER_LEFT'), []);
  assert.deepEqual(await bob.notices('ERROR', 'RECONNECTING'), [], 'her line is none of his trouble');
}

const transports = async (tab: Tab) => new Set(await tab.eval(() => probe.transports()));

// mended loses something in the middle of a call and waits until the SDK has
// said that it noticed and that it is over. A browser that is elsewhere before it has
// said anything leaves nothing to tell the app of; the server has noticed all the same,
// where it was her packets that were lost.
async function mended(k: Network, { alice, bob }: { alice: Tab; bob: Tab }, lose: () => Promise<void>, elsewhere = async () => false, hers = true) {
  const since = await alice.now();
  const from = Date.now();
  await lose();
  const told = await poll('alice to be told RECONNECTING', async () =>
    (await alice.notices('RECONNECTING')).find(n => n.at >= since) ?? (await elsewhere() && 'nothing'), { ms: 40_000, step: 250 });
  const data = told === 'nothing' ? undefined : told.data;
  if (data) {
    k.say(`RECONNECTING ${data.code} ${data.name} after ${((Date.now() - from) / 1000).toFixed(1)} s`);
    await alice.noticed('RECONNECTED', () => true, { since, ms: 40_000 });
  }
  k.say(`${data ? 'RECONNECTED' : 'mended by the browser'} after ${((Date.now() - from) / 1000).toFixed(1)} s`);
  await flows(k, alice, bob, 45_000);
  await alice.until('the room is connected', () => tab.state().room.roomState === 'Connected', undefined, 20_000);
  if (data || hers) {
    const event = await k.rest.event({ room_id: k.room.id, peer_id: alice.id, type: [...failures, 'client.disconnected'] },
      e => data ? e.data.error_code === data.code : ice.has(e.data.error_code));
    checkEvent(event, { tab: alice, ...(data && { code: data.code, name: data.name }), terminal: false });
  }
  await survived(alice, bob);
  return data;
}

interface Directions { up?: boolean; down?: boolean }

// Datagrams that no longer pass: the call goes on over TCP.
const lostMidCall = (name: string, directions: Directions, options: Options = {}) => flaky(name, options, async (t, k) => {
  const both = await call(t, k);
  await flows(k, both.alice, both.bob);
  assert.deepEqual(await transports(both.alice), new Set(['udp']));
  const onTCP = async () => {
    const now = await transports(both.alice);
    return now.size === 1 && now.has('tcp');
  };
  const data = await mended(k, both, () => k.line.lose(udp, directions), onTCP, directions.up ?? true);
  if (data) assert.ok(ice.has(data.code), JSON.stringify(data));
  await poll('the call to be on TCP', onTCP, { ms: 30_000 });
  await flows(k, both.alice, both.bob);
});

// No media at all one way for a while: nothing can be done until it is back.
const oneWay = (name: string, match: string, directions: Directions) => flaky(name, { long: true, ms: 180_000 }, async (t, k) => {
  const { alice, bob } = await call(t, k);
  await flows(k, alice, bob);
  const since = await alice.now();
  await k.line.lose(match, directions);
  const { data } = await alice.noticed('RECONNECTING', () => true, { since, ms: 40_000 });
  assert.ok(ice.has(data.code), JSON.stringify(data));
  await k.rest.event({ room_id: k.room.id, peer_id: alice.id, type: failures }, e => ice.has(e.data.error_code), 40_000);
  await sleep(15_000);
  await k.line.heal();
  await flows(k, alice, bob, 60_000);
  await alice.until('the room is connected', () => tab.state().room.roomState === 'Connected', undefined, 30_000);
  await survived(alice, bob);
});

const loss = (percent: number, options: Options) => flaky(`loss-${percent}`, options, async (t, k) => {
  const { alice, bob } = await call(t, k);
  const carol = await t.join(k.room, 'carol', 'host', { world: k.steady });
  await flows(k, alice, bob);
  await alice.sees(carol);
  await k.line.lose(`${udp} numgen random mod 100 < ${percent}`);
  await sleep(15_000); // long enough for a judgement of the path to be made
  const count = async (here: Tab, there: Tab) => {
    const [video, audio] = [await here.received(await here.trackOf(there, 'video')), await here.received(await here.trackOf(there, 'audio'))];
    assert.ok(video && audio, `${there.name} arrives`);
    return { frames: video.frames, size: `${video.width}x${video.height}`, heard: audio.packets, lost: audio.lost };
  };
  const pairs: [Tab, Tab][] = [[alice, bob], [alice, carol], [bob, alice]];
  const before = await Promise.all(pairs.map(([here, there]) => count(here, there)));
  await sleep(8000);
  for (const [i, [here, there]] of pairs.entries()) {
    const now = await count(here, there);
    k.say(`${here.name} of ${there.name}: ${((now.frames - before[i].frames) / 8).toFixed(1)} frames a second, ${now.size}, ${((now.heard - before[i].heard) / 8).toFixed(1)} packets of sound, ${((now.lost - before[i].lost) / 8).toFixed(1)} lost`);
  }
  await flows(k, alice, bob, 45_000);
  await alice.sees(carol, { ms: 45_000 }); // no picture is withheld for it
  for (const other of [bob, carol]) {
    const id = await alice.trackOf(other, 'video');
    assert.notEqual(await alice.eval(id => tab.state().tracks[id].layer, id), 'none', `${other.name}'s video`);
  }
  const dropped = await k.line.dropped();
  assert.ok(dropped.up > 20 && dropped.down > 20, `lost ${JSON.stringify(dropped)}`);
  await survived(alice, bob);
});

test.describe('flaky', () => {
  flaky('frozen', { ms: 180_000 }, async (t, k) => {
    const { alice, bob } = await call(t, k);
    await flows(k, alice, bob);
    const since = await alice.now();
    t.cleanup(() => k.hers.thaw());
    await k.hers.freeze();
    const at = Date.now();
    await bob.act('sendBroadcastMessage', 'just now');
    // The client cannot speak, so the server says what it sees.
    const seen = await k.rest.event({ room_id: k.room.id, peer_id: alice.id, type: 'client.publish.failed' }, () => true, 40_000);
    checkEvent(seen, { tab: alice, code: 4005, name: 'ICEFailure', terminal: false });
    await sleep(Math.max(0, 30_000 - (Date.now() - at)));
    await bob.act('sendBroadcastMessage', 'much later');
    await k.hers.thaw();
    await alice.noticed('RECONNECTED', () => true, { since, ms: 40_000 });
    await flows(k, alice, bob, 45_000);
    await alice.noticed('NEW_MESSAGE', m => m.message === 'much later', { since });
    assert.deepEqual((await alice.notices('NEW_MESSAGE')).map(n => n.data.message), ['just now', 'much later']);
    const lost = await k.rest.event({ room_id: k.room.id, peer_id: alice.id, type: 'client.disconnected' });
    checkEvent(lost, { tab: alice, code: 1003, action: 'RECONNECT_SIGNAL', terminal: false });
    await survived(alice, bob);
  });

  flaky('half-open', {}, async (t, k) => {
    const { alice, bob } = await call(t, k);
    await flows(k, alice, bob);
    const since = await alice.now();
    await k.line.forget(ports.http);
    const sent: string[] = [];
    const back = alice.noticed('RECONNECTED', () => true, { since, ms: 40_000 });
    let done = false;
    back.catch(() => {}).finally(() => { done = true; });
    while (!done) {
      sent.push(`message ${sent.length + 1}`);
      await bob.act('sendBroadcastMessage', sent.at(-1));
      await sleep(1000);
    }
    const { at } = await back;
    k.say(`RECONNECTED after ${(at - since) / 1000} s and ${sent.length} messages`);
    await flows(k, alice, bob);
    await alice.noticed('NEW_MESSAGE', m => m.message === sent.at(-1));
    assert.deepEqual((await alice.notices('NEW_MESSAGE')).map(n => n.data.message), sent, 'every message once, in order');
    const [first] = await alice.notices('RECONNECTING');
    assert.equal(first.data.code, 1003);
    const event = await k.rest.event({ room_id: k.room.id, peer_id: alice.id, type: 'client.disconnected' });
    checkEvent(event, { tab: alice, code: 1003, name: 'WebSocketConnectionLost', action: 'RECONNECT_SIGNAL', terminal: false });
    await survived(alice, bob);
  });

  flaky('address-wrong', { media: { advertise: ['192.0.2.77'], allow_odd_addresses: true } }, async (t, k) => {
    await k.line.firewall();
    const { alice } = await call(t, k, { join: false });
    const since = await alice.now();
    await alice.startJoin();
    alice.wasIn = true;
    const { data } = await alice.noticed('RECONNECTING', () => true, { since, ms: 30_000 });
    assert.ok(ice.has(data.code), JSON.stringify(data));
    const mine = { room_id: k.room.id, peer_id: alice.id };
    checkEvent(await k.rest.event({ ...mine, type: 'client.publish.failed' }, e => e.data.error_code === 4006), { tab: alice, terminal: false });
    // The server says of both sides that no packet of hers ever came.
    for (const type of failures) {
      const event = await k.rest.event({ ...mine, type, halves: true }, e => e.redial?.server?.words?.code === 4005, 45_000);
      assert.equal(event.redial?.server?.words?.name, 'ICEFailure');
      checkEvent(event, { type, tab: alice });
      assert.ok(ice.has(event.data.error_code), JSON.stringify(event));
    }
    // The SDK believed itself connected, and the server did not.
    await alice.scoredLost(30_000);
  });

  lostMidCall('udp-lost', {});
  lostMidCall('udp-lost-up', { down: false }, { long: true });
  lostMidCall('udp-lost-down', { up: false });

  loss(20, { long: true });

  flaky('tcp-only', {}, async (t, k) => {
    await k.line.lose(udp);
    const both = await call(t, k);
    await flows(k, both.alice, both.bob);
    assert.deepEqual(await transports(both.alice), new Set(['tcp']));
    // Nothing to fall back to: a connection that is reset is made anew.
    await mended(k, both, async () => {
      await k.line.reset(ports.tcp);
      await sleep(1500);
      const { up, down } = await k.line.dropped();
      assert.ok(up + down > 0);
      await k.line.heal();
      await k.line.lose(udp);
    });
    assert.deepEqual(await transports(both.alice), new Set(['tcp']));
  });

  flaky('dns-dead', { client: { byName: true } }, async (t, k) => {
    const names = 'meta l4proto { udp, tcp } th dport 53';
    await k.line.lose(names, { down: false });
    const { alice, bob } = await call(t, k, { join: false });
    const outcome = await alice.tryJoin({ ms: 6000 });
    assert.ok(!outcome.ok, 'nobody finds the server');
    assert.ok((await k.line.dropped()).up > 0, 'the name was asked for');
    // The SDK waits for itself and says nothing to the app; it has noted why.
    await k.line.heal();
    await alice.page.reload();
    await alice.join();
    await flows(k, alice, bob);
    const event = await k.rest.event({ room_id: k.room.id, user_id: alice.userId, user_id_proof: 'code', type: 'client.connect.failed' }, () => true, 20_000);
    checkEvent(event, { type: 'client.connect.failed', code: 2003 });
    // In a call names are of no more use: even a new socket needs none.
    await k.line.lose(names, { down: false });
    const since = await alice.now();
    await alice.eval(() => probe.sockets.at(-1)!.close(4000, 'cut by the test'));
    await alice.noticed('RECONNECTED', () => true, { since, ms: 20_000 });
    await flows(k, alice, bob);
  });

  flaky('udp-lost-at-start', {}, async (t, k) => {
    await k.line.lose(udp);
    const { alice, bob } = await call(t, k);
    await flows(k, alice, bob);
    assert.deepEqual(await transports(alice), new Set(['tcp']));
    assert.deepEqual(await alice.notices('ERROR', 'RECONNECTING'), [], 'she notices nothing');
    await k.line.heal();
    await flows(k, alice, bob);
    await survived(alice, bob);
  });

  flaky('large-dtls-lost', {}, async (t, k) => {
    // Payload over 1,200 bytes whose first byte is of DTLS (RFC 7983, section 7).
    await k.line.lose(`${udp} udp length > 1208 @th,64,8 20-63`);
    const { alice, bob } = await call(t, k);
    await flows(k, alice, bob);
    assert.deepEqual(await transports(alice), new Set(['udp']), 'no handshake needs datagrams that large');
    assert.deepEqual(await alice.notices('ERROR', 'RECONNECTING'), []);
    await survived(alice, bob);
  });

  flaky('dtls-lost', { long: true, ms: 180_000 }, async (t, k) => {
    // Checks pass and the handshake does not: packets of its size do not fit.
    await k.line.lose(`${udp} @th,64,8 20-63`);
    const { alice, bob } = await call(t, k);
    const before: Record<string, string> = { video: await bob.trackOf(alice, 'video'), audio: await bob.trackOf(alice, 'audio') };
    await poll('the call to be on TCP', async () => {
      const now = await transports(alice);
      return now.size === 1 && now.has('tcp');
    }, { ms: 45_000 });
    // Her tracks have other names on the new connections.
    await poll('bob to know them', async () => {
      for (const kind of ['video', 'audio']) if (await bob.trackOf(alice, kind) === before[kind]) return false;
      return true;
    }, { ms: 20_000 });
    await flows(k, alice, bob, 45_000);
    const event = await k.rest.event({ room_id: k.room.id, peer_id: alice.id, type: failures }, e => e.data.error_code === 4005);
    checkEvent(event, { tab: alice, code: 4005, terminal: false });
    await alice.until('the room is connected', () => tab.state().room.roomState === 'Connected', undefined, 30_000);
    assert.deepEqual((await alice.notices('ERROR')).filter(n => n.data.isTerminal), []);
    assert.deepEqual(await bob.notices('PEER_LEFT'), []);
  });
  oneWay('media-lost-up', media, { down: false });
  oneWay('media-lost-down', mediaBack, { up: false });
  loss(5, { long: true });
  loss(40, { long: true, ms: 180_000 });

  scenario('flaky-documented', async () => {
    const page = await readFile(`${root}/docs/networks.md`, 'utf8');
    for (const name of documented) assert.ok(page.includes(`\`${name}\``), `${name} has no row`);
  });
});
