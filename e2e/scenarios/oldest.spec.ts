// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The oldest web SDK whose protocol version is that of the newest: when the two
// drift apart, it shows here first.
import { readFileSync } from 'node:fs';
import { assert } from '../lib/check.ts';
import { scenario, test } from '../lib/scenario.ts';
import { root } from '../lib/setup.ts';

test.describe('oldest-sdk', () => {
  scenario('oldest-sdk', async t => {
    const { site } = await t.place();
    const room = await t.room();
    const sockets: URL[] = [];
    const join = async (name: string, url?: string) => {
      const tab = await t.open(room, name, 'host', { url });
      tab.page.on('websocket', ws => sockets.push(new URL(ws.url())));
      return tab.join();
    };
    const old = await join('old', `${site.origin}/oldest.html`);
    const bob = await join('bob');

    // Both are what they say, and speak one version of the protocol.
    const version = (name: string) => JSON.parse(readFileSync(`${root}/e2e/node_modules/${name}/package.json`, 'utf8')).version;
    const agents = sockets.map(s => s.searchParams.get('user_agent_v2') ?? '');
    assert.match(agents[0], new RegExp(`sdk_version:${version('@100mslive/hms-video').replaceAll('.', '\\.')}`));
    assert.match(agents[1], new RegExp(`sdk_version:${version('@100mslive/hms-video-store').replaceAll('.', '\\.')}`));
    assert.deepEqual(sockets.map(s => s.searchParams.get('protocol_version')), ['2.5', '2.5']);

    await old.sees(bob);
    await bob.sees(old);
    await old.hears(bob);
    await bob.hears(old);
    await old.act('sendBroadcastMessage', 'from long ago');
    await bob.noticed('NEW_MESSAGE', m => m.message === 'from long ago');
    await bob.act('setLocalVideoEnabled', false);
    await old.until('bob has no camera', id => {
      const peer = tab.state().peers[id];
      return tab.state().tracks[peer.videoTrack!]?.enabled === false;
    }, bob.id);
    await old.leave();
    await bob.noticed('PEER_LEFT', p => p.id === old.id);
  });
});
