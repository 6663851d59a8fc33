// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Apps of OpenTok on the library that the server has for them.
import { assert, poll } from '../lib/check.ts';
import { backend as openVidu, OpenViduTab } from '../lib/openvidu.ts';
import { openTalker, talk, talking, tokenOf } from '../lib/opentok.ts';
import { scenario, test } from '../lib/scenario.ts';
import type { Tab } from '../lib/tab.ts';

test.describe('opentok', () => {
  // A call: streams both ways, several of one connection, mutes, signals, statistics.
  scenario('opentok-call', async t => {
    const session = await talking(t);
    const ann = await talk(t, session, 'ann');
    const bob = await talk(t, session, 'bob');
    await Promise.all([ann.receives(bob.id), bob.receives(ann.id)]);

    // What is there is told in order, and own streams are the publisher's.
    const told = (await bob.told()).map(n => n.kind);
    const order = ['session.connectionCreated', 'session.sessionConnected', 'session.streamCreated'].map(kind => told.indexOf(kind));
    assert.deepEqual([...order].sort((a, b) => a - b), order, told.join());
    const hers = await bob.noticed('session.streamCreated', s => s.stream === ann.id);
    assert.deepEqual([hers.name, hers.video, hers.hasAudio, hers.hasVideo], ['ann', 'camera', true, true]);
    assert.ok(!(await ann.told()).some(n => n.kind === 'session.streamCreated' && n.data.stream === ann.id));
    assert.equal((await ann.noticed('session.connectionCreated', c => c.about === 'bob')).about, 'bob');

    // The default user interface has the classes that apps style and wait for.
    assert.deepEqual(await ann.eval(() => [...document.querySelectorAll('.OT_publisher:not(.OT_loading) .OT_widget-container > video.OT_video-element, .OT_subscriber:not(.OT_loading) video.OT_video-element')].length), 2);
    assert.equal(await ann.eval(() => { const p = ot.publishers.get('cam')!; return p.element!.id === p.id && p.element!.parentElement!.id; }), 'publisher');

    // A second stream of one connection, from a canvas of the app's and without sound.
    await bob.act('publish', 'drawing', { canvas: true, audioSource: null, name: 'drawing' });
    const drawing = (await bob.eval(() => ot.idOf('drawing')))!;
    const second = await ann.noticed('session.streamCreated', s => s.stream === drawing);
    assert.deepEqual([second.name, second.video, second.of, second.hasAudio], ['drawing', 'custom', (await bob.eval(() => ot.session.connection!.connectionId)), false]);
    await Promise.all([ann.receives(drawing, { sound: false, frames: 3 }), ann.receives(bob.id)]);
    await bob.eval(() => { ot.publishers.get('drawing')!.destroy(); });
    await ann.noticed('session.streamDestroyed', s => s.stream === drawing && s.reason === 'clientDisconnected');
    await ann.noticed('subscriber.destroyed', s => s.who === drawing);
    await bob.noticed('publisher.destroyed', p => p.who === 'drawing');
    await ann.receives(bob.id);

    // Mutes.
    await bob.act('call', 'publisher:cam.publishVideo', false);
    await ann.noticed('session.streamPropertyChanged', c => c.stream === bob.id && c.changedProperty === 'hasVideo' && c.newValue === false);
    await ann.noticed('subscriber.videoDisabled', s => s.who === bob.id && s.reason === 'publishVideo');
    await bob.act('call', 'publisher:cam.publishVideo', true);
    await ann.noticed('subscriber.videoEnabled', s => s.who === bob.id && s.reason === 'publishVideo');
    await ann.act('call', `subscriber:${bob.id}.subscribeToVideo.promise`, false);
    await ann.noticed('subscriber.videoDisabled', s => s.reason === 'subscribeToVideo');
    await ann.act('call', `subscriber:${bob.id}.subscribeToVideo.promise`, true);
    await ann.receives(bob.id);

    // Signals: one's own is heard as well; one to another is not.
    await ann.act('call', 'session.signal', { type: 'msg', data: 'hello' });
    for (const tab of [ann, bob]) {
      const m = await tab.noticed('session.signal', s => s.data === 'hello');
      assert.deepEqual([m.type, m.from], ['signal:msg', await ann.eval(() => ot.session.connection!.connectionId)]);
    }
    await bob.act('call', 'session.signal', { type: 'msg', data: 'for ann', $to: hers.of });
    await ann.noticed('session.signal', s => s.data === 'for ann');
    assert.ok(!(await bob.told()).some(n => n.data.data === 'for ann'));

    // Statistics and pictures.
    const stats = await poll('statistics', async () => {
      const s = await ann.act('call', `subscriber:${bob.id}.getStats`);
      return s.video.bitrate > 0 && s.audio.packetsReceived > 0 && s;
    });
    assert.deepEqual([stats.video.width > 0, typeof stats.video.codec, typeof stats.timestamp], [true, 'string', 'number']);
    const [{ stats: sent }] = await ann.act('call', 'publisher:cam.getStats');
    assert.ok(sent.audio.packetsSent > 0 && sent.video.bytesSent > 0, JSON.stringify(sent));
    assert.match(await ann.act('call', `subscriber:${bob.id}.getImgData`), /^iVBOR/);
    assert.match(await ann.act('call', 'OT.reportIssue'), /\w+/);
    for (const kind of ['publisher.audioLevelUpdated', 'subscriber.audioLevelUpdated', 'publisher.accessAllowed', 'publisher.videoElementCreated', 'publisher.mediaStreamAvailable',
      'publisher.streamCreated', 'subscriber.connected', 'subscriber.videoElementCreated', 'subscriber.mediaStreamAvailable', 'subscriber.qualityScoreChanged']) await ann.noticed(kind);
    assert.deepEqual((await ann.told()).filter(n => n.kind === 'exception' || n.kind === 'initFailed'), []);

    // The end: whoever is left hears of it, and everything is given back.
    await bob.act('call', 'session.disconnect');
    await bob.noticed('session.sessionDisconnected', s => s.reason === 'clientDisconnected');
    await bob.noticed('publisher.streamDestroyed', s => s.reason === 'clientDisconnected');
    await bob.noticed('subscriber.destroyed', s => s.reason === 'clientDisconnected');
    await ann.noticed('session.streamDestroyed', s => s.stream === bob.id && s.reason === 'clientDisconnected');
    await ann.noticed('session.connectionDestroyed', c => c.reason === 'clientDisconnected');
    await poll('nothing to be open, shown or captured', () => bob.eval(() => probe.connections.every(c => c.signalingState === 'closed') && !document.querySelector('.OT_root')));
  });

  // What moderators do, and what is refused to whoever is none.
  scenario('opentok-force', async t => {
    const session = await talking(t);
    const mod = await talk(t, session, 'mod', { role: 'moderator', publish: false });
    const bob = await talk(t, session, 'bob');
    const stream = await mod.noticed('session.streamCreated', s => s.stream === bob.id);
    await mod.receives(bob.id);
    assert.deepEqual(await mod.eval(() => ot.session.capabilities), { publish: 1, subscribe: 1, forceDisconnect: 1, forceUnpublish: 1, forceMute: 1 });
    for (const [method, code] of [['forceDisconnect', 1520], ['forceUnpublish', 1530]] as const) {
      const arg = method === 'forceUnpublish' ? { $stream: 'cam' } : { $connection: await bob.eval(() => ot.session.connection!.connectionId) };
      const { error } = await bob.attempt('call', `session.${method}`, arg);
      assert.deepEqual([error?.name, error?.code], ['OT_PERMISSION_DENIED', code]);
    }

    await mod.act('call', 'session.forceMuteStream', { $stream: bob.id });
    await bob.noticed('publisher.muteForced');
    await mod.noticed('session.streamPropertyChanged', c => c.stream === bob.id && c.changedProperty === 'hasAudio' && !c.newValue);
    await bob.act('call', 'publisher:cam.publishAudio', true);
    await mod.noticed('session.streamPropertyChanged', c => c.stream === bob.id && c.changedProperty === 'hasAudio' && c.newValue);
    await mod.act('call', 'session.forceMuteAll', []);
    await bob.noticed('session.muteForced');
    await mod.act('call', 'session.disableForceMute');

    await mod.act('call', 'session.forceUnpublish', { $stream: bob.id });
    await bob.noticed('publisher.streamDestroyed', s => s.reason === 'forceUnpublished');
    await mod.noticed('session.streamDestroyed', s => s.stream === bob.id && s.reason === 'forceUnpublished');
    const again = await mod.attempt('call', 'session.forceUnpublish', { $stream: bob.id });
    assert.deepEqual([again.error?.name, again.error?.code], ['OT_INVALID_PARAMETER', 1535]);

    await mod.act('call', 'session.forceDisconnect', { $connection: stream.of });
    await bob.noticed('session.sessionDisconnected', s => s.reason === 'forceDisconnected');
    await mod.noticed('session.connectionDestroyed', c => c.connection === stream.of && c.reason === 'forceDisconnected');

    // A subscriber's token publishes nothing.
    const eve = await openTalker(t, 'eve');
    await eve.act('connect', session.key, session.id, tokenOf(session, { role: 'subscriber' }));
    const { error } = await eve.attempt('publish', 'cam', {});
    assert.deepEqual([error?.name, error?.code], ['OT_PERMISSION_DENIED', 1500]);
    await eve.noticed('exception', e => e.code === 1500 && e.title === 'Unable to Publish');
  });

  // The socket is cut: the call goes on, and what is said meanwhile arrives.
  scenario('opentok-reconnect', async t => {
    const session = await talking(t);
    const ann = await talk(t, session, 'ann');
    const bob = await talk(t, session, 'bob');
    await Promise.all([ann.receives(bob.id), bob.receives(ann.id)]);
    const connection = await ann.eval(() => ot.session.connection!.connectionId);
    // Said in the moment of the cut: one waits, one does not want to.
    const [waits, not] = await ann.eval(async () => {
      const lost = new Promise<void>(resolve => ot.session.once('sessionReconnecting', () => resolve()));
      for (const s of probe.sockets) if (s.readyState === WebSocket.OPEN) s.close();
      await lost;
      return Promise.all([ot.call('session.signal', { data: 'later' }), ot.call('session.signal', { data: 'now', retryAfterReconnect: false })]);
    });
    assert.equal(waits!.ok, true, JSON.stringify(waits));
    assert.deepEqual([not!.error?.name, not!.error?.code], ['OT_NOT_CONNECTED', 500]);
    await ann.noticed('session.sessionReconnected');
    await ann.noticed('subscriber.disconnected');
    await poll('the subscriber to be connected again', async () => (await ann.told()).filter(n => n.kind === 'subscriber.connected').length === 2);
    await bob.noticed('session.signal', s => s.data === 'later');
    assert.ok(!(await bob.told()).some(n => n.data.data === 'now' || n.kind === 'session.connectionDestroyed'), 'others see nothing of it');
    assert.equal(await ann.eval(() => ot.session.connection!.connectionId), connection);
    await Promise.all([ann.receives(bob.id), bob.receives(ann.id)]);
  });

  // Devices that may not be used or are not there: the handler of the publisher and that of publishing hear of it.
  scenario('opentok-devices', async t => {
    const session = await talking(t);
    for (const [kind, name] of [['no-permission', 'OT_USER_MEDIA_ACCESS_DENIED'], ['no-devices', 'OT_NO_DEVICES_FOUND']] as const) {
      const eve = await openTalker(t, `eve-${kind}`, { kind });
      await eve.act('connect', session.key, session.id, tokenOf(session));
      const { error } = await eve.attempt('publish', 'cam', {});
      assert.deepEqual([error?.name, error?.code, error?.own], [name, 1500, true], JSON.stringify(error));
      await eve.noticed('initFailed', e => e.name === name);
      if (kind === 'no-permission') await eve.noticed('publisher.accessDenied');
      await eve.noticed('exception', e => e.code === 1500);
    }
    const ann = await openTalker(t, 'ann');
    const outcome = async (properties: object) => { const { error } = await ann.attempt('preview', 'cam', properties); return [error?.name, error?.code]; };
    assert.deepEqual(await outcome({ videoSource: 'no-such-camera' }), ['OT_CONSTRAINTS_NOT_SATISFIED', 1500]);
    assert.deepEqual(await outcome({ audioSource: null, videoSource: false }), ['OT_NO_VALID_CONSTRAINTS', 1500]);
    assert.deepEqual(await outcome({ target: 'nowhere' }), ['OT_INVALID_PARAMETER', 1011]);
    // Devices without a session: a preview, another microphone and the next camera. The
    // browser takes its time, as it does while it asks the person.
    await ann.eval(() => {
      const { getUserMedia } = MediaDevices.prototype;
      MediaDevices.prototype.getUserMedia = async function (constraints) {
        MediaDevices.prototype.getUserMedia = getUserMedia;
        await new Promise(resolve => setTimeout(resolve, 500));
        return getUserMedia.call(this, constraints);
      };
    });
    await ann.act('preview', 'own', {});
    for (const kind of ['publisher.accessDialogOpened', 'publisher.accessDialogClosed']) await ann.noticed(kind, p => p.who === 'own');
    const devices = await ann.act('call', 'OT.getDevices');
    assert.ok(['audioInput', 'videoInput'].every(kind => devices.some((d: any) => d.kind === kind && d.deviceId)), JSON.stringify(devices));
    await ann.act('call', 'publisher:own.setAudioSource', devices.find((d: any) => d.kind === 'audioInput').deviceId);
    await ann.noticed('publisher.audioInputDeviceChanged');
    assert.ok((await ann.act('call', 'publisher:own.cycleVideo')).deviceId);
    await ann.noticed('publisher.audioLevelUpdated');
    await ann.eval(() => { ot.publishers.get('own')!.destroy(); });
    await ann.noticed('publisher.destroyed', p => p.who === 'own');
  });

  // What is told of pictures that change, devices that go, browsers that play nothing yet and networks that get bad.
  scenario('opentok-events', { idle: true, ms: 120_000 }, async t => {
    const session = await talking(t);
    const ann = await openTalker(t, 'ann');
    await ann.eval(() => {
      // Packets are lost as long as the test says so.
      const { getStats } = RTCPeerConnection.prototype;
      let lost = 0;
      Object.assign(window, { lossy: false, touched: false });
      // Nothing is played before the person has done something; whatever a test does in a page counts as that.
      const { play } = HTMLMediaElement.prototype;
      HTMLMediaElement.prototype.play = function () {
        return (window as any).touched || this.muted ? play.call(this) : Promise.reject(new DOMException('play() failed', 'NotAllowedError'));
      };
      RTCPeerConnection.prototype.getStats = async function (this: RTCPeerConnection, ...args: any) {
        const report: any = new Map(await (getStats as any).apply(this, args));
        if ((window as any).lossy) lost += 5000;
        for (const [id, s] of report) if (s.type === 'inbound-rtp' || s.type === 'remote-inbound-rtp') report.set(id, { ...s, packetsLost: lost, roundTripTime: 0.01 });
        return report;
      } as any;
    });
    const bob = await talk(t, session, 'bob', { publish: { canvas: true } });
    await ann.act('connect', session.key, session.id, tokenOf(session));
    await ann.noticed('subscriber.audioBlocked', () => true, { ms: 20_000 });
    await ann.eval(() => { (window as any).touched = true; });
    await ann.act('call', 'OT.unblockAudio');
    await ann.noticed('subscriber.audioUnblocked');

    // The picture has another size.
    await ann.noticed('subscriber.qualityScoreChanged', () => true, { ms: 20_000 });
    await bob.eval(() => ot.resize(320, 240));
    await bob.noticed('publisher.videoDimensionsChanged', e => e.newValue.width === 320);
    await ann.noticed('subscriber.videoDimensionsChanged', e => e.newValue.width === 320, { ms: 20_000 });
    await ann.noticed('session.streamPropertyChanged', e => e.changedProperty === 'videoDimensions' && e.newValue.width === 320);
    await ann.noticed('subscriber.videoQualityChanged', e => e.reason === 'resolutionChange', { ms: 20_000 });
    await bob.noticed('publisher.videoQualityChanged', e => e.reason === 'resolutionChange', { ms: 20_000 });

    // The network gets bad: a warning that is lifted, then sound alone, and video again.
    await ann.act('publish', 'cam', { canvas: true, audioFallback: { publisher: true } });
    const lossy = (on: boolean) => ann.eval(on => { (window as any).lossy = on; }, on);
    const both = async (event: string) => { for (const kind of ['publisher', 'subscriber']) await ann.noticed(`${kind}.${event}`, e => !e.reason || e.reason === 'quality', { ms: 40_000 }); };
    await lossy(true);
    await both('videoDisableWarning');
    await lossy(false);
    await both('videoDisableWarningLifted');
    await lossy(true);
    await both('videoDisabled');
    await bob.noticed('session.streamPropertyChanged', e => e.changedProperty === 'hasVideo' && e.newValue === false);
    await lossy(false);
    await both('videoEnabled');
    for (const kind of ['publisher', 'subscriber']) await ann.noticed(`${kind}.networkConditionChanged`);

    // A device that is unplugged ends its track, and the stream with it.
    const stream = await bob.eval(() => ot.idOf('cam'));
    await bob.eval(() => {
      const publisher = ot.publishers.get('cam')!;
      for (const track of [publisher.getAudioSource(), publisher.getVideoSource().track!]) {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('gone', 'NotFoundError'));
        track.stop();
        track.dispatchEvent(new Event('ended'));
      }
    });
    await bob.noticed('publisher.mediaStopped');
    await bob.noticed('publisher.streamDestroyed', e => e.reason === 'mediaStopped');
    await ann.noticed('session.streamDestroyed', e => e.stream === stream && e.reason === 'mediaStopped');
  });

  // The page that the server has for this, with the library as the server has it.
  scenario('opentok-page', async t => {
    const session = await talking(t);
    const place = await t.place();
    const browser = await place.browserOf();
    const uncaught: string[] = [];
    const open = async (name: string, token = tokenOf(session, { data: name })) => {
      const context = await browser.newContext();
      t.cleanup(() => context.close());
      const page = await context.newPage();
      page.on('pageerror', e => uncaught.push(String(e)));
      page.on('console', m => { if (/Content.Security.Policy/i.test(m.text())) uncaught.push(m.text()); });
      await page.goto(`${place.server.url}/ot/#key=${session.key}&session=${session.id}&token=${token}&name=${name}`);
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
    // An error is shown by its number, its name and what to do about it.
    const eve = await open('eve', tokenOf({ ...session, secret: 'guess' }));
    await eve.getByTestId('join').click();
    const error = eve.locator('[data-testid=errors] [data-code="1004"][data-fault="token.signature"]');
    await error.waitFor();
    assert.match((await error.textContent())!, /1004 OT_AUTHENTICATION_ERROR/);
    await bob.getByTestId('leave').click();
    await ann.locator('[data-testid=tile][data-name=bob]').waitFor({ state: 'detached' });
    assert.deepEqual(uncaught, []);
    // Pages of others load the library from here.
    const script = await fetch(`${place.server.url}/opentok/opentok.js`);
    assert.deepEqual([script.status, script.headers.get('cross-origin-resource-policy')], [200, 'cross-origin']);
  });

  // A room with an OpenTok page, a 100ms page and an OpenVidu page.
  scenario('opentok-mixed', { ms: 90_000 }, async t => {
    const world = await t.ownWorld();
    const { openTok: { apiKey, sessionId, token }, info: { rooms: [demo] } } = world.server;
    const olga = await openTalker(t, 'olga');
    await olga.act('connect', apiKey, sessionId, token);
    await olga.act('publish', 'cam', { name: 'olga' });
    const otto = await OpenViduTab.join(t, await (await openVidu(t)).createSession({ customSessionId: demo!.name }), 'otto');
    const hana = await t.join(demo!, 'hana');
    const connection = await olga.eval(() => ot.session.connection!.connectionId);
    const of = async (id: string) => (await olga.noticed('session.streamCreated', s => s.of === id && s.video === 'camera', { ms: 20_000 })).stream;
    await Promise.all([
      olga.receives(await of(otto.id)), olga.receives(await of(hana.id)), otto.receives(connection), otto.receives(hana.id),
      hana.sees({ id: connection, name: 'olga' } as Tab), hana.sees(otto as unknown as Tab), hana.hears({ id: connection, name: 'olga' } as Tab),
    ]);
  });
});

