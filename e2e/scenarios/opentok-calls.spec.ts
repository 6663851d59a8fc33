// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What calls of the OpenTok library do, one by one, in a call of two.
// web/opentok/shown.json says of every call and every event where it is shown; those
// that it says are shown here are in this list, and no others.
import { readFileSync } from 'node:fs';
import { assert, poll } from '../lib/check.ts';
import type { AppTab } from '../lib/apptab.ts';
import { talk, talking } from '../lib/opentok.ts';
import { scenario, test } from '../lib/scenario.ts';

type Check = (ann: AppTab, bobs: string) => Promise<unknown>;

// gives is a check of what something in ann's page comes to.
const gives = (run: (bobs: string) => unknown, want: unknown): Check => async (ann, bobs) => assert.deepEqual(await ann.eval(run as any, bobs), want);
// refuses is a call that is refused as not supported.
const refuses = (call: string, ...args: unknown[]): Check => async (ann, bobs) => {
  const { error } = await ann.attempt('call', call.replace('BOB', bobs), ...args);
  assert.equal(error?.name, 'OT_NOT_SUPPORTED', call);
};

const calls: Record<string, Check> = {
  'OT.checkScreenSharingCapability': gives(async () => [(await ot.OT.checkScreenSharingCapability()).supported, await new Promise(resolve => ot.OT.checkScreenSharingCapability(r => resolve(r.supportedSources.screen)))], [true, true]),
  'OT.checkSystemRequirements': gives(() => ot.OT.checkSystemRequirements(), 1),
  'OT.getAudioOutputDevices': gives(async () => (await ot.OT.getAudioOutputDevices()).every(d => typeof d.deviceId === 'string' && typeof d.label === 'string'), true),
  'OT.setAudioOutputDevice': gives(async bobs => {
    const [first] = await ot.OT.getAudioOutputDevices();
    await ot.OT.setAudioOutputDevice(first!.deviceId!);
    return (ot.subscribers.get(bobs)!.element!.querySelector('video') as any).sinkId === first!.deviceId;
  }, true),
  'OT.getActiveAudioOutputDevice': gives(async () => (await ot.OT.getActiveAudioOutputDevice()).deviceId === (await ot.OT.getAudioOutputDevices())[0]!.deviceId, true),
  'OT.getSupportedCodecs': gives(async () => { const c = await ot.OT.getSupportedCodecs(); return [c.videoEncoders.includes('VP8'), c.videoDecoders.includes('VP8')]; }, [true, true]),
  'OT.getUserMedia': gives(async () => {
    const media = await ot.OT.getUserMedia({ audioSource: null });
    const kinds = media.getTracks().map(t => t.kind);
    for (const t of media.getTracks()) t.stop();
    return kinds;
  }, ['video']),
  'OT.initPublisher': gives(async () => {
    const publisher = await ot.OT.initPublisher.promise(undefined, { audioSource: null });
    const { parentElement } = publisher.element!;
    const width = publisher.videoWidth();
    publisher.destroy();
    return [parentElement === document.body, width! > 0, document.querySelectorAll('.OT_publisher').length];
  }, [true, true, 1]),
  'OT.setLogLevel': gives(() => {
    const said: string[] = [];
    const was = console.log;
    console.log = (...all: unknown[]) => { said.push(all.join(' ')); };
    for (const level of [0, 4]) { ot.OT.setLogLevel(level); ot.OT.log(`at ${level}`); }
    ot.OT.setLogLevel(0);
    console.log = was;
    return [said.length, said.some(s => s.includes('at 4'))];
  }, [1, true]),
  'OT.log': gives(async () => { ot.OT.log('for the report'); return typeof await ot.OT.reportIssue(); }, 'string'),
  'OT.on': gives(async () => {
    const heard: number[] = [];
    ot.OT.on('exception', e => heard.push(e.code));
    await ot.session.signal({ type: 'not good', data: '' }).catch(() => {});
    return heard;
  }, [400]),
  'OT.once': gives(async () => {
    const heard: number[] = [];
    ot.OT.once('exception', e => heard.push(e.code));
    for (let i = 0; i < 2; i++) await ot.session.signal({ type: 'not good', data: '' }).catch(() => {});
    return heard;
  }, [400]),
  'OT.off': gives(async () => {
    const heard: number[] = [];
    const hear = (e: { code: number }) => { heard.push(e.code); };
    ot.OT.on('exception', hear);
    ot.OT.off('exception', hear);
    await ot.session.signal({ type: 'not good', data: '' }).catch(() => {});
    return heard;
  }, []),
  'OT.registerScreenSharingExtension': gives(async () => {
    const was = MediaDevices.prototype.getDisplayMedia;
    delete (MediaDevices.prototype as any).getDisplayMedia;
    (window as any).chrome ??= {};
    const before = await ot.OT.checkScreenSharingCapability();
    ot.OT.registerScreenSharingExtension('chrome', 'abc', 2);
    const after = await ot.OT.checkScreenSharingCapability();
    MediaDevices.prototype.getDisplayMedia = was;
    return [before.extensionRegistered, after.extensionRegistered, after.extensionInstalled];
  }, [false, true, false]),
  'OT.upgradeSystemRequirements': gives(() => {
    const was = window.RTCPeerConnection;
    (window as any).RTCPeerConnection = undefined;
    ot.OT.upgradeSystemRequirements();
    window.RTCPeerConnection = was;
    const note = document.querySelector('[role=alert]');
    note?.remove();
    return note?.textContent?.includes('video calls');
  }, true),

  'session.getPublisherForStream': gives(() => ot.session.getPublisherForStream(ot.publishers.get('cam')!.stream!) === ot.publishers.get('cam'), true),
  'session.getSubscribersForStream': gives(bobs => { const s = ot.subscribers.get(bobs)!; const [one, ...more] = ot.session.getSubscribersForStream(s.stream!); return [one === s, more.length]; }, [true, 0]),

  'publisher.getAudioSource': gives(() => ot.publishers.get('cam')!.getAudioSource().kind, 'audio'),
  'publisher.getVideoSource': gives(() => { const v = ot.publishers.get('cam')!.getVideoSource(); return [v.type, v.track!.readyState, typeof v.deviceId]; }, ['camera', 'live', 'string']),
  'publisher.setVideoSource': gives(async () => {
    const publisher = ot.publishers.get('cam')!;
    const was = publisher.getVideoSource();
    await publisher.setVideoSource(was.deviceId!);
    const now = publisher.getVideoSource();
    return [now.track !== was.track, now.deviceId === was.deviceId, probe.connections.some(pc => pc.getSenders().some(s => s.track === now.track))];
  }, [true, true, true]),
  'publisher.getImgData': gives(() => ot.publishers.get('cam')!.getImgData()!.startsWith('iVBOR'), true),
  'publisher.videoWidth': gives(() => ot.publishers.get('cam')!.videoWidth(), 320),
  'publisher.videoHeight': gives(() => ot.publishers.get('cam')!.videoHeight(), 240),
  'publisher.publishAudio': gives(async () => {
    const publisher = ot.publishers.get('cam')!;
    await publisher.publishAudio.promise(false);
    const off = [publisher.getAudioSource().enabled, publisher.stream!.hasAudio];
    await publisher.publishAudio.promise(true);
    return [...off, publisher.getAudioSource().enabled, publisher.stream!.hasAudio];
  }, [false, false, true, true]),
  'publisher.getRtcStatsReport': gives(async () => { const [{ rtcStatsReport }] = await ot.publishers.get('cam')!.getRtcStatsReport() as any; return [...rtcStatsReport.values()].some((s: any) => s.type === 'outbound-rtp'); }, true),
  'publisher.setStyle': gives(() => { const p = ot.publishers.get('cam')!; p.setStyle('nameDisplayMode', 'on'); return p.element!.querySelector('.OT_name')!.classList.contains('OT_mode-on'); }, true),
  'publisher.getStyle': gives(() => ot.publishers.get('cam')!.getStyle().nameDisplayMode, 'on'),
  'publisher.setVideoContentHint': gives(async () => { const p = ot.publishers.get('cam')!; await p.setVideoContentHint('text'); return p.getVideoSource().track!.contentHint; }, 'text'),
  'publisher.getVideoContentHint': gives(() => ot.publishers.get('cam')!.getVideoContentHint(), 'text'),
  'publisher.setMaxVideoBitrate': gives(async () => {
    const publisher = ot.publishers.get('cam')!;
    await publisher.setMaxVideoBitrate(123_000);
    return Math.max(...probe.connections.flatMap(pc => pc.getSenders()).filter(s => s.track === publisher.getVideoSource().track).flatMap(s => s.getParameters().encodings).map(e => e.maxBitrate ?? 0));
  }, 123_000),
  'publisher.getMaxVideoBitrate': gives(() => ot.publishers.get('cam')!.getMaxVideoBitrate(), 123_000),
  'publisher.setVideoBitratePreset': gives(async () => {
    const publisher = ot.publishers.get('cam')!;
    await publisher.setVideoBitratePreset('bw_saver');
    return publisher.getMaxVideoBitrate() > 123_000;
  }, true),
  'publisher.getVideoBitratePreset': gives(() => ot.publishers.get('cam')!.getVideoBitratePreset(), 'bw_saver'),
  'publisher.setPreferredFrameRate': gives(async () => {
    const publisher = ot.publishers.get('cam')!;
    await publisher.setPreferredFrameRate(7);
    return probe.connections.flatMap(pc => pc.getSenders()).filter(s => s.track === publisher.getVideoSource().track).every(s => s.getParameters().encodings.every(e => e.maxFramerate === 7));
  }, true),
  'publisher.setPreferredResolution': gives(async () => {
    const publisher = ot.publishers.get('cam')!;
    const by = () => Math.max(...probe.connections.flatMap(pc => pc.getSenders()).filter(s => s.track === publisher.getVideoSource().track).flatMap(s => s.getParameters().encodings).map(e => e.scaleResolutionDownBy ?? 1));
    await publisher.setPreferredResolution({ width: 160, height: 120 });
    const half = by();
    await publisher.setPreferredResolution({ width: 320, height: 240 });
    return [half, by()];
  }, [2, 1]),
  'publisher.setTargetScalabilityMode': gives(() => {
    const publisher = ot.publishers.get('cam')!;
    let refused = '';
    try { publisher.setTargetScalabilityMode('S9' as any); } catch (e) { refused = (e as Error).name; }
    publisher.setTargetScalabilityMode('L1T2');
    return refused;
  }, 'OT_INVALID_PARAMETER'),
  'publisher.getTargetScalabilityMode': gives(() => ot.publishers.get('cam')!.getTargetScalabilityMode(), 'L1T2'),
  'publisher.applyAudioFilter': refuses('publisher:cam.applyAudioFilter', { type: 'advancedNoiseSuppression' }),
  'publisher.setAudioMediaProcessorConnector': refuses('publisher:cam.setAudioMediaProcessorConnector', {}),
  'publisher.clearAudioFilter': gives(() => ot.publishers.get('cam')!.clearAudioFilter(), undefined),
  'publisher.getAudioFilter': gives(() => ot.publishers.get('cam')!.getAudioFilter(), null),
  'publisher.getVideoFilter': gives(() => ot.publishers.get('cam')!.getVideoFilter(), null),

  'subscriber.videoWidth': gives(bobs => ot.subscribers.get(bobs)!.videoWidth()! > 0, true),
  'subscriber.videoHeight': gives(bobs => ot.subscribers.get(bobs)!.videoHeight()! > 0, true),
  'subscriber.setAudioVolume': gives(bobs => { const s = ot.subscribers.get(bobs)!; s.setAudioVolume(25); return s.element!.querySelector('video')!.volume; }, 0.25),
  'subscriber.getAudioVolume': gives(bobs => ot.subscribers.get(bobs)!.getAudioVolume(), 25),
  'subscriber.subscribeToAudio': gives(async bobs => {
    const subscriber = ot.subscribers.get(bobs)!;
    const { muted } = subscriber.element!.querySelector('video')!;
    await subscriber.subscribeToAudio.promise(false);
    const off = subscriber.element!.querySelector('video')!.muted;
    await subscriber.subscribeToAudio.promise(true);
    return [muted, off, subscriber.element!.querySelector('video')!.muted];
  }, [false, true, false]),
  'subscriber.isAudioBlocked': gives(bobs => ot.subscribers.get(bobs)!.isAudioBlocked(), false),
  'subscriber.getRtcStatsReport': gives(async bobs => [...(await ot.subscribers.get(bobs)!.getRtcStatsReport()).values()].some(s => s.type === 'inbound-rtp'), true),
  'subscriber.setStyle': gives(bobs => { const s = ot.subscribers.get(bobs)!; s.setStyle({ buttonDisplayMode: 'off' }); return s.element!.querySelector('.OT_mute')!.classList.contains('OT_mode-off'); }, true),
  'subscriber.getStyle': gives(bobs => ot.subscribers.get(bobs)!.getStyle().buttonDisplayMode, 'off'),
  // What is asked of the server is what it sends of the picture.
  'subscriber.restrictFrameRate': gives(async bobs => {
    const asked = ot.asked();
    await ot.subscribers.get(bobs)!.restrictFrameRate.promise(true);
    await ot.subscribers.get(bobs)!.restrictFrameRate.promise(false);
    return asked().filter(f => f.method === 'updateSubscription').map(f => f.params.layer);
  }, ['low', 'high']),
  'subscriber.setPreferredResolution': gives(async bobs => {
    const asked = ot.asked();
    const subscriber = ot.subscribers.get(bobs)!;
    await subscriber.setPreferredResolution({ width: 80, height: 60 });
    await subscriber.setPreferredResolution({ width: 320, height: 240 });
    return asked().filter(f => f.method === 'updateSubscription').map(f => f.params.layer);
  }, ['low', 'high']),
  'subscriber.setPreferredFrameRate': gives(async bobs => {
    const subscriber = ot.subscribers.get(bobs)!;
    await subscriber.setPreferredFrameRate(15);
    return subscriber.setPreferredFrameRate(0).catch((e: Error) => e.name);
  }, 'OT_INVALID_PARAMETER'),
  'subscriber.subscribeToCaptions': refuses('subscriber:BOB.subscribeToCaptions', true),
  'subscriber.isSubscribedToCaptions': gives(bobs => ot.subscribers.get(bobs)!.isSubscribedToCaptions(), false),
  'subscriber.setCaptionsTranslationLanguage': refuses('subscriber:BOB.setCaptionsTranslationLanguage', 'de-DE'),
  'subscriber.getCaptionsTranslationLanguage': gives(bobs => ot.subscribers.get(bobs)!.getCaptionsTranslationLanguage(), null),
  'subscriber.setAudioMediaProcessorConnector': refuses('subscriber:BOB.setAudioMediaProcessorConnector', {}),
  'subscriber.setVideoMediaProcessorConnector': refuses('subscriber:BOB.setVideoMediaProcessorConnector', {}),

  // These end things, so they come last.
  'session.unsubscribe': gives(bobs => {
    const subscriber = ot.subscribers.get(bobs)!;
    ot.session.unsubscribe(subscriber);
    return [subscriber.element, document.querySelectorAll('.OT_subscriber').length, ot.session.getSubscribersForStream(subscriber.stream!).length];
  }, [undefined, 0, 0]),
  'session.setIceConfig': gives(async bobs => {
    await ot.session.setIceConfig({ includeServers: 'all', transportPolicy: 'relay', customServers: [] });
    const made = probe.connections.length;
    const again = ot.session.subscribe(ot.subscribers.get(bobs)!.stream!, undefined, {}, () => {});
    while (probe.connections.length === made) await new Promise(resolve => setTimeout(resolve, 10));
    ot.session.unsubscribe(again);
    return [probe.connections.at(-1)!.getConfiguration().iceTransportPolicy, await ot.session.setIceConfig({ includeServers: 'few' } as any).catch((e: Error) => e.name)];
  }, ['relay', 'OT_INVALID_PARAMETER']),
  'session.unpublish': async ann => {
    await ann.eval(() => { ot.session.unpublish(ot.publishers.get('cam')!); });
    await ann.noticed('publisher.streamDestroyed', s => s.reason === 'clientDisconnected');
  },
};

test.describe('opentok', () => {
  scenario('opentok-calls', async t => {
    const shown: Record<string, string> = JSON.parse(readFileSync(new URL('../../web/opentok/shown.json', import.meta.url), 'utf8')).calls;
    assert.deepEqual(Object.keys(calls).sort(), Object.keys(shown).filter(name => shown[name] === 'opentok-calls').sort());
    const session = await talking(t);
    const [ann, bob] = await Promise.all([talk(t, session, 'ann'), talk(t, session, 'bob', { publish: { initials: 'BO' } })]);
    await ann.receives(bob.id);
    await poll('both sizes', () => ann.eval(bobs => ot.subscribers.get(bobs)!.videoWidth()! > 0 && ot.publishers.get('cam')!.videoWidth(), bob.id));
    // Initials are there for when no picture is.
    const initials = (shown: boolean) => poll(`initials ${shown ? 'to be shown' : 'to be hidden'}`, async () => await ann.page.locator('.OT_subscriber .OT_initials', { hasText: 'BO' }).isVisible() === shown);
    await initials(false);
    await bob.act('call', 'publisher:cam.publishVideo', false);
    await initials(true);
    await bob.act('call', 'publisher:cam.publishVideo', true);
    await initials(false);
    const failed: string[] = [];
    for (const [name, check] of Object.entries(calls)) {
      await check(ann, bob.id).catch((e: Error) => failed.push(`${name}: ${e.message}`));
    }
    assert.deepEqual(failed, []);
  });
});
