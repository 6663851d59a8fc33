// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The network itself is cut, in a namespace of the scenario's own. The SDK gives
// up after a minute, so these mostly wait.
import { assert, checkEvent, sleep } from '../lib/check.ts';
import { scenario, test } from '../lib/scenario.ts';

const failures = ['client.publish.failed', 'client.subscribe.failed', 'client.disconnected'];
const ice = new Set<number | undefined>([4005, 4006]);

test.describe('network', () => {
  scenario('media-cut-until-give-up', { idle: true, ms: 180_000 }, async t => {
    const world = await t.ownWorld({ netns: true });
    const { room, alice, bob } = await t.call({ alice: 'host', bob: 'guest' });
    await alice.sees(bob);
    await bob.sees(alice);
    const since = await bob.now();
    await world.cutMedia();
    await bob.noticed('RECONNECTING', () => true, { since, ms: 40_000 });
    const { data } = await bob.noticed('ERROR', e => e.isTerminal, { since, ms: 120_000 });
    assert.ok(ice.has(data.code), `the SDK gives up with ${JSON.stringify(data)}`);
    assert.match(data.description, /Could not recover/);
    await bob.until('the room has failed', () => ['Failed', 'Disconnected'].includes(tab.state().room.roomState));

    // Readable afterwards, for the right person, as first sign and as the end.
    const { rest } = world;
    const first = await rest.event({ room_id: room.id, peer_id: bob.id, type: failures }, e => !e.data.is_terminal && ice.has(e.data.error_code));
    checkEvent(first, { tab: bob, terminal: false });
    const end = await rest.event({ room_id: room.id, peer_id: bob.id, type: 'client.subscribe.failed' }, e => e.data.is_terminal, 20_000);
    checkEvent(end, { type: 'client.subscribe.failed', tab: bob, code: data.code, terminal: true });
    assert.match(first.data.action ?? '', /PUBLISH|SUBSCRIBE|RESTART_ICE/);
    const published = await rest.event({ room_id: room.id, peer_id: alice.id, type: 'client.publish.failed' }, e => ice.has(e.data.error_code));
    checkEvent(published, { type: 'client.publish.failed', tab: alice });
    // Addresses in the candidates are masked.
    for (const e of await rest.events({ room_id: room.id, error: true })) {
      assert.doesNotMatch(e.data.error_description ?? '', /\b127\.0\.0\.1\b/, 'no address is stored');
    }
  });

  scenario('media-swallowed-from-the-start', { idle: true, ms: 120_000 }, async t => {
    // Where a firewall swallows TCP as well, the browser takes minutes to see
    // that its connections lead nowhere. The server says so long before.
    const world = await t.ownWorld({ netns: true });
    await world.cutMedia();
    const room = await t.room();
    const alice = await t.open(room, 'alice', 'host');
    await alice.startJoin();
    alice.wasIn = true;
    const { rest } = world;
    const peer = { room_id: room.id, user_id: alice.userId, user_id_proof: 'code' };
    for (const type of ['client.publish.failed', 'client.subscribe.failed']) {
      // The SDK may have said 4006 of the same failure; what the server said is its half.
      const event = await rest.event({ ...peer, type, halves: true }, e => e.redial?.server?.words?.code === 4005, 45_000);
      assert.equal(event.redial?.server?.words?.name, 'ICEFailure');
      checkEvent(event, { type, tab: alice, agent: event.data.agent?.sdk !== undefined });
      assert.ok(ice.has(event.data.error_code), JSON.stringify(event));
    }
  });

  scenario('media-cut-and-restored', { idle: true, ms: 120_000 }, async t => {
    const world = await t.ownWorld({ netns: true });
    const { alice, bob } = await t.call();
    await alice.sees(bob);
    await bob.sees(alice);
    await world.cutMedia();
    await sleep(14_000);
    await world.netns.heal();
    for (const [here, there] of [[alice, bob], [bob, alice]]) {
      await here.sees(there, { frames: 30, ms: 45_000 });
      await here.hears(there, { ms: 30_000 });
      await here.until('the room is connected', () => tab.state().room.roomState === 'Connected', undefined, 30_000);
      assert.deepEqual((await here.notices('ERROR')).filter(n => n.data.isTerminal), []);
      assert.deepEqual(await here.notices('PEER_LEFT'), []);
    }
  });

  scenario('udp-blocked', { ms: 120_000 }, async t => {
    const world = await t.ownWorld({ netns: true });
    await world.netns.cutUDP();
    const { alice, bob } = await t.call();
    for (const [here, there] of [[alice, bob], [bob, alice]]) {
      await here.sees(there, { frames: 30, ms: 30_000 });
      await here.hears(there);
    }
    assert.deepEqual(new Set(await alice.eval(() => probe.transports())), new Set(['tcp']), 'media travels over TCP');
  });
});
