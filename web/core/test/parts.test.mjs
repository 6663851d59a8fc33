// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { captureFailure } from "../src/devices";
import { checkIceServers } from "../src/media";
import { Roster } from "../src/roster";
import { levelBetween, SpeakingGate } from "../src/speaking";
import { trackStats } from "../src/stats";

function roster() {
  const told = [];
  const r = new Roster({
    participantJoined: (p) => told.push(`joined ${p.name}`), participantLeft: (p, why) => told.push(`left ${p.name} ${why}`),
    participantChanged: (p) => told.push(`${p.name} is ${p.type}`), streamAdded: (s) => told.push(`+${s.id}`),
    streamRemoved: (s, why) => told.push(`-${s.id} ${why}`), streamChanged: (s, kind, active) => told.push(`${s.id} ${kind} ${active}`),
  });
  return { r, told };
}
const stream = { id: "s1", hasAudio: true, hasVideo: true, audioActive: true, videoActive: false, typeOfVideo: "CAMERA" };

test("the roster tells everything once, and in an order that makes sense", () => {
  const { r, told } = roster();
  assert.ok(r.joined({ id: "me", participantName: "Me", value: [{ id: "a", participantName: "Ann", streams: [stream] }] }));
  r.take("participantJoined", { id: "b", participantName: "Bob" });
  r.take("participantPublished", { id: "b", participantName: "Bob", streams: [{ ...stream, id: "s2" }] });
  r.take("participantPublished", { id: "b", participantName: "Bob", streams: [{ ...stream, id: "s2" }] }); // told twice
  r.take("participantJoined", { id: "me", participantName: "Me" }); // never about oneself
  r.take("participantTypeChanged", { connectionId: "b", type: "VIEWER" });
  r.take("participantLeft", { connectionId: "b", reason: "disconnect" });
  r.take("participantLeft", { connectionId: "b", reason: "disconnect" });
  assert.deepEqual(told, ["joined Ann", "+s1", "joined Bob", "+s2", "Bob is VIEWER", "-s2 disconnect", "left Bob disconnect"]);
  assert.deepEqual([...r.participants.keys()], ["me", "a"]);
});

test("mutes change what is known, and only what is there", () => {
  const { r, told } = roster();
  r.joined({ id: "me", value: [{ id: "a", streams: [{ ...stream, hasVideo: false }] }] });
  const mute = (property, newValue) => r.take("streamPropertyChanged", { connectionId: "a", streamId: "s1", property, newValue });
  mute("audioActive", "false");
  mute("audioActive", "false");
  mute("videoActive", "true"); // it has no video
  mute("audioActive", "perhaps");
  mute("videoDimensions", "{}");
  assert.deepEqual(told.slice(2), ["s1 audio false"]);
  assert.equal(r.stream("s1").info.active.audio, false);
});

test("what a server may say and should not harms nothing", () => {
  const { r, told } = roster();
  assert.equal(r.joined({ value: "x" }), false);
  assert.ok(r.joined({ id: "me", value: [null, 7, {}, { id: 3 }, { id: "a", streams: [null, { id: "" }, 4] }] }));
  for (const method of ["participantJoined", "participantPublished", "participantLeft", "participantTypeChanged", "streamPropertyChanged", "participantUnpublished"]) {
    for (const params of [{}, { id: {} }, { connectionId: [] }, { id: "__proto__", streams: {} }]) r.take(method, params);
  }
  assert.deepEqual(told.filter((x) => x.startsWith("+")), []);
});

test("a beep is speech, a pause of a word is not its end, a second of silence is", () => {
  const gate = new SpeakingGate();
  assert.equal(gate.feed(0.001, 0), false);
  assert.equal(gate.feed(0.05, 200), true);
  assert.equal(gate.feed(0, 700), false);
  assert.equal(gate.feed(0.05, 900), false);
  assert.equal(gate.feed(0, 1800), false);
  assert.equal(gate.feed(0, 1900), true);
  assert.equal(gate.speaking, false);
});

test("the level is that of the time between two readings", () => {
  assert.equal(levelBetween({ energy: 1, duration: 10 }, { energy: 1.04, duration: 11 }).toFixed(3), "0.200");
  assert.equal(levelBetween({ energy: 1, duration: 10 }, { energy: 1, duration: 10 }), 0);
  assert.equal(levelBetween({ energy: 1, duration: 10 }, { energy: 0, duration: 1 }), 0); // a new connection counts anew
});

test("ICE servers are checked as a browser would", () => {
  const bad = (server) => assert.throws(() => checkIceServers([server]), { fault: "ice.server_invalid" }, JSON.stringify(server));
  const good = (server) => checkIceServers([server]);
  for (const urls of ["stun:example.org", "stun:example.org:3478", "stuns:192.0.2.1:5349", "stun:[2001:db8::1]:3478"]) good({ urls });
  good({ urls: ["turn:example.org?transport=tcp", "turns:example.org:443?transport=tcp"], username: "u", credential: "c" });
  for (const urls of ["", "http://example.org", "stun:", "stun:example.org:0", "stun:example.org:99999", "stun:a b", "stun:example.org/path", "turn:example.org?x=1"]) bad({ urls, username: "u", credential: "c" });
  bad({ urls: "turn:example.org" });
});

const denied = Object.assign(new Error("denied"), { name: "NotAllowedError" });
test("a refused device is named, by what was asked for or by what the browser knows", async () => {
  const is = async (thrown, options, permissions, fault, device) => {
    const f = await captureFailure(thrown, options, async (d) => permissions[d]);
    assert.deepEqual({ fault: f.fault, device: f.details.device }, { fault, device });
  };
  await is(denied, { video: true }, {}, "capture.denied", "camera");
  await is(denied, { audio: true }, {}, "capture.denied", "microphone");
  await is(denied, { audio: true, video: true }, { microphone: "denied", camera: "granted" }, "capture.denied", "microphone");
  await is(denied, { audio: true, video: true }, {}, "capture.denied", undefined);
  await is(Object.assign(new Error("x"), { name: "NotFoundError" }), { video: true }, {}, "device.not_found", "camera");
  await is(Object.assign(new Error("x"), { name: "OverconstrainedError", constraint: "deviceId" }), { audio: { deviceId: { exact: "gone" } } }, {}, "device.selected_missing", "microphone");
  await is(Object.assign(new Error("x"), { name: "Strange" }), { audio: true }, {}, "capture.failed", "microphone");
});

test("layers of a track are counted together, and what the server reports of it is beside them", () => {
  const report = new Map([
    ["c", { type: "codec", mimeType: "video/VP8" }],
    ["o1", { id: "o1", type: "outbound-rtp", kind: "video", mid: "0", codecId: "c", bytesSent: 10, packetsSent: 1, framesEncoded: 3, frameWidth: 160, frameHeight: 90 }],
    ["o2", { id: "o2", type: "outbound-rtp", kind: "video", mid: "0", codecId: "c", bytesSent: 90, packetsSent: 4, framesEncoded: 3, frameWidth: 640, frameHeight: 360 }],
    ["r2", { type: "remote-inbound-rtp", localId: "o2", packetsLost: 2, roundTripTime: 0.05, jitter: 0.001 }],
    ["i", { id: "i", type: "inbound-rtp", kind: "audio", mid: "1", bytesReceived: 7, packetsReceived: 2, packetsLost: 1 }],
  ]);
  assert.deepEqual(trackStats(report).map((r) => [r.direction, r.kind, r.codec, r.bytes, r.packets, r.lost, r.width, r.roundTrip]), [
    ["sent", "video", "video/VP8", 100, 5, 2, 640, 0.05],
    ["received", "audio", undefined, 7, 2, 1, undefined, undefined],
  ]);
});
