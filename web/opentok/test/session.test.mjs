// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Sessions against a server that the test plays: the answers by HTTP and the frames of the socket.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { settled, TestSocket } from "../../core/test/socket.mjs";
import OT from "../src";
import { setBase } from "../src/sessionid";

const idOf = (n) => `1_${Buffer.from(`1~key~~Thu~rnd${n}~${Buffer.from("http://server").toString("base64url")}~x~`).toString("base64url")}`;
let sessionId = idOf(0);
const capabilities = { publish: 1, subscribe: 1, forceDisconnect: 1, forceUnpublish: 1, forceMute: 1 };
const info = { url: "ws://server/opentok", token: "wire", role: "moderator", capabilities };
const stream = (id, more = {}) => ({ id, createdAt: 5, hasAudio: true, hasVideo: true, audioActive: true, videoActive: true, typeOfVideo: "CAMERA", name: "Bob's", videoDimensions: '{"width":640,"height":480}', ...more });
const bob = { id: "con_bob", createdAt: 3, metadata: "name=Bob", streams: [stream("s1"), stream("s2", { typeOfVideo: "SCREEN", name: "" })] };
const joined = { id: "con_me", createdAt: 4, metadata: "name=Me", value: [bob], sessionId: "secret", iceServers: [] };

let answer, asked, exceptions;

beforeEach(() => {
  sessionId = idOf(++number); // sessions are known by their id
  TestSocket.made = [];
  TestSocket.broken = false;
  answer = () => new Response(JSON.stringify(info));
  asked = [];
  exceptions = [];
  mock.method(globalThis, "fetch", async (url, init) => { asked.push({ url, ...init }); return answer(url, init); });
  globalThis.WebSocket = TestSocket;
  OT.off();
  OT.setLogLevel(0);
  OT.on("exception", (e) => exceptions.push(e.code));
});
afterEach(async () => {
  OT.sessions.forEach((s) => void s.disconnect());
  await settled();
  mock.restoreAll();
});

const socket = () => TestSocket.made.at(-1);
const macro = () => new Promise((resolve) => setTimeout(resolve, 2));
const until = async (what) => { while (!what()) await macro(); };
let number = 0;

async function connected(result = joined) {
  const session = OT.initSession("key", sessionId);
  const told = [];
  session.on({
    connectionCreated: (e) => told.push(`connectionCreated ${e.connection.connectionId}`), sessionConnected: () => told.push("sessionConnected"),
    streamCreated: (e) => told.push(`streamCreated ${e.stream.streamId}`), streamDestroyed: (e) => told.push(`streamDestroyed ${e.stream.streamId} ${e.reason}`),
    connectionDestroyed: (e) => told.push(`connectionDestroyed ${e.connection.connectionId} ${e.reason}`),
    sessionReconnecting: () => told.push("reconnecting"), sessionReconnected: () => told.push("reconnected"), sessionDisconnected: (e) => told.push(`sessionDisconnected ${e.reason}`),
    streamPropertyChanged: (e) => told.push(`${e.changedProperty} ${JSON.stringify(e.oldValue)} ${JSON.stringify(e.newValue)}`), muteForced: () => told.push("muteForced"),
  });
  assert.equal(session.connect("T1==app", (error) => told.push(error ? `handler ${error.name}` : "handler")), session);
  await until(() => socket()?.call("joinRoom"));
  socket().answer("joinRoom", result);
  await until(() => told.includes(`streamCreated ${result.value.at(-1)?.streams.at(-1).id}`));
  return { session, told };
}

// failing connects and says how that failed, to all three.
async function failing(token = "T1==app", id = sessionId) {
  const session = OT.initSession("key", id);
  const outcome = { handler: undefined, promise: undefined };
  await new Promise((resolve) => session.connect(token, (e) => { outcome.handler = e; resolve(); }));
  outcome.promise = await session.connect.promise(token).then(() => undefined, (e) => e);
  assert.deepEqual([outcome.promise.name, outcome.promise.code], [outcome.handler.name, outcome.handler.code]);
  assert.deepEqual(exceptions, [outcome.handler.code, outcome.handler.code]);
  assert.equal(session.isConnected(), false);
  return outcome.handler;
}

test("a session is the same object for the same key and id", () => {
  assert.equal(OT.initSession("key", sessionId), OT.initSession("key", sessionId));
  assert.notEqual(OT.initSession("key", sessionId), OT.initSession("other", sessionId));
  assert.equal(OT.initSession("key", "nonsense").sessionId, "nonsense", "an unknown id is for connect to refuse");
});

test("connecting asks about the session first, and tells in order what is there", async () => {
  const { session, told } = await connected();
  const { url, headers } = asked[0];
  assert.equal(url, `http://server/opentok/v1/sessions/${sessionId}`);
  assert.deepEqual([headers.authorization, headers["x-api-key"]], ["Bearer T1==app", "key"]);
  assert.equal(socket().url, "ws://server/opentok");
  assert.equal(socket().call("joinRoom").params.token, "wire");
  assert.deepEqual(told, ["connectionCreated con_me", "connectionCreated con_bob", "sessionConnected", "handler", "streamCreated s1", "streamCreated s2"]);
  assert.deepEqual([session.connection.connectionId, session.connection.id, session.connection.data, session.connection.creationTime], ["con_me", "con_me", "name=Me", 4]);
  assert.deepEqual(session.capabilities, capabilities);
});

test("streams say what they are, and change", async () => {
  const { session, told } = await connected();
  let first;
  session.on("streamPropertyChanged", (e) => { first = e.stream; });
  told.length = 0;
  const change = (property, newValue) => socket().tell({ method: "streamPropertyChanged", params: { connectionId: "con_bob", streamId: "s1", property, newValue } });
  change("videoActive", "false");
  change("videoDimensions", JSON.stringify('{"width":320,"height":240}'));
  assert.deepEqual(told, ["hasVideo true false", 'videoDimensions {"width":640,"height":480} {"width":320,"height":240}']);
  assert.deepEqual([first.name, first.videoType, first.hasVideo, first.videoDimensions, first.connection.data, first.hasCaptions], ["Bob's", "camera", false, { width: 320, height: 240 }, "name=Bob", false]);
  told.length = 0;
  socket().tell({ method: "participantUnpublished", params: { connectionId: "con_bob", streamId: "s1", reason: "mediaStopped" } });
  socket().tell({ method: "participantPublished", params: { ...bob, streams: [stream("s3")] } });
  socket().tell({ method: "participantLeft", params: { connectionId: "con_bob", reason: "networkDisconnected" } });
  assert.deepEqual(told, ["streamDestroyed s1 mediaStopped", "streamCreated s3", "streamDestroyed s2 networkDisconnected", "streamDestroyed s3 networkDisconnected", "connectionDestroyed con_bob networkDisconnected"]);
});

for (const [what, code, name, make] of [
  ["a token that is refused", 1004, "OT_AUTHENTICATION_ERROR", () => new Response(JSON.stringify({ fault: "token.signature", code: 1004, name: "OT_AUTHENTICATION_ERROR", message: "no" }), { status: 403 })],
  ["a session that nobody knows", 1005, "OT_INVALID_SESSION_ID", () => new Response(JSON.stringify({ fault: "room.not_found", code: 1005, name: "OT_INVALID_SESSION_ID", message: "no" }), { status: 404 })],
  ["a place that is not served", 1026, "OT_TERMS_OF_SERVICE_FAILURE", () => new Response(JSON.stringify({ fault: "access.terms", message: "no" }), { status: 451 })],
  ["an empty answer", 2001, "OT_EMPTY_RESPONSE_BODY", () => new Response("")],
  ["a status of somebody between", 2001, "OT_INVALID_HTTP_STATUS", () => new Response("<h1>Bad gateway</h1>", { status: 502 })],
  ["a page for JSON", 2001, "OT_XDOMAIN_OR_PARSING_ERROR", () => new Response("<html>")],
  ["an answer that the page may not read", 2001, "OT_XDOMAIN_OR_PARSING_ERROR", (_, { mode }) => { if (mode === "no-cors") return new Response(""); throw new TypeError("Failed to fetch"); }],
  ["nobody there", 1006, "OT_CONNECT_FAILED", () => { throw new TypeError("Failed to fetch"); }],
  ["an answer without a socket", 2001, "OT_BADLY_FORMED_RESPONSE", () => new Response(JSON.stringify({ ...info, url: "http://x" }))],
  ["an answer without capabilities", 2001, "OT_BADLY_FORMED_RESPONSE", () => new Response(JSON.stringify({ ...info, capabilities: {} }))],
  ["JSON that is no object", 2001, "OT_BADLY_FORMED_RESPONSE", () => new Response("[]")],
]) {
  test(`connecting to ${what} fails with ${name}`, async () => {
    answer = make;
    const error = await failing();
    assert.deepEqual([error.code, error.name], [code, name], error.message);
  });
}

test("connecting with arguments that are none fails before anything is asked", async () => {
  assert.deepEqual([(await failing("")).name, asked.length], ["OT_INVALID_PARAMETER", 0]);
  exceptions.length = 0;
  assert.deepEqual([(await failing("t", "nonsense")).code, asked.length], [1005, 0]);
});

test("a socket that does not open is a connection that failed, and no network is told apart", async () => {
  TestSocket.broken = true;
  assert.equal((await failing()).name, "OT_CONNECT_FAILED");
});

test("signals go to all or to one, and are told by type and together", async () => {
  const { session } = await connected();
  const told = [];
  session.on("signal", (e) => told.push(["signal", e.type, e.data, e.from?.connectionId ?? null]));
  session.on("signal:chat", (e) => told.push(["chat", e.type, e.data, e.from?.connectionId ?? null]));
  const done = session.signal({ type: "chat", data: "hi" });
  await settled();
  assert.deepEqual(JSON.parse(socket().call("sendMessage").params.message), { to: [], type: "signal:chat", data: "hi" });
  socket().answer("sendMessage", null);
  await done;
  socket().tell({ method: "sendMessage", params: { from: "con_me", type: "signal:chat", data: "hi" } });
  socket().tell({ method: "sendMessage", params: { type: "signal:", data: "from the backend" } });
  assert.deepEqual(told, [["signal", "signal:chat", "hi", "con_me"], ["chat", "signal:chat", "hi", "con_me"], ["signal", "signal", "from the backend", null]]);
  const late = session.signal({ data: "x" }).catch((e) => e);
  await settled();
  socket().refuse("sendMessage", { code: 429, message: "slow down", data: { fault: "rate.limited" } });
  assert.deepEqual([(await late).code, (await late).name], [429, "OT_RATE_LIMIT_EXCEEDED"]);
});

test("signals wait for a lost connection, unless they are told not to", async () => {
  const { session, told } = await connected();
  told.length = 0;
  socket().drop();
  const waits = session.signal({ data: "later" });
  const error = await session.signal({ data: "now or never", retryAfterReconnect: false }).catch((e) => e);
  assert.deepEqual([error.code, error.name], [500, "OT_NOT_CONNECTED"]);
  await until(() => socket().call("connect"));
  assert.equal(socket().call("connect").params.sessionId, "secret");
  socket().answer("connect", {});
  await until(() => socket().call("sendMessage"));
  assert.equal(JSON.parse(socket().call("sendMessage").params.message).data, "later");
  socket().answer("sendMessage", null);
  await waits;
  assert.deepEqual(told, ["reconnecting", "reconnected"]);
});

test("force: what the token does not allow is refused before it is asked, and the server's refusal is worded by the method", async () => {
  const { session } = await connected();
  let connection, its;
  session.on("connectionDestroyed", () => {});
  const { session: other } = { session };
  for (const [method, args, want] of [
    ["forceDisconnect", [undefined], ["OT_INVALID_PARAMETER", 1011]], ["forceUnpublish", [{ streamId: "s1" }], ["OT_INVALID_PARAMETER", 1011]],
  ]) {
    const e = await other[method](...args).catch((x) => x);
    assert.deepEqual([e.name, e.code], want, method);
  }
  session.on("signal:from", (e) => { connection = e.from; });
  session.on("streamPropertyChanged", (e) => { its = e.stream; });
  socket().tell({ method: "sendMessage", params: { from: "con_bob", type: "signal:from", data: "" } });
  socket().tell({ method: "streamPropertyChanged", params: { streamId: "s1", property: "audioActive", newValue: "false" } });
  const refused = session.forceDisconnect(connection).catch((e) => e);
  await settled();
  assert.deepEqual(socket().call("forceDisconnect").params, { connectionId: "con_bob" });
  socket().refuse("forceDisconnect", { code: 1520, message: "no", data: { fault: "permission.denied" } });
  assert.deepEqual([(await refused).name, (await refused).code], ["OT_PERMISSION_DENIED", 1520]);
  const gone = session.forceUnpublish(its).catch((e) => e);
  await settled();
  socket().refuse("forceUnpublish", { code: 1535, message: "gone", data: { fault: "stream.not_published" } });
  assert.deepEqual([(await gone).name, (await gone).code], ["OT_INVALID_PARAMETER", 1535]);
  const all = session.forceMuteAll([its]);
  await settled();
  assert.deepEqual(socket().call("forceMuteAll").params, { excludedStreamIds: ["s1"] });
  socket().answer("forceMuteAll", {});
  await all;
  session.capabilities = { ...session.capabilities, forceDisconnect: 0 };
  const sent = socket().sent.length;
  assert.equal((await session.forceDisconnect(connection).catch((e) => e)).code, 1520);
  assert.equal(socket().sent.length, sent, "nothing was asked");
});

test("whoever is put out hears why, and nothing can be done any more", async () => {
  const { session, told } = await connected();
  told.length = 0;
  socket().tell({ method: "participantEvicted", params: { connectionId: "con_me", reason: "forceDisconnected", error: { code: 1, message: "out", data: { fault: "peer.removed" } } } });
  assert.deepEqual(told, ["sessionDisconnected forceDisconnected"]);
  assert.deepEqual([session.isConnected(), session.connection, session.capabilities.publish], [false, undefined, undefined]);
  const codes = [];
  for (const run of [() => session.signal({ data: "x" }), () => session.forceDisconnect({}), () => session.forceUnpublish({}), () => session.publish.promise(undefined, { audioSource: null, videoSource: null })]) {
    codes.push(await run().then(() => 0, (e) => `${e.code} ${e.name}`));
  }
  assert.deepEqual(codes, ["500 OT_NOT_CONNECTED", "1010 OT_NOT_CONNECTED", "1010 OT_NOT_CONNECTED", "1010 OT_NOT_CONNECTED"]);
});

test("disconnecting leaves, tells once, and lets the session connect again", async () => {
  const { session, told } = await connected();
  told.length = 0;
  const left = session.disconnect();
  await settled();
  assert.ok(socket().call("leaveRoom"));
  socket().answer("leaveRoom", null);
  await left;
  await session.disconnect();
  assert.deepEqual(told, ["sessionDisconnected clientDisconnected"]);
  session.connect("T1==app");
  await until(() => TestSocket.made.length === 2 && socket().call("joinRoom"));
  socket().answer("joinRoom", joined);
  await until(() => session.isConnected());
  void session.disconnect();
});

test("a connection that is given up while it is made does not come about, also when another one is begun", async () => {
  const session = OT.initSession("key", sessionId);
  let go;
  answer = () => new Promise((resolve) => { go = () => resolve(new Response(JSON.stringify(info))); });
  const first = session.connect.promise("T1==app").catch((e) => e.name);
  await until(() => go);
  await session.disconnect();
  const late = go;
  answer = () => new Response(JSON.stringify(info));
  const second = session.connect.promise("T1==app");
  late();
  assert.equal(await first, "OT_CONNECT_FAILED");
  await until(() => socket()?.call("joinRoom"));
  assert.equal(TestSocket.made.length, 1);
  socket().answer("joinRoom", joined);
  await second;
  assert.equal(session.isConnected(), true);
});

test("subscribing to what is no stream of the session is refused as what it is", async () => {
  const { session } = await connected();
  const of = (s) => session.subscribe.promise(s, undefined, { insertDefaultUI: false }).then(() => 0, (e) => `${e.code} ${e.name}`);
  let gone;
  session.on("streamDestroyed", (e) => { gone = e.stream; });
  socket().tell({ method: "participantUnpublished", params: { connectionId: "con_bob", streamId: "s1", reason: "clientDisconnected" } });
  assert.deepEqual([await of(undefined), await of({ streamId: "s1" }), await of(gone)], ["1011 OT_INVALID_PARAMETER", "1011 OT_INVALID_PARAMETER", "1600 OT_STREAM_NOT_FOUND"]);
  void session.disconnect();
  assert.deepEqual(await of(gone), "1010 OT_NOT_CONNECTED");
});

test("what this server does not do is refused, never passed over", async () => {
  const session = OT.initSession("key", sessionId, { encryptionSecret: "secret" });
  const name = (p) => p.then(() => "done", (e) => e.name);
  assert.equal(await name(session.setEncryptionSecret("x")), "OT_NOT_SUPPORTED");
  assert.equal(await name(session.connect.promise("t")), "OT_NOT_SUPPORTED", "nobody takes an open session for an encrypted one");
  assert.deepEqual([OT.hasMediaProcessorSupport(), OT.hasEndToEndEncryptionSupport(), await OT.hasMediaProcessorSupport.promise("video")], [false, false, false]);
  const publisher = new OT.Publisher({ properties: {}, handler: () => {} });
  assert.deepEqual(await Promise.all([publisher.applyVideoFilter({}), publisher.setVideoMediaProcessorConnector({}), publisher.publishCaptions(true), publisher.clearVideoFilter()].map(name)),
    ["OT_NOT_SUPPORTED", "OT_NOT_SUPPORTED", "OT_NOT_SUPPORTED", "done"]);
  // Events of what there is not are never told, since what would bring them about is refused.
  const subscriber = new OT.Subscriber(session, undefined, { properties: {}, handler: () => {} });
  for (const [event, ask] of Object.entries({
    captionReceived: () => subscriber.subscribeToCaptions(true), encryptionSecretMatch: () => session.setEncryptionSecret("x"), encryptionSecretMismatch: () => session.setEncryptionSecret("y"),
  })) {
    subscriber.on(event, () => assert.fail(event));
    assert.equal(await name(ask()), "OT_NOT_SUPPORTED", event);
  }
});

test("a proxy takes the place of the server that the session id names", async () => {
  assert.throws(() => OT.setProxyUrl("proxy"), { name: "OT_INVALID_PARAMETER" });
  OT.setProxyUrl("https://proxy.example/calls");
  try {
    await connected();
    assert.equal(asked[0].url, `https://proxy.example/calls/opentok/v1/sessions/${sessionId}`);
    assert.equal(socket().url, "wss://proxy.example/calls/opentok", "the socket goes there, too");
  } finally {
    setBase(undefined);
  }
});

test("archives and mutes are told as the server tells of them", async () => {
  const { session, told } = await connected();
  told.length = 0;
  session.on({ archiveStarted: (e) => told.push(`started ${e.id} ${e.name}`), archiveStopped: (e) => told.push(`stopped ${e.id}`) });
  socket().tell({ method: "recordingStarted", params: { id: "a1", name: "talk" } });
  socket().tell({ method: "recordingStopped", params: { id: "a1" } });
  for (const active of [true, false]) socket().tell({ method: "muteForced", params: { active } });
  assert.deepEqual(told, ["started a1 talk", "stopped a1", "muteForced"]);
});

test("the pressure that a device is under is told when it changes", async () => {
  let told, watched = 0;
  globalThis.PressureObserver = class {
    constructor(tell) { told = (...states) => tell(states.map((state) => ({ state }))); }
    async observe(source) { assert.equal(source, "cpu"); watched++; }
    disconnect() { watched--; }
  };
  try {
    const { session } = await connected();
    const heard = [];
    session.on("cpuPerformanceChanged", (e) => heard.push(e.cpuPerformanceState));
    told("nominal");
    told("fair", "nominal");
    told("critical");
    assert.deepEqual(heard, ["nominal", "critical"]);
    void session.disconnect();
    assert.equal(watched, 0);
  } finally {
    delete globalThis.PressureObserver;
  }
});

test("everybody who is there, and what each may do, can be looked through", async () => {
  const { session } = await connected({ ...joined, capabilities, value: [{ ...bob, capabilities: { ...capabilities, publish: 0 } }] });
  assert.deepEqual([session.connections.length(), session.streams.length()], [2, 2]);
  assert.equal(session.connections.find({ data: "name=Bob" }).permissions.publish, 0);
  assert.deepEqual(session.connection.permissions, capabilities);
  assert.deepEqual(session.streams.where((s) => s.videoType === "screen").map((s) => s.streamId), ["s2"]);
});

test("an issue is reported to the server of the session, and its id comes back", async () => {
  const { session } = await connected();
  answer = (url) => { assert.equal(url, "http://server/opentok/v1/issues"); return new Response(JSON.stringify({ id: "iss_1" })); };
  assert.equal(await OT.reportIssue(), "iss_1");
  assert.equal(JSON.parse(asked.at(-1).body).sessionId, sessionId);
  answer = () => new Response("{}", { status: 500 });
  const error = await new Promise((resolve) => void OT.reportIssue(resolve));
  assert.deepEqual([error.name, error.code], ["OT_REPORT_ISSUE_FAILED", 2011]);
  void session.disconnect();
});
