// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Causes on her own device, in Chromium, and those of the handshake of media.
import { replay, udp, type About, type Stage } from '../lib/replay.ts';
import type { TabOptions } from '../lib/tab.ts';

const devices = ['capture.denied', 'capture.policy_blocked', 'device.not_found', 'device.in_use', 'page.insecure', 'browser.webrtc_missing', 'capture.system_denied'];

function capture(name: string, cause: string, how: string, about: Partial<About> = {}, options: (s: Stage) => TabOptions = () => ({})) {
  replay(name, { how, cause, wrong: devices.filter(c => c !== cause), browser: true, ...about }, async s => {
    await s.others(1);
    const alice = await s.t.open(s.room, 'alice', 'host', { world: s.hers, ...options(s) });
    alice.expectUncaught.push(/./);
    await alice.tryJoin({ ms: 15_000 });
    return s.told({ type: ['client.publish.failed', 'client.join.failed', 'client.connect.failed'], room_id: undefined }, { ms: 30_000 });
  });
}

capture('camera-denied', 'capture.denied', 'she has not allowed camera and microphone', { client: { kind: 'no-permission' } });
capture('camera-blocked-by-policy', 'capture.policy_blocked', 'the page is served with a Permissions-Policy that allows nobody camera and microphone', {},
  s => ({ url: `${s.hers.site.origin}/?policy=camera=(),microphone=()` }));
capture('camera-blocked-by-policy-no-prompt', 'capture.policy_blocked', 'the same, in a browser that would have to ask', { client: { kind: 'no-permission' }, heldOut: true },
  s => ({ url: `${s.hers.site.origin}/?policy=camera=(),microphone=()` }));
// With witness.js in the page, which knows whether the page may ask.
capture('camera-denied-witness', 'capture.denied', 'she has not allowed camera and microphone, and the page has witness.js', { client: { kind: 'no-permission' } },
  () => ({ page: { first: 'witness.js' } }));
capture('camera-blocked-by-policy-witness', 'capture.policy_blocked', 'the page may not ask for devices, in a browser that would have to ask, and has witness.js', { client: { kind: 'no-permission' } },
  () => ({ page: { first: 'witness.js', policy: 'camera=(), microphone=()' } }));
// Where the page may use one of the two, Chromium gives that one alone, and the SDK says that the other was not found.
capture('microphone-blocked-by-policy-witness', 'capture.policy_blocked', 'the page may ask for the camera alone and asks for both, and has witness.js', {},
  () => ({ page: { first: 'witness.js', policy: 'microphone=()' } }));
capture('video-blocked-by-policy-witness', 'capture.policy_blocked', 'the page may ask for the microphone alone and asks for both, and has witness.js', { heldOut: true },
  () => ({ page: { first: 'witness.js', policy: 'camera=()' } }));
capture('video-blocked-by-policy-witness-no-prompt', 'capture.policy_blocked', 'the same, in a browser that would have to ask', { client: { kind: 'no-permission' }, heldOut: true },
  () => ({ page: { first: 'witness.js', policy: 'camera=()' } }));
capture('no-devices', 'device.not_found', 'her machine has no camera and no microphone', { client: { kind: 'no-devices' } });
capture('camera-in-use', 'device.in_use', 'getUserMedia rejects as Chromium does for a camera in use; its test cameras can always be read', { heldOut: true }, () => ({
  before: () => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('Could not start video source', 'NotReadableError'));
  },
}));
const handshake = ['dtls.datagrams_lost', 'dtls.one_way', 'dtls.fingerprint', 'network.media_blocked', 'network.udp_blocked', 'server.media_blocked'];
const dtls = `${udp} @th,64,8 20-63`; // by the first byte of the payload (RFC 7983, section 7)

const lost = (name: string, cause: string, how: string, match: string, directions: { up?: boolean; down?: boolean }, about: Partial<About> = {}) =>
  replay(name, { how, cause, wrong: handshake.filter(c => c !== cause), ...about }, async s => {
    await s.others();
    await s.line.lose(match, directions);
    let id: string;
    if (about.browser) {
      const alice = await s.t.open(s.room, 'alice', 'host', { world: s.hers });
      await alice.startJoin();
      id = alice.id;
    } else {
      id = (await s.go('alice', s.hers)).id;
    }
    return s.told({ peer_id: id, type: 'client.publish.failed' }, { where: e => (e as any).redial?.server });
  });

lost('dtls-large-lost-chromium', 'dtls.datagrams_lost', 'datagrams of the handshake over 1,100 bytes are lost on the way from her Chromium; her first flight has some',
  `${udp} udp length > 1108 @th,64,8 20-63`, { down: false }, { browser: true });
lost('dtls-larger-than-500-lost-chromium', 'dtls.datagrams_lost', 'datagrams of the handshake over 500 bytes are lost both ways',
  `${udp} udp length > 508 @th,64,8 20-63`, {}, { browser: true, heldOut: true });
lost('dtls-lost-go', 'dtls.datagrams_lost', 'all datagrams of the handshake are lost on the way from her Go client', dtls, { down: false });
lost('dtls-lost-back-go', 'dtls.one_way', 'the datagrams of the handshake are lost on the way to her Go client', dtls, { up: false });
lost('dtls-lost-back-chromium', 'dtls.one_way', 'the datagrams of the handshake are lost on the way to her Chromium', dtls, { up: false }, { browser: true, heldOut: true });

replay('dtls-fingerprint-chromium', {
  how: 'her Chromium is told another fingerprint than that of the server\'s certificate',
  cause: 'dtls.fingerprint', wrong: handshake.filter(c => c !== 'dtls.fingerprint'), browser: true,
}, async s => {
  await s.others();
  const alice = await s.t.open(s.room, 'alice', 'host', {
    world: s.hers,
    before: () => {
      const set = RTCPeerConnection.prototype.setRemoteDescription;
      RTCPeerConnection.prototype.setRemoteDescription = function (description) {
        const sdp = description.sdp?.replace(/(a=fingerprint:\S+ )(..)/g, (_, name, first) => name + (first === '00' ? '01' : '00'));
        return (set as any).call(this, { type: description.type, sdp });
      };
    },
  });
  await alice.startJoin();
  return s.told({ peer_id: alice.id, type: 'client.publish.failed' }, { where: e => (e as any).redial?.server });
});
