// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The web SDK in Firefox: what differs between browsers is media, so that is
// counted here again, and the core of a call with it.
import { assert, checkEvent, poll } from '../lib/check.ts';
import { standInForScreen } from '../lib/firefox.ts';
import { becomes, widths } from '../lib/layers.ts';
import { talk, talking } from '../lib/opentok.ts';
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
    await bob.turnOn('video', 'audio');
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

    await standInForScreen(alice.page);
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

    // Apps on the OpenTok library, both ways, with a signal and a mute.
    const session = await talking(t);
    const frida = await talk(t, session, 'frida', { kind: browser });
    const chris = await talk(t, session, 'chris');
    await Promise.all([frida.receives(chris.id), chris.receives(frida.id)]);
    await frida.act('call', 'session.signal', { type: 'msg', data: 'hello from Firefox' });
    await chris.noticed('session.signal', s => s.data === 'hello from Firefox');
    await frida.act('call', 'publisher:cam.publishVideo', false);
    await chris.noticed('subscriber.videoDisabled', s => s.who === frida.id && s.reason === 'publishVideo');
    assert.deepEqual((await frida.told()).filter(n => n.kind === 'exception'), []);
  });

  scenario('firefox-denied', { ms: 90_000, long: true }, async t => {
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

  scenario('firefox-udp-blocked', { ms: 120_000, long: true }, async t => {
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
});
