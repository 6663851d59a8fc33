// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Large rooms: everybody publishes, and a newcomer gets what it wants of it.
import { readFileSync } from 'node:fs';
import { assert, poll } from '../lib/check.ts';
import { crowded, serverOf } from '../lib/crowd.ts';
import { scenario, test } from '../lib/scenario.ts';
import type { Room } from '../lib/run.ts';
import type { Tab } from '../lib/tab.ts';
import type { World } from '../lib/world.ts';

// How many publish. "make bench-crowd" has as many as a room takes.
const N = Number(process.env.REDIAL_E2E_CROWD || 48);
const SHOWN = 9; // videos on the newcomer's screen

// rss is how much memory the server of a data directory holds, in MiB.
const rss = (data: string) => Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${serverOf(data)}/status`, 'utf8'))![1]) / 1024);

// failures are the events of a room that are none of success. That a path took long to
// come up is true of a machine that has so many clients, and no failure of the room.
const failures = async (world: World, room: Room) => (await world.rest.events({ room_id: room.id }))
  .filter(e => /failed|disconnected/.test(e.type) && e.redial.fault !== 'ice.slow');

test.describe('crowd', () => {
  scenario('crowd', { alone: true, ms: 60_000 + N * 1500 }, async t => {
    const world = await t.ownWorld();
    const { room, program } = await crowded(t, world);
    const crowd = program('publish', 'crowd', N);
    const ready = await crowd.heard('ready', 30_000 + N * 500);
    const row: Record<string, number | undefined> = { publishers: N, 'crowd in, ms': ready.ms };
    const before = rss(world.server.data);

    // The SDK, which shows a few of them and hears all.
    const carol = await t.open(room, 'carol', 'viewer', { before: n => { window.shown = n; }, beforeArg: SHOWN, quiet: true });
    let began = Date.now();
    const since = () => Date.now() - began;
    await carol.join({ ms: 30_000 + N * 300 });
    row['SDK join, ms'] = since();
    const wait = 20_000 + N * 500;
    await carol.until('everybody is in the list', n => Object.keys(tab.state().peers).length === n, N + 1, wait);
    await carol.until('every sound is there', n => tab.tracks().filter(t => t.type === 'audio').length === n, N, wait);
    await carol.until('every picture is known', n => tab.tracks().filter(t => t.type === 'video').length === n, N, wait);
    row['SDK has all tracks, ms'] = since();
    const shown = await carol.eval(() => [...tab.videos.keys()]);
    assert.equal(shown.length, SHOWN);
    for (const id of shown) {
      await poll(`a picture of ${id}`, async () => ((await carol.received(id))?.frames ?? 0) > 0, { ms: wait, step: 300 });
    }
    row['SDK shows pictures, ms'] = since();
    assert.deepEqual(await carol.notices('ERROR', 'RECONNECTING'), [], 'the app was told of no trouble');
    const flows = await carol.eval(async () => {
      return (await Promise.all(probe.connections.map(async pc => [...(await pc.getStats() as any).values()])))
        .flat().filter(s => s.type === 'inbound-rtp').reduce((n, s) => ({ ...n, [s.kind]: (n[s.kind] ?? 0) + 1 }), {});
    });
    assert.ok(flows.video <= SHOWN, `only what is shown is sent: ${JSON.stringify(flows)}`);
    Object.assign(row, { 'SDK offer, bytes': carol.largest.offer, 'SDK answer, bytes': carol.largest.answer, 'peer list, bytes': carol.largest['peer-list'] });

    // The Go client, which wants every picture as well.
    began = Date.now();
    const watched = await program('watch', 'viewer', N).heard('watched', wait);
    assert.deepEqual(watched.errors ?? [], []);
    Object.assign(row, { 'Go join, ms': watched.join_ms, 'Go has all media, ms': watched.all_ms });
    Object.assign(row, { 'server before, MiB': before, 'server after, MiB': rss(world.server.data) });

    // Still the same call.
    assert.deepEqual(await failures(world, room), [], 'nothing failed on record');
    if (process.env.REDIAL_E2E_CROWD) console.table(row);
  });

  // Beyond limits.offered_videos newcomers ask for each picture. Who is inside goes on
  // as it began, and no camera that is withdrawn leaves anything with either.
  scenario('growing-room', { alone: true, ms: 180_000 }, async t => {
    const n = 26;
    const world = await t.ownWorld();
    const { room, program } = await crowded(t, world);
    const shown = { before: (n: number) => { window.shown = n; }, beforeArg: 4, quiet: true };
    const early = await t.join(room, 'early', 'viewer', shown);
    const crowd = program('publish', 'crowd', n);
    await crowd.heard('ready', 60_000);
    const alice = await t.join(room, 'alice', 'host', { beforeArg: 0, before: shown.before });
    const carol = await t.join(room, 'carol', 'viewer', shown);
    const flags = (tab: Tab) => tab.eval(() => (window.tab.hms as any).sdk.transport.isFlagEnabled('onDemandTracks'));
    assert.deepEqual([await flags(early), await flags(carol)], [false, true], 'who came early is offered everything');
    for (const tab of [early, carol]) {
      await tab.until('every picture is known', n => window.tab.tracks().filter(t => t.type === 'video').length === n, n + 1, 60_000);
    }

    // show puts one more track on the screen.
    const show = (tab: Tab, id: string) => tab.eval(id => {
      const el = Object.assign(document.createElement('video'), { autoplay: true, muted: true, playsInline: true });
      document.getElementById('videos')!.append(el);
      window.tab.videos.set(id, el);
      return window.tab.actions.attachVideo(id, el);
    }, id);
    // withdrawn waits until neither the browser nor the SDK has anything of a camera.
    const withdrawn = (tab: Tab, peer: string, id: string) => tab.until('nothing is left of the camera', ([peer, id]) => {
      const receiving = probe.connections.flatMap(pc => pc.getTransceivers()).filter(x => x.receiver.track.id === id && /recv/.test(x.currentDirection ?? ''));
      const known = window.tab.tracks().filter(x => x.id === id || x.peerId === peer);
      // The SDK may have what it has not told the store yet.
      const inside = (window.tab.hms as any).sdk.getPeers().find((p: any) => p.peerId === peer);
      const tiles = [window.tab.state().peers[peer]?.videoTrack, inside?.videoTrack?.trackId].filter(Boolean);
      return receiving.length === 0 && known.length === 0 && tiles.length === 0;
    }, [peer, id] as const, 20_000);
    const role = async (name: string) => {
      await alice.act('changeRoleOfPeer', alice.id, name, true);
      await alice.until(`a ${name}`, role => window.tab.state().peers[window.tab.state().room.localPeer].roleName === role, name);
    };

    for (const looking of [true, false]) {
      const id = await carol.trackOf(alice, 'video');
      assert.equal(await early.trackOf(alice, 'video'), id);
      if (looking) {
        for (const tab of [early, carol]) {
          if (!await tab.eval(id => window.tab.videos.has(id), id)) await show(tab, id);
          await tab.sees(alice);
        }
      }
      await role('viewer');
      for (const tab of [early, carol]) await withdrawn(tab, alice.id, id);
      await role('host');
      // The first camera that is heard of is the new one, and not what the SDK still
      // offered while it gave the old one up. It is off until it is turned on.
      const fresh = await carol.trackOf(alice, 'video');
      assert.notEqual(fresh, id, 'a withdrawn camera stays away');
      await alice.until('has that camera', id => window.tab.state().peers[window.tab.state().room.localPeer].videoTrack === id, fresh);
      await alice.turnOn('video');
    }
    const id = await carol.trackOf(alice, 'video');
    if (!await carol.eval(id => window.tab.videos.has(id), id)) await show(carol, id);
    await carol.sees(alice);
    await alice.leave();
    for (const tab of [early, carol]) await withdrawn(tab, alice.id, id);

    for (const tab of [early, carol]) assert.deepEqual(await tab.notices('ERROR', 'RECONNECTING'), [], `${tab.name} was told of no trouble`);
    // Who loses the right to publish withdraws one track after the other, which is refused meanwhile.
    const failed = (await failures(world, room)).filter(e => e.redial.fault !== 'permission.publish');
    assert.deepEqual(failed, [], 'nothing else failed on record');
  });
});
