// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What roles may do, decided by the server, and what happens to the others.
import { assert, poll, sleep } from '../lib/check.ts';
import { scenario, test } from '../lib/scenario.ts';
import type { Tab } from '../lib/tab.ts';

const roleOf = (tab: Tab, id: string) => tab.eval((id: string) => window.tab.state().peers[id]?.roleName, id);
const becomes = (tab: Tab, other: Tab, role: string) => tab.until(`${other.name} is a ${role}`, ([id, role]) => window.tab.state().peers[id]?.roleName === role, [other.id, role]);
const gone = (tab: Tab, ms?: number) => tab.until('out of the room', () => window.tab.state().room.roomState === 'Disconnected', undefined, ms);

test.describe('roles', () => {
  scenario('role-forced', { ms: 90_000 }, async t => {
    const { alice, bob } = await t.call({ alice: 'host', bob: 'viewer' });
    await bob.sees(alice);
    await alice.knows(bob);
    await alice.act('changeRoleOfPeer', bob.id, 'guest', true);
    await becomes(bob, bob, 'guest');
    await alice.noticed('ROLE_UPDATED', p => p.id === bob.id && p.roleName === 'guest');
    // A new guest publishes muted tracks, and unmutes when they like.
    await alice.trackOf(bob, 'video');
    await bob.turnOn('video', 'audio');
    await alice.sees(bob);
    await alice.hears(bob);
    // Back to watching: the tracks go away.
    await alice.act('changeRoleOfPeer', bob.id, 'viewer', true);
    await becomes(bob, bob, 'viewer');
    await alice.until("bob's tracks are gone", id => !tab.tracks().some(t => t.peerId === id), bob.id);
    await bob.sees(alice);
  });

  scenario('role-consent', async t => {
    const { alice, bob } = await t.call({ alice: 'host', bob: 'viewer' });
    await alice.knows(bob);
    await alice.act('changeRoleOfPeer', bob.id, 'guest', false);
    await bob.until('the question', () => tab.state().roleChangeRequests.length === 1);
    assert.equal(await roleOf(bob, bob.id), 'viewer', 'nothing happens before the answer');
    const asked = await bob.eval(() => {
      const [r] = tab.state().roleChangeRequests;
      return { by: r.requestedBy?.id ?? r.requestedBy, role: r.role?.name ?? r.roleName };
    });
    assert.deepEqual(asked, { by: alice.id, role: 'guest' });
    const accepted = await bob.eval(() => tab.attempt(() => tab.actions.acceptChangeRole(tab.sdk.selectRoleChangeRequest(tab.state()))));
    assert.ok(accepted.ok, JSON.stringify(accepted));
    await becomes(bob, bob, 'guest');
    await becomes(alice, bob, 'guest');
  });

  scenario('role-self-and-bulk', async t => {
    const { room, alice, bob } = await t.call({ alice: 'host', bob: 'viewer' });
    const carol = await t.join(room, 'carol', 'viewer');
    await alice.knows(carol);
    await alice.act('changeRoleOfPeersWithRoles', ['viewer'], 'guest');
    for (const tab of [bob, carol]) await becomes(tab, tab, 'guest');
    await becomes(alice, carol, 'guest');
    // Of oneself: a host who may change roles needs nobody's consent.
    await alice.act('changeRoleOfPeer', alice.id, 'guest', true);
    await becomes(alice, alice, 'guest');
    await becomes(bob, alice, 'guest');
    await bob.sees(alice);
    const back = await alice.attempt('changeRoleOfPeer', alice.id, 'host', true);
    assert.equal(back.ok, false, 'a guest cannot make itself a host');
    assert.equal(back.error.code, 403);
  });

  scenario('permissions', async t => {
    const { alice, bob } = await t.call({ alice: 'host', bob: 'guest' });
    await bob.knows(alice);
    const track = await bob.trackOf(alice, 'audio');
    const refused = {
      removePeer: [alice.id, 'because'],
      changeRoleOfPeer: [alice.id, 'viewer', true],
      setRemoteTrackEnabled: [track, false],
      setRemoteTracksEnabled: [{ enabled: false }],
    };
    for (const [action, args] of Object.entries(refused)) {
      const outcome = await bob.attempt(action, ...args);
      assert.equal(outcome.ok, false, `a guest may not ${action}`);
      assert.equal(outcome.error.code, 403, `${action}: ${JSON.stringify(outcome.error)}`);
    }
    // The SDK stops this one itself, so it is asked for on the socket.
    const ended = await bob.eval(() => tab.attempt(() => tab.hms.sdk.transport.signal.endRoom(false, 'because')));
    assert.equal(ended.ok, false, 'a guest may not end the room');
    assert.equal(ended.error.code, 403);
    await alice.hears(bob);
    await bob.sees(alice);
    assert.equal(await roleOf(bob, alice.id), 'host');
    // A viewer that publishes anyway is refused and does no harm.
    const carol = await t.join(alice.room, 'carol', 'viewer');
    await carol.eval(async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      return tab.attempt(() => tab.actions.addTrack(stream.getAudioTracks()[0], 'regular'));
    });
    await sleep(1000);
    assert.equal(await alice.eval(id => tab.tracks().filter(t => t.peerId === id).length, carol.id), 0);
    await alice.sees(bob);
  });

  scenario('mute-request', async t => {
    const { room, alice, bob } = await t.call({ alice: 'host', bob: 'guest' });
    const carol = await t.join(room, 'carol', 'guest');
    const audio = (await alice.hears(bob)).trackId;
    await alice.act('setRemoteTrackEnabled', audio, false);
    const { data } = await bob.noticed('CHANGE_TRACK_STATE_REQUEST');
    assert.equal(data.enabled, false);
    assert.equal(data.requestedBy.id, alice.id);
    await bob.until('I am muted', () => !tab.sdk.selectIsLocalAudioEnabled(tab.state()));
    await alice.noticed('TRACK_MUTED', d => d.id === audio);
    // To unmute is only asked: the microphone stays off until bob says yes.
    const since = await bob.now();
    await alice.act('setRemoteTrackEnabled', audio, true);
    await bob.noticed('CHANGE_TRACK_STATE_REQUEST', d => d.enabled === true, { since });
    await sleep(500);
    assert.equal(await bob.eval(() => tab.sdk.selectIsLocalAudioEnabled(tab.state())), false);
    await bob.act('setLocalAudioEnabled', true);
    await alice.hears(bob);
    // Everybody's video at once.
    await alice.act('setRemoteTracksEnabled', { enabled: false, type: 'video', source: 'regular', roles: ['guest'] });
    for (const tab of [bob, carol]) {
      await tab.noticed('CHANGE_MULTI_TRACK_STATE_REQUEST', d => d.enabled === false);
      await tab.until('my video is off', () => !window.tab.sdk.selectIsLocalVideoEnabled(window.tab.state()));
    }
    assert.equal(await alice.eval(() => tab.sdk.selectIsLocalVideoEnabled(tab.state())), true, 'a host is not asked');
  });

  scenario('remove', async t => {
    const { alice, bob } = await t.call({ alice: 'host', bob: 'guest' });
    await alice.knows(bob);
    await alice.act('removePeer', bob.id, 'too loud');
    const { data } = await bob.noticed('REMOVED_FROM_ROOM');
    assert.equal(data.reason, 'too loud');
    assert.equal(data.requestedBy.id, alice.id);
    assert.ok(!data.roomEnded);
    await gone(bob);
    await alice.noticed('PEER_LEFT', p => p.id === bob.id);
    await alice.sees(await t.join(bob.room, 'carol', 'guest')); // the room goes on
  });

  scenario('end-room', async t => {
    const { room, alice, bob } = await t.call({ alice: 'host', bob: 'guest' });
    await alice.act('endRoom', false, 'done for today');
    const { data } = await bob.noticed('ROOM_ENDED');
    assert.equal(data.reason, 'done for today');
    await gone(bob);
    await gone(alice);
    // Not locked: the next meeting may begin, as a new session.
    const again = await t.join(room, 'alice2', 'host');
    assert.notEqual(again.sessionId, alice.sessionId);
  });

  scenario('end-and-lock', async t => {
    const { rest } = await t.world();
    const { room, alice, bob } = await t.call({ alice: 'host', bob: 'guest' });
    const token = await rest.token(room.id, 'guest', 'user-late');
    await alice.act('endRoom', true, 'and nobody comes back');
    await bob.noticed('ROOM_ENDED');
    const late = await t.open(room, 'late', 'guest', { token });
    const outcome = await late.tryJoin();
    assert.equal(outcome.ok, false, JSON.stringify(outcome));
    assert.equal(outcome.error.code, 403);
    const event = await rest.event({ room_id: room.id, type: 'client.connect.failed' }, e => e.data.user_id === late.userId);
    assert.equal(event.data.error_code, 403);
  });

  scenario('leave-by-closing', async t => {
    const { alice, bob } = await t.call();
    await alice.knows(bob);
    await bob.context.close();
    await alice.noticed('PEER_LEFT', p => p.id === bob.id, { ms: 4000 });
    assert.equal(await alice.eval(() => Object.keys(tab.state().peers).length), 1);
  });

  // The SDK counts what it receives track by track, once a second. A track that is
  // withdrawn meanwhile must not end its counting for the rest of the call.
  scenario('leave-while-counting', async t => {
    const { room, alice, bob } = await t.call();
    await alice.sees(bob);
    await alice.eval(() => {
      const { getStats } = RTCRtpReceiver.prototype;
      const counted = { begun: 0, ended: 0 };
      RTCRtpReceiver.prototype.getStats = async function (this: RTCRtpReceiver) {
        counted.begun++;
        const report = await getStats.call(this);
        await new Promise(done => setTimeout(done, 700));
        counted.ended++;
        return report;
      };
      Object.assign(window, { counted });
    });
    const counted = (): Promise<{ begun: number; ended: number }> => alice.eval(() => (window as any).counted);
    const under = async () => { const { begun, ended } = await counted(); return begun > ended; };
    await poll('a count is under way', under);
    await bob.act('leave');
    await alice.noticed('PEER_LEFT', p => p.id === bob.id);
    await poll('it is over', async () => !await under());
    const { ended } = await counted();
    await alice.sees(await t.join(room, 'carol', 'host'));
    await poll('the next one counts', async () => (await counted()).ended > ended);
  });
});
