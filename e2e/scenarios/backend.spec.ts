// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A running call as the customer's backend sees and steers it over REST.
import type { RedialError } from '@redial-rtc/testing';
import { assert } from '../lib/check.ts';
import { scenario, test } from '../lib/scenario.ts';

test.describe('backend', () => {
  scenario('active-room', async t => {
    const { rest } = await t.world();
    const { room, alice, bob } = await t.call({ alice: 'host', bob: 'guest' });
    await alice.knows(bob);
    const path = `/v2/active-rooms/${room.id}`;
    const active = await rest.get(path);
    assert.equal(active.id, room.id);
    assert.equal(active.session.id, alice.sessionId);
    assert.deepEqual(active.session.peers.slice().sort(), [alice.id, bob.id].sort());
    const { peers } = await rest.get(`${path}/peers`);
    assert.equal(peers[bob.id].name, 'bob');
    assert.equal(peers[bob.id].role, 'guest');
    assert.equal((await rest.get(`${path}/peers/${bob.id}`)).user_id, 'user-bob');

    await rest.post(`${path}/send-message`, { message: 'five minutes left', type: 'notice' });
    for (const tab of [alice, bob]) {
      const { data } = await tab.noticed('NEW_MESSAGE', m => m.message === 'five minutes left');
      assert.equal(data.type, 'notice');
      assert.ok(!data.sender, 'the server is no peer');
    }
    await rest.post(`${path}/send-message`, { message: 'hosts only', role: 'host' });
    await alice.noticed('NEW_MESSAGE', m => m.message === 'hosts only');

    await rest.post(`${path}/peers/${bob.id}`, { name: 'Robert', role: 'host' });
    await alice.until('bob is called Robert and a host', id => tab.state().peers[id].name === 'Robert' && tab.state().peers[id].roleName === 'host', bob.id);
    await bob.until('I am a host', id => tab.state().peers[id].roleName === 'host', bob.id);

    await rest.post(`${path}/remove-peers`, { peer_id: bob.id, reason: 'the office says so' });
    const { data } = await bob.noticed('ROOM_ENDED'); // so the SDK calls a removal without a remover
    assert.equal(data.reason, 'the office says so');
    await alice.noticed('PEER_LEFT', p => p.id === bob.id);

    await rest.post(`${path}/end-room`, { reason: 'night' });
    await alice.noticed('ROOM_ENDED', d => d.reason === 'night');
    await assert.rejects(rest.get(path), (e: RedialError) => e.status === 404);
    const { data: sessions } = await rest.get(`/v2/sessions?room_id=${room.id}`);
    assert.equal(sessions.length, 1);
    assert.equal(sessions[0].id, alice.sessionId);
    assert.equal(sessions[0].active, false);
    assert.equal(sessions[0].peers[bob.id].user_id, 'user-bob');
  });

  scenario('track-events', async t => {
    const { rest } = await t.world();
    const { room, alice } = await t.call({ alice: 'host', bob: 'host' });
    await alice.act('setLocalAudioEnabled', false);
    const about = (type: string) => rest.event({ room_id: room.id, peer_id: alice.id, type });
    for (const type of ['track.add.success', 'track.update.success']) {
      const { data } = await about(type);
      assert.equal(data.peer_id, alice.id);
      assert.equal(data.role, 'host');
      assert.match(data.track_id ?? '', /\S/);
    }
    await alice.leave();
    await about('track.remove.success');
    // The errors of a good call: none.
    assert.deepEqual(await rest.events({ room_id: room.id, error: true }), []);
  });

  scenario('rubbish', async t => {
    const { alice, bob } = await t.call();
    await bob.sees(alice);
    const mallory = await t.open(alice.room, 'mallory', 'guest');
    // Every kind of nonsense on a socket with a valid token, and on a joined
    // peer's own socket and data channel.
    await mallory.eval(async ({ init, token }) => {
      const { endpoint } = await (await fetch(new URL('/init?peer_id=11111111-1111-4111-8111-111111111111', init), { headers: { Authorization: `Bearer ${token}` } })).json();
      for (const junk of ['', '{', '[]', 'null', '{"method":1}', '{"id":"1"}', '{"id":"1","method":"no-such-thing"}', '\u0000'.repeat(1000),
        '{"id":"1","method":"offer","params":{"desc":{"type":"offer","sdp":"' + 'v'.repeat(70_000) + '"}}}', 'x'.repeat(2_000_000)]) {
        await new Promise(done => {
          const ws = new WebSocket(`${endpoint}?peer=11111111-1111-4111-8111-111111111111&token=${token}`);
          ws.onopen = () => { ws.send(junk); setTimeout(() => ws.close(), 100); };
          ws.onclose = ws.onerror = done;
        });
      }
    }, { init: alice.world.server.init, token: mallory.token });
    await bob.eval(() => {
      const socket = probe.sockets.at(-1)!;
      for (const junk of ['{', 'null', '{"method":"no-such-thing","params":{}}', '{"id":"zz","method":"track-update-request","params":[]}']) socket.send(junk);
      const channel = tab.hms.sdk.transport.subscribeConnection.apiChannel?.native ?? tab.hms.sdk.transport.subscribeConnection.apiChannel;
      for (const junk of ['{', 'null', '{"id":"1","method":"prefer-video-track-state","params":{"track_id":7}}']) (channel.send ?? channel.native.send).call(channel, junk);
    });
    await alice.sees(bob);
    await bob.sees(alice);
    assert.deepEqual(await alice.notices('ERROR', 'RECONNECTING', 'PEER_LEFT'), []);
    assert.deepEqual(await bob.notices('RECONNECTING'), []);
  });
});
