// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Apps of OpenVidu 2, unmodified: openvidu-browser in the page and
// openvidu-node-client in the backend.
import { randomUUID } from 'node:crypto';
import { assert, poll } from '../lib/check.ts';
import { standInForScreen } from '../lib/firefox.ts';
import { backend, OpenViduRole, OpenViduTab } from '../lib/openvidu.ts';
import { inEachBrowser, scenario, test } from '../lib/scenario.ts';
import type { Tab } from '../lib/tab.ts';

const sessionName = () => `openvidu-${randomUUID().slice(0, 8)}`;

test.describe('openvidu', () => {
  inEachBrowser('openvidu-call', async (t, browser) => {
    const office = await backend(t);
    const session = await office.createSession({ customSessionId: sessionName() });
    const ann = await OpenViduTab.join(t, session, 'ann', { browser, role: OpenViduRole.MODERATOR, data: 'from the office' });
    const bob = await OpenViduTab.join(t, session, 'bob', { browser });

    // Each knows the other by what its app and its backend said, and receives it.
    const seen = await bob.noticed('connectionCreated', c => c.id === ann.id);
    assert.equal(seen.data, '{"clientData":"ann"}%/%from the office');
    await ann.receives(bob.id);
    await bob.receives(ann.id);

    // A signal to all comes back to its sender; one to somebody does not.
    await ann.act('signal', { type: 'chat', data: 'can you hear me' });
    for (const tab of [ann, bob]) {
      const got = await tab.noticed('signal', s => s.data === 'can you hear me');
      assert.deepEqual({ type: got.type, from: got.from }, { type: 'signal:chat', from: ann.id });
    }
    for (const on of [false, true]) {
      for (const kind of ['audio', 'video']) {
        await bob.act('mute', kind, on);
        await ann.noticed('streamPropertyChanged', p => p.connection === bob.id && p.property === `${kind}Active` && p.value === on);
      }
    }

    // The backend sees both and what they publish.
    await session.fetch();
    assert.deepEqual(session.activeConnections.map(c => c.connectionId).sort(), [ann.id, bob.id].sort());
    assert.ok(session.activeConnections.every(c => c.publishers.length === 1 && c.publishers[0].hasVideo), JSON.stringify(session.activeConnections));

    // A stream ends and begins anew under another id, with the screen.
    const first = await bob.eval(() => ov.journal.find(n => n.kind === 'streamCreated'));
    assert.ok(first, 'bob was told of a stream');
    await bob.act('unpublish');
    await ann.noticed('streamDestroyed', s => s.connection === bob.id && s.reason === 'unpublish');
    if (browser === 'firefox') await standInForScreen(bob.page);
    await bob.act('publish', { videoSource: 'screen' });
    await ann.noticed('streamCreated', s => s.connection === bob.id && s.type === 'SCREEN');
    await ann.receives(bob.id, { frames: 2 });

    // A token is good once.
    const { token } = await session.createConnection({ role: OpenViduRole.SUBSCRIBER });
    const eve = await OpenViduTab.open(t, 'eve', { browser });
    await eve.connect(token!);
    const again = await (await OpenViduTab.open(t, 'mallory', { browser })).tryConnect(token!);
    assert.equal(again.ok, false, JSON.stringify(again));
    assert.equal(again.error.code, 401, JSON.stringify(again));
    assert.equal(again.error.data.fault, 'token.spent');
    const refused = await eve.attempt('publish');
    assert.equal(refused.error?.name, 'OPENVIDU_PERMISSION_DENIED', JSON.stringify(refused));

    // A moderator removes somebody, and nobody else does.
    const denied = await bob.attempt('remove', eve.id);
    assert.equal(denied.ok, false, 'a publisher removes nobody');
    await ann.act('remove', eve.id);
    assert.equal((await eve.noticed('sessionDisconnected')).reason, 'forceDisconnectByUser');
    await bob.noticed('connectionDestroyed', c => c.id === eve.id);

    // One leaves, then the backend ends the session.
    await bob.act('disconnect');
    assert.equal((await ann.noticed('connectionDestroyed', c => c.id === bob.id)).reason, 'disconnect');
    await session.close();
    assert.equal((await ann.noticed('sessionDisconnected')).reason, 'sessionClosedByServer');
  });

  inEachBrowser('openvidu-offers', async (t, browser) => {
    const office = await backend(t);
    const session = await office.createSession({ customSessionId: sessionName() });
    const ann = await OpenViduTab.join(t, session, 'ann', { browser, offers: true });
    const bob = await OpenViduTab.join(t, session, 'bob', { offers: true }); // a Chromium, whatever ann is
    await Promise.all([ann.receives(bob.id), bob.receives(ann.id)]);
    assert.deepEqual([ann.offered, bob.offered], [1, 1]);
  }, { long: true });

  inEachBrowser('openvidu-reconnect', async (t, browser) => {
    const office = await backend(t);
    const session = await office.createSession({ customSessionId: sessionName() });
    const ann = await OpenViduTab.join(t, session, 'ann', { browser, role: OpenViduRole.MODERATOR });
    const bob = await OpenViduTab.join(t, session, 'bob', { browser });
    await Promise.all([ann.receives(bob.id), bob.receives(ann.id)]);

    // A socket drops: media goes on, and what was said meanwhile arrives.
    const drop = () => ann.eval(() => { for (const s of probe.sockets) if (s.readyState === WebSocket.OPEN) s.close(); });
    const connections = await ann.eval(() => probe.connections.length);
    await drop();
    await bob.act('signal', { type: 'chat', data: 'are you there' });
    await ann.noticed('reconnected');
    await ann.noticed('signal', s => s.data === 'are you there');
    await Promise.all([ann.receives(bob.id), bob.receives(ann.id)]);
    assert.equal(await ann.eval(() => probe.connections.length), connections, 'media was left alone');
    assert.ok(!(await bob.told()).some(n => n.kind === 'connectionDestroyed'), 'ann has her place');

    // Another drops, and this time the client builds all its connections anew;
    // bob's is built anew by the server.
    await ann.eval(() => ov.rebuildMedia());
    const before = await bob.eval(() => probe.connections.length);
    await drop();
    await poll('ann to be back again', async () => (await ann.told()).filter(n => n.kind === 'reconnected').length === 2);
    await bob.until('a new connection', n => probe.connections.length > n, before);
    await Promise.all([ann.receives(bob.id), bob.receives(ann.id)]);

    // A moderator ends a stream, and so does the backend.
    await ann.act('unpublishOther', bob.id);
    await ann.noticed('streamDestroyed', s => s.connection === bob.id);
    await bob.noticed('unpublished');
    await session.fetch();
    const hers = session.activeConnections.find(c => c.connectionId === ann.id)!.publishers[0];
    await session.forceUnpublish(hers);
    await bob.noticed('streamDestroyed', s => s.connection === ann.id);
    // The backend puts somebody out.
    await session.forceDisconnect(ann.id);
    assert.equal((await ann.noticed('sessionDisconnected')).reason, 'forceDisconnectByServer');
    await bob.noticed('connectionDestroyed', c => c.id === ann.id);
  }, { long: true });

  scenario('mixed-call', async t => {
    const room = await t.room();
    const office = await backend(t);
    const session = await office.createSession({ customSessionId: room.name });
    const hana = await t.join(room, 'hana', 'host');
    const otto = await OpenViduTab.join(t, session, 'otto');
    const ottoHere = { id: otto.id, name: 'otto' } as Tab;

    const seen = await otto.noticed('connectionCreated', c => c.id === hana.id);
    assert.equal(JSON.parse(seen.data.split('%/%')[0]).clientData, 'hana');
    const peer = await hana.knows(ottoHere);
    assert.equal(peer.name, 'otto');
    await Promise.all([otto.receives(hana.id), hana.sees(ottoHere), hana.hears(ottoHere)]);

    // Words, both ways.
    await otto.act('signal', { type: 'chat', data: 'hello from OpenVidu' });
    const { data } = await hana.noticed('NEW_MESSAGE', m => m.message === 'hello from OpenVidu');
    assert.equal(data.sender, otto.id);
    await hana.act('sendBroadcastMessage', 'hello from 100ms');
    const got = await otto.noticed('signal', s => s.data === 'hello from 100ms');
    assert.deepEqual({ type: got.type, from: got.from }, { type: 'signal:chat', from: hana.id });

    // Mutes, both ways.
    await hana.act('setLocalAudioEnabled', false);
    await otto.noticed('streamPropertyChanged', p => p.connection === hana.id && p.property === 'audioActive' && p.value === false);
    await otto.act('mute', 'video', false);
    const video = await hana.trackOf(ottoHere, 'video');
    await hana.until('otto has muted his video', id => tab.state().tracks[id].enabled === false, video);

    // A screen beside a camera is a connection of its own.
    await hana.act('setScreenShareEnabled', true);
    await otto.noticed('streamCreated', s => s.connection === `${hana.id}_SCREEN` && s.type === 'SCREEN');
    await otto.receives(`${hana.id}_SCREEN`, { frames: 2, sound: false });
    await hana.act('setScreenShareEnabled', false);
    await otto.noticed('connectionDestroyed', c => c.id === `${hana.id}_SCREEN`);

    // Leaving, both ways.
    await otto.act('disconnect');
    await poll('otto to be gone', async () => !(await hana.peer(otto.id)));
  });
});
