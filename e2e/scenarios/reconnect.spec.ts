// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The signalling connection dies under a live call and comes back.
import { assert, checkEvent, poll, sleep } from '../lib/check.ts';
import type { Server } from '../lib/server.ts';
import { scenario, test } from '../lib/scenario.ts';
import type { Tab } from '../lib/tab.ts';

// resumed waits until a tab has reconnected after a moment and checks that it
// is still the same peer.
async function resumed(tab: Tab, since: number, ms = 20_000) {
  const before = tab.id;
  await tab.noticed('RECONNECTED', () => true, { since, ms });
  await tab.until('the room is connected', () => window.tab.state().room.roomState === 'Connected');
  await tab.refresh();
  assert.equal(tab.id, before, 'the peer id stays');
}

// restart ends the server under a call, by force or as a service is stopped, and
// starts it again.
const restart = (name: string, end: (server: Server) => Promise<void> | undefined) => scenario(name, { ms: 120_000 }, async t => {
  const { server, rest } = await t.ownWorld();
  const { alice, bob } = await t.call({ alice: 'host', bob: 'guest' });
  await alice.sees(bob);
  await bob.act('raiseLocalPeerHand');
  const since = Math.max(await alice.now(), await bob.now());
  await end(server);
  for (const tab of [alice, bob]) await tab.noticed('RECONNECTING', () => true, { since });
  await sleep(3000);
  await server.start();
  for (const tab of [alice, bob]) await resumed(tab, since, 40_000);
  // Both see and hear each other again, and know who the other is.
  for (const [here, there] of [[alice, bob], [bob, alice]]) {
    await here.until(`${there.name} is back`, ([id, name]) => tab.state().peers[id]?.name === name, [there.id, there.name], 20_000);
    await here.sees(there, { ms: 30_000 });
    await here.hears(there, { ms: 30_000 });
  }
  assert.equal((await alice.peer(bob.id)).roleName, 'guest');
  assert.equal((await alice.peer(bob.id)).isHandRaised, true, 'the raised hand survived');
  for (const tab of [alice, bob]) assert.deepEqual((await tab.notices('ERROR')).filter(n => n.data.isTerminal), []);
  // Everything still works on the new process.
  await bob.act('sendBroadcastMessage', 'we survived');
  await alice.noticed('NEW_MESSAGE', m => m.message === 'we survived');
  await alice.act('setLocalVideoEnabled', false);
  await bob.noticed('TRACK_MUTED', d => d.type === 'video', { since });
  // There was no server to tell of the loss; the page kept it until it leaves.
  await alice.leave();
  const lost = await rest.event({ room_id: alice.room.id, peer_id: alice.id, type: 'client.disconnected' });
  checkEvent(lost, { tab: alice, code: 1003, action: 'RECONNECT_SIGNAL', terminal: false });
});

test.describe('reconnect', () => {
  scenario('socket-drop', async t => {
    const { rest } = await t.world();
    const { room, alice, bob } = await t.call();
    await bob.sees(alice);
    const since = await alice.now();
    await alice.eval(() => probe.sockets.at(-1)!.close(4000, 'cut by the test'));
    const { data } = await alice.noticed('RECONNECTING', () => true, { since });
    assert.equal(data.code, 1003);
    // Media does not depend on the socket.
    await bob.sees(alice, { frames: 15 });
    await resumed(alice, since);
    // What happened meanwhile on both sides arrives.
    await alice.act('sendBroadcastMessage', 'back');
    await bob.noticed('NEW_MESSAGE', m => m.message === 'back');
    await bob.act('setLocalVideoEnabled', false);
    await alice.noticed('TRACK_MUTED', d => d.type === 'video');
    await bob.act('setLocalVideoEnabled', true);
    await alice.sees(bob);
    await bob.sees(alice);
    assert.deepEqual(await bob.notices('PEER_LEFT'), [], 'nobody saw alice leave');
    const event = await rest.event({ room_id: room.id, peer_id: alice.id, type: 'client.disconnected' });
    checkEvent(event, { type: 'client.disconnected', tab: alice, code: 1003, name: 'WebSocketConnectionLost', action: 'RECONNECT_SIGNAL', terminal: false });
  });

  scenario('muted-while-away', async t => {
    const { alice, bob } = await t.call();
    const video = (await bob.sees(alice)).trackId;
    const since = await alice.now();
    await alice.context.setOffline(true);
    await alice.eval(() => probe.sockets.at(-1)!.close(4000, 'cut by the test'));
    await alice.noticed('RECONNECTING', () => true, { since });
    await alice.act('setLocalVideoEnabled', false);
    await bob.act('changeName', 'Robert');
    await sleep(2500);
    await alice.context.setOffline(false);
    await resumed(alice, since);
    await bob.until("alice's video is off", id => tab.state().tracks[id].enabled === false, video);
    await alice.until('bob is called Robert', id => tab.state().peers[id].name === 'Robert', bob.id);
    assert.deepEqual(await bob.notices('PEER_LEFT'), []);
  });

  scenario('tab-gone-for-good', { idle: true, ms: 120_000 }, async t => {
    const { rest } = await t.world();
    const { room, alice, bob } = await t.call();
    await bob.knows(alice);
    // A crash sends no goodbye of any kind: the peer is held, then dropped.
    await alice.context.setOffline(true);
    await alice.eval(() => probe.sockets.at(-1)!.close(4000, 'cut by the test'));
    const at = Date.now();
    await sleep(40_000);
    assert.deepEqual(await bob.notices('PEER_LEFT'), [], 'held for a minute');
    await bob.noticed('PEER_LEFT', p => p.id === alice.id, { ms: 45_000 });
    const held = (Date.now() - at) / 1000;
    assert.ok(held >= 60, `held for ${held} s`);
    const event = await rest.event({ room_id: room.id, peer_id: alice.id, type: 'client.disconnected' });
    checkEvent(event, { type: 'client.disconnected', tab: alice, code: 1003 });
  });

  restart('server-restart', server => server.kill());
  restart('server-stop-and-start', server => server.stop());

  scenario('server-gone-for-good', { idle: true, ms: 180_000 }, async t => {
    const { server, rest } = await t.ownWorld();
    const { room, alice } = await t.call({ alice: 'host' });
    const since = await alice.now();
    await server.kill();
    const { data } = await alice.noticed('ERROR', e => e.isTerminal, { since, ms: 90_000 });
    assert.equal(data.code, 1003);
    assert.match(data.description, /Could not recover/);
    await server.start();
    // The SDK kept its reports and tells them when it next has a connection.
    const again = await alice.tryJoin();
    assert.ok(again.ok, JSON.stringify(again));
    const event = await rest.event({ room_id: room.id, type: 'client.disconnected' }, e => e.data.is_terminal, 20_000);
    checkEvent(event, { type: 'client.disconnected', code: 1003, action: 'RECONNECT_SIGNAL', terminal: true });
    assert.equal(event.data.room_id, room.id);
    assert.equal(event.data.user_id, alice.userId);
    assert.equal(event.data.role, 'host');
    const twice = (await rest.events({ room_id: room.id, type: 'client.disconnected' })).filter(e => e.data.is_terminal);
    assert.equal(twice.length, 1, 'a report sent again counts once');
  });

  scenario('connection-reset', { ms: 90_000 }, async t => {
    const { netns, server, rest, site } = await t.ownWorld({ netns: true });
    const { room, alice, bob } = await t.call();
    await bob.sees(alice);
    const since = Math.max(await alice.now(), await bob.now());
    await netns.resetTCP(server.port);
    for (const tab of [alice, bob]) await tab.noticed('RECONNECTING', () => true, { since });
    await bob.sees(alice, { frames: 15 }); // datagrams still flow
    await sleep(3000);
    await netns.heal();
    for (const tab of [alice, bob]) await resumed(tab, since);
    for (const tab of [alice, bob]) assert.deepEqual(await tab.notices('PEER_LEFT'), []);
    // The report could not be delivered while the server was unreachable; it is
    // kept in the page and arrives when the person leaves.
    const reports = await site.reports();
    assert.ok(reports.some(r => r.status === 502), `a report failed: ${JSON.stringify(reports)}`);
    await alice.leave();
    const told = () => rest.events({ room_id: room.id, peer_id: alice.id, type: 'client.disconnected' });
    await poll('the late report', async () => (await told()).some(e => e.data.agent?.sdk === 'web'), { ms: 10_000 });
    const events = await told();
    checkEvent(events.find(e => e.data.agent?.sdk === 'web')!, { type: 'client.disconnected', tab: alice, code: 1003, action: 'RECONNECT_SIGNAL' });
  });
});
