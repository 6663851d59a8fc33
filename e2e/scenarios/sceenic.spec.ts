// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Apps of Sceenic WatchTogether on wtsdk.
import { assert, poll } from '../lib/check.ts';
import { scenario, test } from '../lib/scenario.ts';
import { connect, openWatcher, watching } from '../lib/sceenic.ts';

test.describe('sceenic', () => {
  scenario('sceenic-call', async t => {
    const session = await watching(t);
    const ann = await openWatcher(t, 'ann');

    // A look at oneself, and which devices there are.
    assert.deepEqual(await ann.act('call', 'doPreview', { audio: true, video: true }), ['audio', 'video']);
    const devices = await ann.act('call', 'getMediaDevices');
    assert.ok(devices.camera.length > 0 && devices.microphone.length > 0 && devices.camera[0].value, JSON.stringify(devices));

    await connect(ann, session, { metadata: { seat: 7, participantId: 'forged' } });
    const bob = await connect(await openWatcher(t, 'bob'), session);

    // Each knows the other by name, with what the app said of them beside it.
    const hers = await bob.noticed('streamCreated', s => s.participantId === ann.id);
    assert.deepEqual({ name: hers.participantName, local: hers.local, seat: hers.seat, has: hers.streamConstraints }, { name: 'ann', local: false, seat: 7, has: { audio: true, video: true } });
    await Promise.all([ann.receives(bob.id), bob.receives(ann.id)]);
    await Promise.all([ann, bob].map(tab => tab.noticed('speaking', p => p.participantId === bob.id))); // the camera of the tests beeps

    // Mutes; whoever mutes is told, too.
    await bob.act('call', 'Participant.disableAudio');
    for (const tab of [ann, bob]) await tab.noticed('mediaChanged', c => c.participantId === bob.id && c.mediaType === 'AUDIO' && c.mediaState === 'DISABLED');
    await ann.noticed('stopSpeaking', p => p.participantId === bob.id);
    await bob.act('call', 'Participant.disableVideo');
    await ann.noticed('mediaChanged', c => c.participantId === bob.id && c.mediaType === 'VIDEO' && c.mediaState === 'DISABLED');
    await bob.act('call', 'Participant.enableAudio');
    await bob.act('call', 'Participant.enableVideo');
    await ann.receives(bob.id);

    // Messages, and where the player is.
    await ann.act('call', 'Session.sendMessage', 'hello');
    for (const tab of [ann, bob]) {
      const m = await tab.noticed('message', m => m.message === 'hello');
      assert.deepEqual([m.participantId, m.participantName, m.local], [ann.id, 'ann', tab === ann]);
    }
    await ann.act('call', 'Session.sendPlayerData', 1234);
    assert.equal((await bob.noticed('playerData', d => d.data === 1234)).participantId, ann.id);

    // A socket drops: media goes on, and what was said meanwhile arrives.
    const connections = () => ann.eval(() => probe.connections.length);
    const had = await connections();
    await ann.dropSocket();
    await bob.act('call', 'Session.sendMessage', 'are you there');
    await ann.noticed('resumed');
    await ann.noticed('message', m => m.message === 'are you there');
    await Promise.all([ann.receives(bob.id), bob.receives(ann.id)]);
    assert.equal(await connections(), had, 'media was left alone');
    // What the library knows of the device is in the record of the loss.
    const { rest } = await t.world();
    const known = ({ witness: w }: any) => w && w.paths.every((p: any) => p.protocol); // not yet in a report of the moment after connecting
    const lost: any = await rest.event({ room_id: session.room, peer_id: ann.id, type: 'client.disconnected' }, e => known(e.data));
    const { by, live, paths } = lost.data.witness;
    assert.ok(by === 'core' && live.audio > 0 && live.video > 0, JSON.stringify(lost.data.witness));
    assert.deepEqual(paths.map((p: any) => [p.state, p.protocol]), [['connected', 'udp'], ['connected', 'udp']]);
    assert.ok(!(await bob.told()).some(n => n.kind === 'participantLeft'), 'ann has her place');
    assert.equal((await ann.told()).filter(n => n.kind === 'streamCreated' && n.data.participantId === bob.id).length, 2, 'streams are told again');

    // How somebody takes part changes, there and back.
    await bob.act('call', 'Session.setLocalParticipantType', 'VIEWER');
    await poll('ann to receive nothing of bob', async () => !(await ann.eval(id => page.flow(id), bob.id)));
    const state = await ann.act('call', 'Session.getSessionState');
    assert.equal(state.participants.find((p: any) => p.participantId === bob.id || p.id === bob.id).type, 'VIEWER', JSON.stringify(state));
    await bob.act('call', 'Session.setLocalParticipantType', 'FULL_PARTICIPANT');
    await ann.receives(bob.id);
    await bob.receives(ann.id);

    // Somebody who only watches.
    const eve = await openWatcher(t, 'eve');
    await eve.act('call', 'Session.connectAsAViewer', session.token, 'eve');
    await eve.receives(ann.id);
    await eve.receives(bob.id);
    await eve.act('call', 'Session.enableStats');
    await eve.noticed('stats', s => s.length === 2 && s.every((one: any) => one.tracks.some((r: any) => r.direction === 'received' && r.packets > 0)));

    // One leaves and comes back on the same SDK, whose listeners are the same.
    await bob.act('call', 'Session.disconnect');
    await ann.noticed('participantLeft', p => p.participantId === bob.id);
    await bob.eval(() => { page.journal.told.length = 0; });
    await connect(bob, session);
    await Promise.all([ann.receives(bob.id), bob.receives(ann.id)]);
    assert.deepEqual((await ann.told()).filter(n => n.kind === 'error'), []);
    for (const tab of [ann, bob, eve]) await tab.act('call', 'Session.disconnect');
    await poll('nothing to be open or captured', () => ann.eval(() => probe.connections.every(c => c.signalingState === 'closed')));
  });

  // Devices that may not be used, by the numbers of the vendor's web page.
  scenario('sceenic-devices', async t => {
    const session = await watching(t);
    const eve = await openWatcher(t, 'eve', { kind: 'no-permission' });
    for (const [code, constraints] of [[107, { audio: false, video: true }], [108, { audio: true, video: false }]] as const) {
      const outcome = await eve.attempt('connect', session.token, 'eve', constraints);
      assert.deepEqual([outcome.error?.code, outcome.error?.fault], [code, 'capture.denied'], JSON.stringify(outcome));
      await eve.noticed('error', e => e.code === code);
    }
    await eve.act('call', 'Session.connectAsAViewer', session.token, 'eve'); // who only watches needs none
  });

  // The page that the server has for this, by the link that "redial dev" prints.
  scenario('sceenic-page', async t => {
    const session = await watching(t);
    const place = await t.place();
    const { url } = place.server;
    const browser = await place.browserOf();
    const open = async (name: string) => {
      const context = await browser.newContext();
      t.cleanup(() => context.close());
      const page = await context.newPage();
      await page.goto(`${url}/watch/#token=${session.token}&name=${name}`);
      return page;
    };
    const [ann, bob] = [await open('ann'), await open('bob')];
    for (const page of [ann, bob]) await page.getByTestId('join').click();
    for (const page of [ann, bob]) {
      for (const name of ['ann', 'bob']) {
        const video = page.locator(`[data-testid=tile][data-name=${name}] video`);
        await poll(`${name} to be seen`, () => video.evaluate((v: HTMLVideoElement) => v.currentTime > 0.5).catch(() => false), { ms: 20_000 });
      }
    }
    await ann.getByTestId('audio').click();
    await bob.locator('[data-testid=tile][data-name=ann][data-muted=AUDIO]').waitFor();
    await bob.getByTestId('message').fill('hello');
    await bob.getByTestId('send').click();
    await ann.getByTestId('messages').getByText('hello').waitFor();

    // An error is shown in plain words, and to developers by its number and by what to do about it.
    const again = await open('ann');
    await again.getByTestId('join').click();
    const error = again.locator('[data-testid=errors] [data-code="104"]');
    await error.waitFor();
    assert.match(await error.getByTestId('error-user').innerText(), /your name/);
    await error.locator('summary').click();
    assert.match(await error.innerText(), /existingUserInSession[^]+\w+/);
    await bob.getByTestId('leave').click();
    await ann.locator('[data-testid=tile][data-name=bob]').waitFor({ state: 'detached' });
  });

  scenario('sceenic-sync', async t => {
    const group = await watching(t);
    const ann = await openWatcher(t, 'ann');
    const bob = await openWatcher(t, 'bob');
    await ann.eval(() => { watch.set({ position: 60_000, playing: true }); });
    await ann.act('follow', group.token, 'viewer');
    await bob.act('follow', group.token, 'viewer'); // the same name, as apps have it

    // Bob's player starts and goes where ann's is.
    const apart = async () => {
      const [a, b] = await Promise.all([ann.eval(() => watch.where()), bob.eval(() => watch.where())]);
      return b.playing && Math.abs(a.position - b.position);
    };
    await poll('bob to be in step', async () => { const d = await apart(); return d !== false && d < 1500; });
    await ann.eval(() => { watch.set({ position: 600_000, playing: false }); });
    await ann.eval(() => watch.sync.setGroupPosition());
    await poll('bob to follow the jump, and stand', async () => { const b = await bob.eval(() => watch.where()); return !b.playing && b.position === 600_000; });
    const refused = await bob.eval(() => watch.sync.setGroupPosition().then(() => 0, (e: any) => e.code));
    assert.equal(refused, 106, 'only the synchroniser moves the group');
    await ann.eval(() => watch.sync.sendMessageToGroup('look at that'));
    await bob.noticed('chat', m => m.message === 'look at that' && !m.local);
  });
});
