// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Getting in, and being refused: every refusal reaches the app at once with a
// code that says why, and can be read back afterwards. The documented refusals
// are rows of the error matrix.
import { assert, checkEvent, sleep, type WantedEvent } from '../lib/check.ts';
import type { Run } from '../lib/run.ts';
import { scenario, test } from '../lib/scenario.ts';
import type { Tab } from '../lib/tab.ts';
import { mint } from '../lib/tokens.ts';

// refused checks that a join fails at once with a code and leaves its event.
async function refused(t: Run, tab: Tab, { code, kind, type = 'client.connect.failed', ...want }: WantedEvent & { kind: RegExp }) {
  const { rest } = await t.world();
  const outcome = await tab.tryJoin({ ms: 8000 });
  assert.equal(outcome.ok, false, `${tab.name} must be refused: ${JSON.stringify(outcome)}`);
  assert.equal(outcome.error.code, code, JSON.stringify(outcome.error));
  assert.equal(outcome.error.isTerminal, true, 'a refusal is final');
  assert.match(outcome.error.message + outcome.error.description, kind, 'the message says why');
  const event = await rest.event({ room_id: tab.room.id, type }, e => e.data.user_id === tab.userId && e.data.error_code === code);
  checkEvent(event, { type, code, action: 'INIT', ...want });
  return event;
}

test.describe('join', () => {
  scenario('preview', async t => {
    const { room, alice } = await t.call({ alice: 'host' });
    const bob = await t.open(room, 'bob', 'guest');
    const previewed = await bob.eval(c => tab.attempt(() => tab.actions.preview(c)), { userName: 'bob', authToken: bob.token, initEndpoint: bob.world.server.init, metaData: '' });
    assert.ok(previewed.ok, JSON.stringify(previewed));
    await bob.until('the preview', () => tab.state().room.roomState === 'Preview');
    const ids = await bob.eval(() => ({ video: tab.state().preview.videoTrack, audio: tab.state().preview.audioTrack, role: tab.state().preview.asRole }));
    assert.equal(ids.role, 'guest');
    assert.ok(ids.video && ids.audio, 'camera and microphone are open');
    await bob.until('how many are inside', () => tab.state().room.peerCount === 1);
    await sleep(500);
    assert.equal(await alice.eval(() => Object.keys(tab.state().peers).length), 1, 'somebody in the preview is not in the room');
    // Muted in the preview, joined on the same socket, still muted.
    await bob.act('setLocalAudioEnabled', false);
    const sockets = await bob.eval(() => probe.sockets.length);
    await bob.join();
    assert.equal(await bob.eval(() => probe.sockets.length), sockets, 'the socket of the preview is used');
    await alice.sees(bob);
    const audio = await alice.trackOf(bob, 'audio');
    assert.equal(await alice.eval(id => tab.state().tracks[id].enabled, audio), false);
    await bob.sees(alice);
  });

  scenario('room-code', async t => {
    const { rest, server } = await t.world();
    const room = await t.room();
    const codes = (await rest.post(`/v2/room-codes/room/${room.id}`)).data;
    const { code } = codes.find((c: any) => c.role === 'guest');
    const alice = await t.open(room, 'alice', 'guest');
    const exchange = (roomCode: string) => alice.attempt('getAuthTokenByRoomCode', { roomCode, userId: 'user-of-code' }, { endpoint: `${server.url}/v2/token` });
    const got = await exchange(code);
    assert.ok(got.ok, JSON.stringify(got));
    await alice.join({ authToken: got.value });
    assert.equal(await alice.eval(id => tab.state().peers[id].customerUserId, alice.id), 'user-of-code');
    const none = await exchange('abc-defg-hij');
    assert.equal(none.ok, false);
    assert.equal(none.error.code, 404);
    await rest.post('/v2/room-codes/code', { code, enabled: false });
    const disabled = await exchange(code);
    assert.equal(disabled.ok, false);
    assert.equal(disabled.error.code, 403);
  });

  scenario('revoked-token', async t => {
    const { rest } = await t.world();
    const room = await t.room();
    const jti = `e2e-${Date.now()}`;
    const token = await mint(t, room, 'guest', 'user-eve', '-jti', jti);
    const eve = await t.open(room, 'eve', 'guest', { token });
    await rest.post('/api/v1/tokens/revoke', { jti });
    await refused(t, eve, { code: 40100, kind: /revoked/i, tab: eve });
  });

  scenario('wrong-endpoint', async t => {
    const { server } = await t.world();
    const room = await t.room();
    // The path that the SDK puts there itself does no harm.
    const eve = await t.open(room, 'eve');
    assert.equal((await eve.tryJoin({ initEndpoint: `${server.url}/init#https://` })).ok, true);

    // Without the word that the SDK looks for in it, it fails in its own code and
    // asks nobody: nothing that is answered could help.
    const mallory = await t.open(room, 'mallory');
    mallory.expectUncaught.push(/startsWith/);
    const outcome = await mallory.tryJoin({ initEndpoint: `${server.url}/init`, ms: 5000 });
    assert.equal(outcome.ok, false);
    assert.equal(mallory.id, '', 'the server was not asked');

    // There is no whiteboard: who asks for one past the SDK's own check is told so.
    const alice = await t.join(room, 'alice');
    const board = alice.eval(async () => {
      const { transport } = tab.actions.interactivityCenter.whiteboard;
      return transport.signal.createWhiteboard({ title: 'notes' }).then(() => 'made', (e: any) => `${e.code} ${e.message} ${e.description}`);
    });
    assert.match(await board as string, /^400 .*not part of the server/);
  });

  scenario('full-room', async t => {
    const template = await t.template(made => { made.roles.guest.maxPeerCount = 1; });
    const room = await t.room({ template });
    const alice = await t.join(room, 'alice', 'host');
    const bob = await t.join(room, 'bob', 'guest');
    const carol = await t.open(room, 'carol', 'guest');
    await refused(t, carol, { code: 403, kind: /full|seat/i, tab: carol, action: undefined });
    // A seat becomes free: the same person may come in.
    await bob.leave();
    await alice.noticed('PEER_LEFT', p => p.id === bob.id);
    const dave = await t.join(room, 'dave', 'guest');
    await alice.sees(dave);
  });

  scenario('locked-room', async t => {
    const { rest } = await t.world();
    const { room, alice } = await t.call({ alice: 'host' });
    const token = await rest.token(room.id, 'guest', 'user-bob');
    await rest.post(`/v2/active-rooms/${room.id}/end-room`, { lock: true, reason: 'closed by the office' });
    const { data } = await alice.noticed('ROOM_ENDED');
    assert.equal(data.reason, 'closed by the office');
    const bob = await t.open(room, 'bob', 'guest', { token });
    await refused(t, bob, { code: 403, kind: /locked/i, tab: bob });
    await rest.post(`/v2/rooms/${room.id}`, { enabled: true });
  });

  scenario('disabled-room', async t => {
    const { rest } = await t.world();
    const room = await t.room();
    await rest.post(`/v2/rooms/${room.id}`, { enabled: false });
    const bob = await t.open(room, 'bob', 'guest', { token: await mint(t, room, 'guest', 'user-bob') });
    await refused(t, bob, { code: 403, kind: /disabled/i, tab: bob });
    await rest.post(`/v2/rooms/${room.id}`, { enabled: true });
    const again = await t.join(room, 'bob2', 'guest');
    assert.ok(again.id);
  });
});
