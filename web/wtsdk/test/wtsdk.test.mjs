// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CallError } from "../../core/src";
import WT from "../src";
import { sessionError } from "../src/errors";
import { Listeners, which } from "../src/listeners";
import { readAddress } from "../src/token";

const b64 = (x) => Buffer.from(typeof x === "string" ? x : JSON.stringify(x)).toString("base64url");
const claims = { rid: "room", unct: 1, exp: 2, wsUrl: "wss://example.org/sceenic", iceServers: [{ urls: "stun:example.org:3478" }] };
const token = (payload) => `${b64({ alg: "HS256" })}.${typeof payload === "string" ? payload : b64(payload)}.c2ln`;

test("a token says where to connect, and in the older form the app does", () => {
  assert.deepEqual(readAddress(token(claims)), { token: token(claims), url: claims.wsUrl });
  const settings = { wsUrl: "ws://localhost/sceenic", sessionToken: token(claims), sessionId: "x" };
  assert.deepEqual(readAddress(settings), { token: token(claims), url: "ws://localhost/sceenic" });
});

// The numbers of the vendor's document for tokens and addresses.
for (const [code, what, given] of [
  [1101, "no JWT", "nonsense"],
  [1101, "two parts", "a.b"],
  [1101, "an empty part", `${b64("{}")}.${b64(claims)}.`],
  [1101, "no token at all", undefined],
  [1102, "a payload that is not base64url", token("%%%")],
  [1102, "a payload that is not UTF-8", token(Buffer.from([0xff, 0xfe]).toString("base64url"))],
  [1103, "a payload that is no JSON", token(b64("rid=room"))],
  [1103, "a payload without the room", token({ ...claims, rid: undefined })],
  [1103, "a payload that is a list", token([])],
  [1104, "an address of a page", token({ ...claims, wsUrl: "https://example.org" })],
  [1104, "no address", token({ ...claims, wsUrl: undefined })],
  [1104, "an address that is none", token({ ...claims, wsUrl: "wss://" })],
  [1104, "an address of the older form", { sessionToken: token(claims), wsUrl: "example.org" }],
  [1105, "an ICE server that is none", token({ ...claims, iceServers: [{ urls: "example.org" }] })],
  [1105, "a TURN server without credentials", token({ ...claims, iceServers: [{ urls: ["turn:example.org"] }] })],
]) {
  test(`${code}: ${what}`, async () => {
    const told = [];
    WT.ErrorsListeners.onSessionError((e) => told.push(e));
    await assert.rejects(WT.Session.connect(given, "Ann"), (e) => e.code === code && e.localizedDescription === e.message && e.error === e);
    assert.deepEqual(told.map((e) => e.error.code), [code], "the app is told once, also as older apps read it");
    WT.ErrorsListeners.onSessionError(null);
  });
}

test("errors have the vendor's number: of the server, else of the catalogue", () => {
  const is = (failure, code, name) => {
    const e = sessionError(failure);
    assert.deepEqual([e.code, e.name, e instanceof Error], [code, name, true]);
  };
  is(new CallError("room.streaming_full", "publish", { wording: { code: 206, name: "sessionIsFull" } }), 206, "sessionIsFull");
  is(new CallError("room.streaming_full", "publish"), 206, "sessionIsFull");
  is(new CallError("capture.denied", "capture", { details: { device: "camera" } }), 107, "USER_VIDEO_PERMISSION_DENIED_ERROR_CODE");
  is(new CallError("capture.denied", "capture", { details: { device: "microphone" } }), 108, "USER_AUDIO_PERMISSION_DENIED_ERROR_CODE");
  is(new CallError("join.abandoned", "join"), 901, "genericConnectionError");
  is(new TypeError("a bug"), -1, "unknownError");
});

test("everything that fails is told to onSessionError, and rejects, and nobody has to catch it", async () => {
  const told = [];
  const unhandled = [];
  const note = (e) => unhandled.push(e);
  process.on("unhandledRejection", note);
  WT.ErrorListeners.onSessionError((e) => told.push(e.code)); // the older name
  for (const call of [() => WT.Session.sendMessage("x"), () => WT.Participant.disableAudio(), () => WT.Session.getSessionState(), () => WT.Session.setLocalParticipantType("X")]) void call();
  await assert.rejects(WT.Session.sendPlayerData(1), { code: 102 });
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  WT.ErrorListeners.onSessionError(null);
  assert.deepEqual(told, [102, 102, 102, 102, 102]);
  assert.deepEqual(unhandled, []);
});

test("a listener takes the place of the one before, since apps register them whenever they are connected", () => {
  const listeners = new Listeners();
  const heard = [];
  const on = listeners.setter("participantLeft");
  on(() => heard.push("first"));
  on(({ participantId }) => heard.push(participantId));
  listeners.tell("participantLeft", which("p1"));
  assert.deepEqual(heard, ["p1"]);
  assert.equal(`${which("p1")}`, "p1", "older apps take it for the id");
});

test("docs/sceenic.md names what there is, and nothing else", () => {
  const table = /## What the libraries have[^]*?\n\n(\|[^]*?)\n\n/.exec(readFileSync("../docs/sceenic.md", "utf8"))[1];
  const documented = table.split("\n").slice(2).flatMap((line) => {
    const [, of, names] = line.split("|");
    return of.split(",").flatMap((o) => names.split(",").map((n) => `${o.trim()}.${n.trim()}`.replaceAll("`", "")));
  });
  const there = Object.entries(WT).flatMap(([name, v]) => (typeof v === "function" ? [`WT.${name}`] : Object.keys(v).map((k) => `WT.${name}.${k}`)));
  assert.deepEqual(documented.sort(), there.sort());
});
