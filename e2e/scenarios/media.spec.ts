// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Sound and pictures really arrive: every check counts what was decoded.
import { assert, sleep } from '../lib/check.ts';
import { becomes, widths } from '../lib/layers.ts';
import { scenario, test } from '../lib/scenario.ts';
import type { Tab } from '../lib/tab.ts';

// resize changes the size at which a tab shows a track; 0 hides it.
const resize = (tab: Tab, trackId: string, width: number) => tab.eval(([id, width]) => {
  const el = window.tab.videos.get(id)!;
  el.style.display = width ? '' : 'none';
  el.style.width = `${width}px`;
  el.style.height = `${(width * 9) / 16}px`;
}, [trackId, width] as const);

test.describe('media', () => {
  scenario('call', async t => {
    const { alice, bob } = await t.call({ alice: 'host', bob: 'guest' });
    await alice.knows(bob);
    await bob.knows(alice);
    for (const [here, there] of [[alice, bob], [bob, alice]]) {
      const video = await here.sees(there, { frames: 30 });
      assert.ok(video.keyframes > 0, 'a key frame was decoded');
      await here.hears(there);
    }
    assert.deepEqual(new Set(await alice.eval(() => probe.transports())), new Set(['udp']), 'media travels over UDP');
    // Nothing more than a call: nobody was told of a failure.
    for (const tab of [alice, bob]) assert.deepEqual(await tab.notices('ERROR', 'RECONNECTING'), []);
    await bob.leave();
    await alice.noticed('PEER_LEFT', p => p.id === bob.id);
    await alice.until('nothing of bob is left', id => !tab.state().peers[id] && !tab.tracks().some(t => t.peerId === id), bob.id);
  });

  scenario('late-viewer', async t => {
    const { room, alice, bob } = await t.call({ alice: 'host', bob: 'guest' });
    await bob.sees(alice);
    const carol = await t.join(room, 'carol', 'viewer');
    for (const other of [alice, bob]) {
      await carol.sees(other);
      await carol.hears(other);
    }
    assert.deepEqual(await carol.sent(), [], 'a viewer sends nothing');
    await alice.knows(carol);
    assert.equal((await alice.peer(carol.id)).roleName, 'viewer');
    // The others still see each other: a newcomer disturbs nobody.
    await alice.sees(bob);
    await bob.sees(alice);
    assert.equal(await carol.eval(() => tab.state().room.peerCount), 3);
  });

  scenario('simulcast', { ms: 120_000 }, async t => {
    // A browser of its own: all tabs of one share the camera, in the size the
    // first of them asked for.
    await t.ownWorld();
    const { alice, bob } = await t.call({ alice: 'host', bob: 'viewer' }, { template: null });
    const { trackId } = await bob.sees(alice);
    const layers = (await alice.sent()).filter(s => s.kind === 'video');
    assert.deepEqual(layers.map(s => s.rid).sort(), ['f', 'h', 'q'], `alice sends three encodings: ${JSON.stringify(layers)}`);
    const width = await widths(bob, trackId);
    assert.ok(width.low < width.medium && width.medium < width.high, `three layers: ${JSON.stringify(width)}`);

    // By the size of the element: the SDK asks for the layer that fits.
    await resize(bob, trackId, width.high);
    await becomes(bob, trackId, width.high, 30_000);
    await resize(bob, trackId, width.low);
    await bob.until('the low layer was asked for', id => tab.state().tracks[id].preferredLayer === 'low' || tab.actions.getTrackById(id).getPreferredLayer() === 'low', trackId);
    const low = await becomes(bob, trackId, width.low);
    await resize(bob, trackId, width.medium);
    await becomes(bob, trackId, width.medium);
    // By the app's wish.
    await bob.act('setPreferredLayer', trackId, 'high');
    const high = await becomes(bob, trackId, width.high);
    assert.ok(high.keyframes > low.keyframes, 'a layer is entered at a key frame');
    await bob.until('the store shows the layer', id => tab.state().tracks[id].layer === 'high', trackId);
    // Hidden: nothing is sent. Shown again: it comes back.
    await resize(bob, trackId, 0);
    await bob.until('the layer is none', id => tab.actions.getTrackById(id).getLayer() === 'none', trackId);
    await bob.still(trackId);
    await resize(bob, trackId, width.high);
    await bob.sees(alice);
    // The switches never broke the picture: the decoder saw no gap.
    const end = (await bob.received(trackId))!;
    assert.ok(end.nacks < 20, `few packets were asked for again: ${JSON.stringify(end)}`);
  });

  scenario('mute', async t => {
    const { alice, bob } = await t.call();
    const video = (await bob.sees(alice)).trackId;
    const audio = (await bob.hears(alice)).trackId;

    await alice.act('setLocalVideoEnabled', false);
    await bob.noticed('TRACK_MUTED', d => d.id === video);
    await bob.until('the video is off', id => tab.state().tracks[id].enabled === false, video);
    await bob.still(video);

    await alice.act('setLocalAudioEnabled', false);
    await bob.noticed('TRACK_MUTED', d => d.id === audio);
    await sleep(1000);
    const quiet = (await bob.received(audio))!.energy;
    await sleep(1500);
    assert.ok((await bob.received(audio))!.energy - quiet < 1e-4, 'a muted microphone is silent');

    await alice.act('setLocalVideoEnabled', true);
    await alice.act('setLocalAudioEnabled', true);
    await bob.noticed('TRACK_UNMUTED', d => d.id === video);
    assert.equal((await bob.sees(alice)).trackId, video, 'the track keeps its id');
    assert.equal((await bob.hears(alice)).trackId, audio);
    // In haste: whatever crosses on the wire, the picture is there in the end.
    for (const pause of [0, 40, 120, 300, 600]) {
      await alice.act('setLocalVideoEnabled', false);
      await sleep(pause);
      await alice.act('setLocalVideoEnabled', true);
      await bob.sees(alice, { frames: 3 });
    }
    // One-sided: bob does not want to hear alice, who keeps talking.
    await bob.act('setVolume', 0, audio);
    await bob.until('the wish was acknowledged', id => tab.actions.getTrackById(id).stream.confirmedAudio === false, audio);
    await sleep(1000);
    const before = (await bob.received(audio))!.packets;
    await sleep(1500);
    assert.ok((await bob.received(audio))!.packets - before < 5, 'unwanted audio is not sent');
    await bob.act('setVolume', 100, audio);
    await bob.hears(alice);
  });

  scenario('screen', async t => {
    const { alice, bob } = await t.call();
    await bob.sees(alice);
    await alice.act('setScreenShareEnabled', true);
    const screen = await bob.sees(alice, { source: 'screen', frames: 3, ms: 25_000 });
    assert.ok(screen.width >= 320, `the screen is readable: ${screen.width}x${screen.height}`);
    await bob.sees(alice); // the camera goes on
    await alice.act('setScreenShareEnabled', false);
    await bob.noticed('TRACK_REMOVED', d => d.id === screen.trackId);
    await bob.until('the screen is gone', id => !tab.state().tracks[id], screen.trackId);
    await bob.sees(alice);
    // And once more: a second share is a new track on the same connection.
    await alice.act('setScreenShareEnabled', true);
    assert.notEqual((await bob.sees(alice, { source: 'screen', frames: 3, ms: 25_000 })).trackId, screen.trackId);
  });

  scenario('speaker', async t => {
    const { alice, bob } = await t.call();
    await bob.hears(alice);
    // Chromium's fake microphone beeps once a second.
    await bob.until('alice speaks', id => Object.values<any>(tab.state().speakers).some(s => s.peerID === id && s.audioLevel > 0), alice.id, 15_000);
    await alice.act('setLocalAudioEnabled', false);
    await bob.until('alice no longer speaks', id => !Object.values<any>(tab.state().speakers).some(s => s.peerID === id), alice.id, 15_000);
    await bob.until('the quality of the connection is known', id => tab.state().connectionQualities[id]?.downlinkQuality > 0, bob.id, 15_000);
  });

  // That Chromium sends and shows each codec through the server holds TestChromiumCodecs as well.
  for (const codec of ['h264', 'vp9', 'av1']) scenario(`codec-${codec}`, { long: codec !== 'h264' }, async t => {
    const template = await t.template(made => {
      for (const role of Object.values(made.roles)) {
        role.publishParams.video.codec = codec;
        role.publishParams.simulcast = { video: {}, screen: {} };
        Object.assign(role.publishParams.video, { width: 320, height: 180, bitRate: 200 });
      }
    });
    const { alice, bob } = await t.call({ alice: 'host', bob: 'host' }, { template });
    for (const [here, there] of [[alice, bob], [bob, alice]]) {
      const { codec: mime } = await here.sees(there, { ms: 25_000 });
      assert.equal(mime?.toLowerCase(), `video/${codec}`);
    }
  });
});
