// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The web SDK in Firefox: what differs between browsers is media, so that is
// counted here again, and the core of a call with it.
import { assert, checkEvent, poll } from '../lib/check.ts';
import { becomes, widths } from '../lib/layers.ts';
import { backend, OpenViduRole, OpenViduTab, shown } from '../lib/openvidu.ts';
import { scenario, test } from '../lib/scenario.ts';
import type { Tab } from '../lib/tab.ts';

const browser = 'firefox' as const;

// meet waits until each sees and hears the other.
const meet = (a: Tab, b: Tab) => Promise.all([[a, b], [b, a]].map(async ([here, there]) => {
  await here.sees(there, { ms: 30_000 });
  await here.hears(there, { ms: 30_000 });
}));

test.describe('firefox', () => {
  scenario('firefox-call', { ms: 120_000 }, async t => {
    const room = await t.room({ template: null });
    const alice = await t.join(room, 'alice', 'host', { browser });
    const bob = await t.join(room, 'bob', 'viewer', { browser });
    const { trackId: video } = await bob.sees(alice, { ms: 30_000 });
    await bob.hears(alice);
    assert.deepEqual(await bob.sent(), [], 'a viewer sends nothing');
    // Three layers, of which each can be had.
    const layers = (await alice.sent()).filter(s => s.kind === 'video');
    assert.deepEqual(layers.map(s => s.rid).sort(), ['f', 'h', 'q'], `alice sends three encodings: ${JSON.stringify(layers)}`);
    const width = await widths(bob, video);
    for (const layer of ['low', 'high', 'medium'] as const) {
      await bob.act('setPreferredLayer', video, layer);
      await becomes(bob, video, width[layer], 30_000);
    }
    // Another role: bob publishes as well.
    await alice.act('changeRoleOfPeer', bob.id, 'guest', true);
    await bob.until('bob is a guest', id => tab.state().peers[id]?.roleName === 'guest', bob.id);
    await alice.trackOf(bob, 'video');
    await bob.act('setLocalVideoEnabled', true);
    await bob.act('setLocalAudioEnabled', true);
    await meet(alice, bob);

    await bob.act('sendBroadcastMessage', 'hello from Firefox');
    const { data } = await alice.noticed('NEW_MESSAGE', m => m.message === 'hello from Firefox');
    assert.equal(data.sender, bob.id);

    await alice.act('setLocalVideoEnabled', false);
    await bob.noticed('TRACK_MUTED', d => d.id === video);
    await bob.still(video);
    await alice.act('setLocalVideoEnabled', true);
    assert.equal((await bob.sees(alice)).trackId, video, 'the track keeps its id');
    await alice.act('setLocalAudioEnabled', false);
    const audio = await bob.trackOf(alice, 'audio');
    await bob.noticed('TRACK_MUTED', d => d.id === audio);

    // Without a display there is no screen, so a picture that moves stands for it.
    await alice.eval(() => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
      const draw = () => canvas.getContext('2d')!.fillText(String(Date.now()), Math.random() * 600, Math.random() * 360);
      setInterval(draw, 100);
      navigator.mediaDevices.getDisplayMedia = async () => canvas.captureStream(10);
    });
    await alice.act('setScreenShareEnabled', true);
    const screen = await bob.sees(alice, { source: 'screen', frames: 3, ms: 25_000 });
    await alice.act('setScreenShareEnabled', false);
    await bob.noticed('TRACK_REMOVED', d => d.id === screen.trackId);
    for (const tab of [alice, bob]) assert.deepEqual(await tab.notices('ERROR', 'RECONNECTING'), []);
    await bob.leave();
    await alice.noticed('PEER_LEFT', p => p.id === bob.id);
  });

  scenario('firefox-and-chromium', { ms: 120_000 }, async t => {
    const { rest } = await t.world();
    const room = await t.room();
    const fiona = await t.join(room, 'fiona', 'host', { browser });
    const carl = await t.join(room, 'carl', 'guest');
    await meet(fiona, carl);
    // A socket drops: media goes on, and what was said meanwhile arrives.
    const since = await fiona.now();
    await fiona.eval(() => probe.sockets.at(-1)!.close(4000, 'cut by the test'));
    await fiona.noticed('RECONNECTING', e => e.code === 1003, { since });
    await carl.act('sendBroadcastMessage', 'are you there');
    await carl.sees(fiona, { frames: 15 });
    await fiona.noticed('RECONNECTED', () => true, { since, ms: 20_000 });
    await fiona.noticed('NEW_MESSAGE', m => m.message === 'are you there');
    const before = fiona.id;
    await fiona.refresh();
    assert.equal(fiona.id, before, 'the peer id stays');
    await meet(fiona, carl);
    assert.deepEqual(await carl.notices('PEER_LEFT'), [], 'nobody saw fiona leave');
    const event = await rest.event({ room_id: room.id, peer_id: fiona.id, type: 'client.disconnected' });
    checkEvent(event, { tab: fiona, code: 1003, action: 'RECONNECT_SIGNAL', terminal: false, agent: false });
    assert.match(event.data.agent?.device_model ?? '', /^Firefox/);
    // Without its socket the SDK told the host that is fixed in its code.
    const { site } = await t.place();
    await poll('a report of Firefox', async () => (await site.reports()).some(r => r.peer === fiona.id && r.status === 200));
  });

  scenario('firefox-denied', { ms: 90_000 }, async t => {
    const { rest } = await t.world();
    const room = await t.room();
    const carl = await t.join(room, 'carl', 'host');
    const dora = await t.join(room, 'dora', 'guest', { browser: 'firefox-no-permission' });
    await dora.noticed('ERROR', e => e.code === 3001);
    const event = await rest.event({ room_id: room.id, peer_id: dora.id, type: 'client.publish.failed' });
    checkEvent(event, { tab: dora, code: 3001, name: 'CantAccessCaptureDevice', terminal: false, agent: false });
    // Without a camera she is in the call all the same.
    await dora.sees(carl, { ms: 30_000 });
  });

  scenario('firefox-udp-blocked', { ms: 120_000 }, async t => {
    const world = await t.ownWorld({ netns: true });
    await world.netns.cutUDP();
    const room = await t.room();
    const fiona = await t.join(room, 'fiona', 'host', { browser });
    const carl = await t.join(room, 'carl', 'host');
    await meet(fiona, carl);
    for (const tab of [fiona, carl]) {
      assert.deepEqual(new Set(await tab.eval(() => probe.transports())), new Set(['tcp']), `${tab.name}'s media travels over TCP`);
    }
  });

  // openvidu-browser, in Firefox and in Chromium.
  scenario('firefox-openvidu', { ms: 120_000 }, async t => {
    const office = await backend(t);
    const session = await office.createSession();
    const seen: Record<string, unknown> = {};

    // What is refused before somebody is inside. The client goes on trying the door it
    // was refused at, so the page is one of its own.
    const mallory = await OpenViduTab.open(t, 'mallory', { browser });
    seen['a session that there is not'] = shown(await mallory.tryConnect((await session.createConnection()).token!.replace(session.sessionId, 'nowhere')));
    seen['publishing neither sound nor picture'] = shown(await mallory.attempt('publishNothing'));
    await mallory.page.close();
    const ann = await OpenViduTab.join(t, session, 'ann', { browser, role: OpenViduRole.MODERATOR });
    const bob = await OpenViduTab.join(t, session, 'bob');
    await ann.receives(bob.id, { ms: 60_000 });
    await bob.receives(ann.id, { ms: 60_000 });

    // A signal to all comes back to its sender, too; one to nobody is refused.
    await ann.act('signal', { type: 'chat', data: 'hello from Firefox' });
    for (const tab of [ann, bob]) await tab.noticed('signal', s => s.data === 'hello from Firefox' && s.from === ann.id);
    seen['a signal to nobody'] = shown(await ann.attempt('signalTo', 'con_nobody', 'x'));

    // Mutes, there and back.
    for (const on of [false, true]) {
      for (const kind of ['audio', 'video']) {
        await ann.act('mute', kind, on);
        await bob.noticed('streamPropertyChanged', p => p.connection === ann.id && p.property === `${kind}Active` && p.value === on);
      }
    }
    await bob.receives(ann.id);

    // A socket drops: media goes on, and what was said meanwhile arrives.
    const connections = await ann.eval(() => probe.connections.length);
    await ann.eval(() => { for (const s of probe.sockets) if (s.readyState === WebSocket.OPEN) s.close(); });
    await bob.act('signal', { type: 'chat', data: 'are you there' });
    await ann.noticed('reconnected', undefined, { ms: 20_000 });
    await ann.noticed('signal', s => s.data === 'are you there');
    await Promise.all([ann.receives(bob.id), bob.receives(ann.id)]);
    assert.equal(await ann.eval(() => probe.connections.length), connections, 'media was left alone');

    // A moderator ends a stream, then a participant.
    await ann.act('unpublishOther', bob.id);
    await ann.noticed('streamDestroyed', s => s.connection === bob.id);
    await bob.noticed('unpublished');
    await ann.act('remove', bob.id);
    assert.equal((await bob.noticed('sessionDisconnected')).reason, 'forceDisconnectByUser');
    await ann.noticed('connectionDestroyed', c => c.id === bob.id);
    // The backend puts out Firefox itself.
    await session.forceDisconnect(ann.id);
    assert.equal((await ann.noticed('sessionDisconnected')).reason, 'forceDisconnectByServer');

    assert.deepEqual(seen, {
      'a session that there is not': { code: 202, name: 'ROOM_NOT_FOUND_ERROR_CODE', fault: 'room.not_found' },
      'publishing neither sound nor picture': { name: 'NO_INPUT_SOURCE_SET' },
      'a signal to nobody': { code: 601, name: 'SIGNAL_TO_INVALID_ERROR_CODE', fault: 'peer.not_found' },
    });
  });
});
