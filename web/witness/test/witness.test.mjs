// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// When a witness speaks, and what it shows. What it sees of a real browser is for
// e2e/scenarios/witness.spec.ts.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { Witness } from "../../core/src/witness";

const told = [];
let answer = async () => ({ ok: true, status: 200 });
globalThis.fetch = (url, init) => {
  told.push({ url, ...JSON.parse(init.body) });
  return answer();
};

class Connection extends EventTarget {
  connectionState = "new";
  iceConnectionState = "new";
  signalingState = "stable";
  remoteDescription = null;
  getConfiguration() { return { iceServers: [{ urls: ["stun:a", "turn:b", "turns:b"] }, { urls: "turn:c" }] }; }
  async getStats() { return new Map([["t", { type: "transport", selectedCandidatePairId: "p" }], ["p", { localCandidateId: "l" }], ["l", { protocol: "udp", relayProtocol: "tls", candidateType: "relay" }]]); }
  change(what, state) {
    this[what] = state;
    this.dispatchEvent(new Event(what.toLowerCase() + "change"));
  }
  fails(url, errorCode) { this.dispatchEvent(Object.assign(new Event("icecandidateerror"), { url, errorCode, errorText: "no" })); }
}

const described = { sdp: "v=0\r\na=ice-ufrag:theirs\r\na=ice-pwd:secret\r\n" };

function start(t) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_700_000_000_000 });
  told.length = 0;
  answer = async () => ({ ok: true, status: 200 });
  const witness = new Witness("test");
  witness.reportTo("https://rtc.example/below/witness.js");
  const pc = new Connection();
  witness.watch(pc);
  const pass = async (ms) => {
    t.mock.timers.tick(ms);
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  return { witness, pc, pass };
}

test("nothing is told before the server can know whose it is, and then all of it", async (t) => {
  const { witness, pc, pass } = start(t);
  const refused = new DOMException("Permission denied", "NotAllowedError");
  await assert.rejects(witness.asked("video", Promise.reject(refused)), (e) => e === refused, "the error is the browser's own");
  pc.fails("turn:b", 701);
  pc.fails("turn:b", 701);
  await pass(4000);
  assert.equal(told.length, 0);
  pc.remoteDescription = described;
  pc.change("connectionState", "connected");
  await pass(0); // its statistics
  await pass(250);
  const [{ url, by, credentials, facts }] = told;
  assert.equal(url, "https://rtc.example/below/api/v1/witness");
  assert.equal(by, "test");
  assert.deepEqual(credentials, [{ ufrag: "theirs", pwd: "secret" }]);
  assert.deepEqual([facts.captures[0].kind, facts.captures[0].error, facts.captures[0].text], ["video", "NotAllowedError", "Permission denied"]);
  const [path] = facts.paths;
  assert.deepEqual([path.protocol, path.relay, path.local, path.servers], ["udp", "tls", "relay", { stun: 1, turn: 3 }]);
  assert.deepEqual(path.errors.map((e) => [e.url, e.code, e.count]), [["turn:b", 701, 2]]);
});

test("which pair is used is looked at again where the statistics do not have it yet", async (t) => {
  const { pc, pass } = start(t);
  pc.remoteDescription = described;
  const known = pc.getStats;
  pc.getStats = async () => new Map([["t", { type: "transport" }]]);
  pc.change("connectionState", "connected");
  await pass(0);
  pc.getStats = known;
  await pass(200);
  await pass(3000);
  assert.equal(told.at(-1).facts.paths[0].protocol, "udp");

  // Never known: asked a few times, and no more.
  let asked = 0;
  pc.getStats = async () => { asked++; return new Map(); };
  pc.change("connectionState", "connected");
  for (let i = 0; i < 20; i++) await pass(200);
  assert.equal(asked, 6);
});

test("a device that is left out of a stream is one that the page did not get", async (t) => {
  const { witness, pc, pass } = start(t);
  const track = (kind) => Object.assign(new EventTarget(), { kind, readyState: "live" });
  const stream = (...kinds) => ({ getTracks: () => kinds.map(track) });
  const given = stream("video");
  assert.equal(await witness.asked("audio,video", Promise.resolve(given)), given);
  await witness.asked("audio,video", Promise.resolve(stream("audio", "video")));
  await witness.asked("audio", Promise.resolve(stream("audio")));
  await witness.asked("screen", Promise.resolve(stream("video")));
  pc.remoteDescription = described;
  pc.change("connectionState", "failed");
  await pass(250);
  assert.deepEqual(told[0].facts.captures.map((c) => [c.kind, c.error]), [["audio", "MissingTrack"]]);
});

test("a device that comes after a report is told of", async (t) => {
  const { witness, pc, pass } = start(t);
  pc.remoteDescription = described;
  pc.fails("turn:b", 401);
  await pass(250);
  assert.deepEqual(told[0].facts.live, { audio: 0, video: 0 });
  const track = Object.assign(new EventTarget(), { kind: "video", readyState: "live" });
  await witness.asked("video", Promise.resolve({ getTracks: () => [track] }));
  await pass(3000);
  assert.equal(told.length, 2);
  assert.deepEqual(told[1].facts.live, { audio: 0, video: 1 });
});

test("what happens together is told once, and nothing twice", async (t) => {
  const { pc, pass } = start(t);
  pc.remoteDescription = described;
  pc.change("iceConnectionState", "disconnected");
  pc.change("connectionState", "disconnected");
  for (let code = 600; code < 640; code++) pc.fails("turn:b", code);
  await pass(250);
  assert.equal(told.length, 1);
  assert.equal(told[0].facts.paths[0].errors.length, 6, "of errors without end the last are kept");
  pc.fails("turn:b", 639);
  await pass(250);
  assert.equal(told.length, 1, "not so soon");
  await pass(3000);
  assert.equal(told.length, 2);
  assert.equal(told[1].facts.page, told[0].facts.page);
});

test("a report that did not arrive is made again, and given up in the end", async (t) => {
  const { pc, pass } = start(t);
  pc.remoteDescription = described;
  answer = async () => { throw new TypeError("Failed to fetch"); };
  pc.change("connectionState", "failed");
  for (let i = 0; i < 200; i++) await pass(1000);
  assert.equal(told.length, 4);
  answer = async () => ({ ok: true, status: 200 });
  pc.fails("turn:b", 701);
  await pass(4000);
  assert.equal(told.length, 5, "what happens next is told all the same");
});

test("a refusal that another attempt cannot change is the end of it", async (t) => {
  const { pc, pass } = start(t);
  pc.remoteDescription = described;
  answer = async () => ({ ok: false, status: 400 });
  pc.change("connectionState", "failed");
  for (let i = 0; i < 100; i++) await pass(1000);
  assert.equal(told.length, 1);
});

test("however many connections there are, the last are told", async (t) => {
  const { witness, pass } = start(t);
  for (let i = 0; i < 50; i++) {
    const pc = new Connection();
    witness.watch(pc);
    pc.remoteDescription = { sdp: described.sdp.replace("theirs", `theirs${i}`) };
    pc.change("connectionState", "failed");
  }
  await pass(4000);
  const { credentials, facts } = told.at(-1);
  assert.ok(credentials.length <= 8 && credentials.at(-1).ufrag === "theirs49", JSON.stringify(credentials));
  assert.equal(facts.paths.length, 4);
});

// documented are the facts that somebody tells, by the table of docs/witness.md.
function documented(who) {
  const [, table] = readFileSync(resolve("../docs/witness.md"), "utf8").split("| fact | told by | meaning |");
  const rows = table.split("\n\n")[0].split("\n").map((row) => row.split("|"));
  return rows.filter(([, , by]) => by?.includes(who)).flatMap(([, facts]) => [...facts.matchAll(/`(\w+)`/g)].map(([, name]) => name)).sort();
}

test("a page tells every fact of the table that is a page's, and no other", async (t) => {
  const page = Object.assign(new EventTarget(), { hidden: false, visibilityState: "visible", featurePolicy: { allowsFeature: () => true } });
  const globals = { document: page, window: new EventTarget(), isSecureContext: true };
  const navigator = { onLine: true, connection: { type: "wifi" }, permissions: { query: async () => ({ state: "granted" }) } };
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  t.after(() => { for (const name of Object.keys(globals)) delete globalThis[name]; });
  const { witness, pc, pass } = start(t);
  witness.refused("video", Date.now(), new DOMException("no", "NotAllowedError"));
  pc.remoteDescription = described;
  pc.change("connectionState", "failed");
  page.dispatchEvent(new Event("visibilitychange"));
  await pass(250);
  const { by, facts } = told[0];
  assert.deepEqual(Object.keys({ by, ...facts }).sort(), documented("pages"));
});
