// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mock, test } from "node:test";
import { CallError } from "../../core/src";
import { sourcesOf } from "../src/acquire";
import { sorted } from "../src/args";
import { call, exceptions } from "../src/calls";
import { event, OTEventEmitter } from "../src/emitter";
import { OTError, otError, reworded } from "../src/errors";
import { Fallback } from "../src/monitor";
import { streamReason } from "../src/reasons";
import { carries, Reception } from "../src/reception";
import { withOpus } from "../src/sdp";
import { fieldsOf, serverOf } from "../src/sessionid";
import { readSignal } from "../src/signal";
import { condition, publisherStats, qualityScore, subscriberStats, videoChange } from "../src/stats";
import { Connection } from "../src/stream";
import { version } from "../src/version";

const b64 = (text) => Buffer.from(text).toString("base64url");
const idOf = (...fields) => `1_${b64(fields.join("~"))}`;

test("the version is the manifest's", () => {
  assert.equal(version, JSON.parse(readFileSync(join(process.cwd(), "opentok/package.json"), "utf8")).version);
});

test("handlers are called with their context, in order, by one name, several or a map, and once if asked so", () => {
  const e = new OTEventEmitter();
  const told = [];
  const context = { who: "ctx" };
  assert.equal(e.on("a b", function (x) { told.push([this?.who, x.type]); }, context), e, "calls can be chained");
  e.on({ a: () => told.push("map"), missing: undefined });
  e.once("a", () => told.push("once"));
  for (let i = 0; i < 2; i++) e.dispatchEvent(event("a", e, {}));
  e.dispatchEvent(event("b", e, {}));
  assert.deepEqual(told, [["ctx", "a"], "map", "once", ["ctx", "a"], "map", ["ctx", "b"]]);
});

test("handlers are removed by name, by handler, by context, by map, or all", () => {
  const of = () => {
    const e = new OTEventEmitter();
    const told = [];
    const one = () => told.push("one"), two = () => told.push("two");
    const context = {};
    e.on("x", one).on("x", two, context).on("y", one);
    const after = (remove) => { remove(e, { one, two, context }); for (const name of ["x", "y"]) e.dispatchEvent(event(name, e, {})); return told.join(); };
    return after;
  };
  assert.equal(of()((e) => e.off("x")), "one");
  assert.equal(of()((e, { one }) => e.off("x", one)), "two,one");
  assert.equal(of()((e, { context }) => e.off("x", undefined, context)), "one,one");
  assert.equal(of()((e, { two }) => e.off({ x: two })), "one,one");
  assert.equal(of()((e) => e.off()), "");
  assert.throws(() => new OTEventEmitter().on("x", "nothing"), { name: "OT_INVALID_PARAMETER", code: 1011 });
});

test("what is done by default comes after all handlers, unless one of an event that can be prevented has prevented it", () => {
  const e = new OTEventEmitter();
  const told = [];
  e.on("x", (x) => { if (x.stop) x.preventDefault(); told.push(x.isDefaultPrevented()); }).on("x", () => told.push("second"));
  e.dispatchEvent(event("x", e, {}, true), () => told.push("default"));
  e.dispatchEvent(event("x", e, { stop: true }, true), () => told.push("never"));
  e.dispatchEvent(event("x", e, { stop: true }, false), () => told.push("cannot be prevented"));
  assert.deepEqual(told, [false, "second", "default", true, "second", false, "second", "cannot be prevented"]);
});

test("what a handler throws reaches the page and keeps nobody else from hearing", (t) => {
  const later = [];
  t.mock.method(globalThis, "queueMicrotask", (run) => later.push(run));
  const e = new OTEventEmitter();
  const told = [];
  e.on("x", () => { throw new Error("mine"); }).on("x", () => told.push("heard"));
  e.dispatchEvent(event("x", e, {}), () => told.push("default"));
  assert.deepEqual(told, ["heard", "default"]);
  assert.throws(later[0], { message: "mine" });
});

test("arguments may be left out from the middle", () => {
  const handler = () => {};
  const element = { nodeType: 1 };
  for (const [given, want] of [
    [[], {}], [[handler], { handler }], [["id"], { target: "id" }], [["id", handler], { target: "id", handler }], [[element, { width: 7 }], { target: element, properties: { width: 7 } }],
    [[{ width: 7 }, handler], { properties: { width: 7 }, handler }], [[undefined, { width: 7 }], { properties: { width: 7 } }], [["id", undefined, handler], { target: "id", handler }],
    [[null, null, handler], { target: null, handler }],
  ]) {
    assert.deepEqual(sorted(given), { target: want.target, properties: want.properties ?? {}, handler: want.handler }, JSON.stringify(given));
  }
});

test("an error reaches the handler, the promise and the exception event, the same one, and nobody has to catch it", async () => {
  const told = [];
  const hear = (e) => told.push(["exception", e.code, e.title]);
  exceptions.on("exception", hear);
  const thrown = call("publish", {}, (e) => told.push(["handler", e.code, e.name]), () => { throw new CallError("permission.publish", "publish"); });
  const error = await thrown.catch((e) => e);
  await null;
  exceptions.off("exception", hear);
  assert.ok(error instanceof OTError && error instanceof Error);
  assert.deepEqual([error.name, error.code, error.fault], ["OT_PERMISSION_DENIED", 1500, "permission.publish"]);
  assert.deepEqual(told, [["exception", 1500, "Unable to Publish"], ["handler", 1500, "OT_PERMISSION_DENIED"]]);
  const failures = [];
  process.once("unhandledRejection", (e) => failures.push(e));
  void call("publish", {}, undefined, () => { throw new Error("nobody listens"); });
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(failures, []);
});

test("the same fault is worded as the method that failed words it", () => {
  for (const [fault, operation, name, code] of [
    ["ice.failed", "publish", "OT_ICE_WORKFLOW_FAILED", 1553], ["ice.failed", "subscribe", "OT_ICE_WORKFLOW_FAILED", 1554],
    ["client.not_connected", "message", "OT_NOT_CONNECTED", 500], ["client.not_connected", "remove", "OT_NOT_CONNECTED", 1010],
    ["permission.denied", "remove", "OT_PERMISSION_DENIED", 1520], ["permission.denied", "force-unpublish", "OT_PERMISSION_DENIED", 1530],
    ["stream.not_published", "force-unpublish", "OT_INVALID_PARAMETER", 1535], ["track.not_found", "subscribe", "OT_STREAM_NOT_FOUND", 1600],
    ["device.selected_missing", "capture", "OT_CONSTRAINTS_NOT_SATISFIED", 1500], ["capture.denied", "capture", "OT_USER_MEDIA_ACCESS_DENIED", 1500],
    ["signal.silent", "publish", "OT_TIMEOUT", 1500], ["endpoint.unreachable", "connect", "OT_CONNECT_FAILED", 1006], ["network.offline", "connect", "OT_NOT_CONNECTED", 1006],
    ["token.expired", "connect", "OT_AUTHENTICATION_ERROR", 1004], ["room.not_found", "connect", "OT_INVALID_SESSION_ID", 1005], ["access.terms", "connect", "OT_TERMS_OF_SERVICE_FAILURE", 1026],
    ["report.failed", "report", "OT_REPORT_ISSUE_FAILED", 2011], ["peer.not_found", "message", "OT_NOT_FOUND", 404], ["rate.limited", "message", "OT_RATE_LIMIT_EXCEEDED", 429],
    ["server.internal", "publish", "Error", 2000], ["client.internal", "connect", "Error", 2000],
  ]) {
    const e = otError(new CallError(fault, operation), operation);
    assert.deepEqual([e.name, e.code], [name, code], `${fault} in ${operation}`);
  }
  const camera = otError(new CallError("device.not_found", "capture"), "capture");
  assert.deepEqual([reworded(camera, "publish").name, reworded(camera, "publish").code], ["OT_NO_DEVICES_FOUND", 1500]);
  assert.equal(otError(new TypeError("x is undefined"), "connect").code, 2000);
});

test("a session id names its server; one that is none is refused as that", () => {
  const url = "https://rtc.example.org:8443";
  assert.equal(serverOf(idOf(1, "key", "", "Thu", "rnd", b64(`${url}/`), "")), url);
  assert.equal(fieldsOf(idOf(1, "key", "loc", "Thu", "rnd", ""))[1], "key");
  for (const id of ["", "x", "1_", "1_%%%", "1_" + b64("no fields"), "x_" + b64("1~key~~~~"), idOf(1, "", "", "", "")]) {
    assert.throws(() => serverOf(id), { name: "OT_INVALID_SESSION_ID", code: 1005 }, id);
  }
});

test("a signal is a short text to one or to all, and anything else is refused by what it is", () => {
  const to = new Connection({ id: "con_1", createdAt: 1, metadata: "" });
  assert.deepEqual(readSignal({ type: "a-b_c~1", data: "x", to }), { type: "a-b_c~1", data: "x", to: ["con_1"], retry: true });
  assert.deepEqual(readSignal({ data: { a: 1 }, retryAfterReconnect: false }), { type: "", data: '{"a":1}', to: [], retry: false });
  assert.equal(readSignal({ data: "é".repeat(4096) }).data.length, 4096, "8192 bytes");
  const circular = {};
  circular.self = circular;
  for (const [code, signal] of [
    [400, undefined], [400, "text"], [400, { type: "a b" }], [400, { type: 7 }], [400, { to: "con_1" }], [400, { to: {} }], [400, { data: circular }], [400, { data: () => {} }],
    [413, { type: "a".repeat(129) }], [413, { data: "é".repeat(4097) }],
  ]) {
    assert.throws(() => readSignal(signal), (e) => otError(e, "message").code === code && otError(e, "message").name === "OT_INVALID_PARAMETER", `${code}`);
  }
});

test("parameters of Opus are added where it is, once, and nothing else changes", () => {
  const sdp = "v=0\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:96 VP8/90000\r\na=fmtp:96 x=1\r\n";
  const tuned = withOpus(sdp, { stereo: true, maxAverageBitrate: 128_000, dtx: true });
  assert.equal(tuned, sdp.replace("useinbandfec=1", "useinbandfec=1;stereo=1;sprop-stereo=1;maxaveragebitrate=128000;usedtx=1"));
  assert.equal(withOpus(tuned, { stereo: true, maxAverageBitrate: 128_000, dtx: true }).match(/stereo=1/g).length, 2);
  assert.equal(withOpus(sdp, {}), sdp);
  assert.ok(withOpus("a=rtpmap:111 opus/48000/2\r\n", { stereo: true }).includes("a=fmtp:111 stereo=1;sprop-stereo=1"));
});

test("sources: devices, tracks of the app, a screen without a microphone, and nothing at all", () => {
  assert.deepEqual(sourcesOf({}, "capture").audio, true);
  assert.deepEqual(sourcesOf({ audioSource: null }, "capture").audio, false);
  assert.deepEqual(sourcesOf({ videoSource: "cam" }, "capture").video.deviceId, { exact: "cam" });
  assert.deepEqual(sourcesOf({ videoSource: "screen" }, "capture"), { audio: false, video: "screen" });
  assert.equal(sourcesOf({ videoSource: "screen", audioSource: true }, "capture").audio, true);
  assert.deepEqual(sourcesOf({ resolution: "1280x720", frameRate: 15 }, "capture").video, { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 15, max: 15 } });
  assert.deepEqual(sourcesOf({ constraints: { video: { mandatory: { minWidth: 7 } } }, audioSource: false }, "capture").video.minWidth, { exact: 7 });
  assert.throws(() => sourcesOf({ audioSource: false, videoSource: null }, "publish"), { name: "OT_NO_VALID_CONSTRAINTS", code: 1500 });
  for (const wrong of [{ frameRate: 24 }, { resolution: "huge" }, { audioSource: 7 }, { videoSource: "" }, { maxResolution: { width: 1 } }]) {
    assert.throws(() => sourcesOf(wrong, "capture"), (e) => e.name === "OT_INVALID_PARAMETER" && e.message.includes(Object.keys(wrong)[0]), JSON.stringify(wrong));
  }
});

const report = (...rows) => new Map(rows.map((r) => [r.id, r]));

test("statistics have what was received and sent, and no key for a kind that is absent", () => {
  const video = (n) => ({ id: "v", type: "inbound-rtp", kind: "video", bytesReceived: n, packetsReceived: n / 100, packetsLost: 0, codecId: "c", frameWidth: 640, frameHeight: 480, framesPerSecond: 30, timestamp: n });
  const codec = { id: "c", type: "codec", mimeType: "video/VP8" };
  const before = report(video(1000), codec), now = report(video(3000), codec);
  const stats = subscriberStats(now, before);
  assert.ok(!("audio" in stats));
  assert.deepEqual([stats.video.codec, stats.video.width, stats.video.bitrate, stats.mediaLink.transport.networkCondition], ["VP8", 640, 8000, "excellent"]);
  const sent = publisherStats(report({ id: "a", type: "outbound-rtp", kind: "audio", bytesSent: 5, packetsSent: 1 }));
  assert.ok(!("video" in sent));
  assert.deepEqual(sent.audio, { bytesSent: 5, packetsLost: 0, packetsSent: 1 });
});

test("the condition of a network is worse the more is lost and the longer it takes", () => {
  assert.deepEqual([0, 0.02, 0.05, 0.1, 0.3].map((loss) => condition(loss, 0.05).condition), ["excellent", "good", "fair", "warning", "critical"]);
  assert.deepEqual(condition(0, 2), { condition: "critical", reason: "bandwidth" });
  assert.deepEqual(condition(undefined, 0), { condition: "unknown", reason: "unknown" });
  const stats = (lost, got) => ({ audio: { packetsLost: lost, packetsReceived: got } });
  assert.deepEqual([qualityScore(stats(0, 100)).audioQualityScore, qualityScore(stats(100, 100)).audioQualityScore], [5, 1]);
  const v = { codec: "VP8", width: 640, height: 480, frameRate: 30, packetsReceived: 9 };
  assert.equal(videoChange({ ...v, width: 320, height: 240 }, v), "resolutionChange");
  assert.equal(videoChange({ ...v, codec: "H264" }, v), "codecChange");
  assert.equal(videoChange({ ...v, frameRate: 0 }, v), "videoInterruption");
  assert.equal(videoChange(v, v), undefined);
});

test("video is given up after a warning, and comes back when the network is good for a while", () => {
  const told = [];
  const f = new Fallback({ warn: () => told.push("warn"), lift: () => told.push("lift"), disable: () => told.push("disable"), enable: () => told.push("enable") });
  const take = (...conditions) => conditions.forEach((c) => f.take(c));
  take("excellent", "unknown", "warning", "good", "good");
  assert.deepEqual(told, ["warn", "lift"]);
  take("critical", "critical", "critical");
  assert.deepEqual(told.slice(2), ["warn", "disable"]);
  take("good", "good", "critical", "good", "good", "good", "good");
  assert.equal(f.off, true);
  take("good");
  assert.deepEqual(told.slice(4), ["enable"]);
});

test("reasons are those of the API", () => {
  assert.deepEqual(["mediaStopped", "forceUnpublishByUser", "forceDisconnectByServer", "networkDisconnect", "disconnect", ""].map(streamReason),
    ["mediaStopped", "forceUnpublished", "forceDisconnected", "networkDisconnected", "clientDisconnected", "clientDisconnected"]);
});

// pass lets time pass, as mocked timers show it: in steps.
const pass = (ms) => { for (; ms > 0; ms -= 250) mock.timers.tick(250); };

// path is a media connection that a test has in its hand, and what the server says of it.
function path() {
  const room = { mediaBlocked: false };
  const pc = Object.assign(new EventTarget(), { connectionState: "connecting" });
  const outcome = { is: "open" };
  return { room, pc, outcome, try: (operation) => carries(room, () => pc, operation).then(() => { outcome.is = "carries"; }, (e) => { outcome.is = otError(e, operation); }) };
}

for (const [operation, code] of [["publish", 1553], ["subscribe", 1554]]) {
  test(`${operation}: where no media comes through, it fails with OT_ICE_WORKFLOW_FAILED as soon as the server knows, though the browser goes on trying`, async () => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
    const { room, outcome, try: attempt } = path();
    const done = attempt(operation);
    pass(8_000);
    room.mediaBlocked = true;
    pass(1_500);
    assert.equal(outcome.is, "open", "it may speak of another connection");
    pass(1_000);
    mock.timers.reset();
    await done;
    assert.deepEqual([outcome.is.code, outcome.is.name], [code, "OT_ICE_WORKFLOW_FAILED"]);
  });
}

test("a connection that takes the place of one that is waited for is waited for in turn", async () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const first = Object.assign(new EventTarget(), { connectionState: "connecting" });
  const second = Object.assign(new EventTarget(), { connectionState: "new" });
  let pc = first, is = "open";
  const done = carries({ mediaBlocked: false }, () => pc, "subscribe").then(() => { is = "carries"; }, () => { is = "failed"; });
  pass(1_000);
  first.connectionState = "closed";
  pc = second;
  pass(1_000);
  await Promise.resolve();
  assert.equal(is, "open", "the server has the connection made anew");
  second.connectionState = "connected";
  second.dispatchEvent(new Event("connectionstatechange"));
  pass(250);
  mock.timers.reset();
  await done;
  assert.equal(is, "carries");
});

test("what the server said of an earlier attempt does not fail this one", async () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const { room, pc, outcome, try: attempt } = path();
  room.mediaBlocked = true;
  const done = attempt("publish");
  pass(1_500);
  room.mediaBlocked = false;
  pass(5_000);
  pc.connectionState = "connected";
  pc.dispatchEvent(new Event("connectionstatechange"));
  mock.timers.reset();
  await done;
  assert.equal(outcome.is, "carries");
});

test("a reception whose connection is up is looked after when the server says that nothing comes through", async () => {
  let bytes = 0;
  const pc = Object.assign(new EventTarget(), { connectionState: "connected", getStats: async () => new Map([["a", { type: "inbound-rtp", bytesReceived: bytes }]]) });
  const room = { mediaBlocked: false, subscribe: () => ({ pc, ready: Promise.resolve() }) };
  const reception = new Reception(room, {});
  assert.equal(await reception.arrives(), true);
  room.mediaBlocked = true;
  assert.equal(await reception.arrives(), false, "not a byte has come");
  bytes = 100;
  assert.equal(await reception.arrives(), true, "what is blocked is another connection");
  mock.timers.enable({ apis: ["Date"], now: Date.now() + 3_000 });
  assert.equal(await reception.arrives(), false, "no more has come for a time");
  mock.timers.reset();
  pc.connectionState = "failed";
  room.mediaBlocked = false;
  assert.equal(await reception.arrives(), false);
});
