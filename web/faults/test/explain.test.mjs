// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The module answers as the server does: the same conditions for every word of
// the vendors' error documents, and a useful one for each shape of error that a
// page meets.
import assert from "node:assert/strict";
import { test } from "node:test";
import catalogue, { explain, fault, FaultId, faults, languages, lookup, userMessage } from "../index.ts";
import { cases } from "./cases.json";

test("every word of the error documents means what the server says it means", () => {
  assert.ok(cases.length >= 194);
  for (const c of cases) {
    const documented = lookup(c.dialect, c.word, c.method)
      .filter((x) => x.documented)
      .map((x) => x.fault.id)
      .sort();
    assert.deepEqual(documented, c.documented, `${c.row}: ${c.dialect}:${c.method}:${c.word}`);
  }
});

test("the constants are the faults", () => {
  assert.equal(FaultId.RoomFull, "room.full");
  assert.equal(FaultId.TokenNotYetValid, "token.not_yet_valid");
  assert.deepEqual(Object.values(FaultId).sort(), faults.map((f) => f.id).sort());
  assert.equal(new Set(Object.keys(FaultId)).size, faults.length);
  assert.equal(fault("room.full").title, "The room is full");
  assert.equal(fault("no.such"), undefined);
  assert.equal(catalogue.explain, explain);
});

/** The shape of the SDK's exception. */
class HMSException extends Error {
  constructor(code, name, action, message, description = "", isTerminal = false) {
    super(message);
    Object.assign(this, { code, name, action, description, isTerminal });
  }
}

test("an HMSException", () => {
  const e = explain(new HMSException(4005, "ICEFailure", "PUBLISH", "[PUBLISH]: Ice connection state FAILED", "", true));
  assert.equal(e.fault.id, FaultId.IceFailed);
  assert.equal(e.dialect, "hms");
  assert.equal(e.certain, true);
  assert.equal(e.canRetry, true);
  assert.equal(e.isTerminal, true);
  assert.match(e.userMessage, /Sound and video/);
  assert.ok(e.others.some((f) => f.id === FaultId.DtlsFailed));
});

test("the occurrence knows better whether it ended the session", () => {
  assert.equal(fault("ice.failed").isTerminal, true);
  assert.equal(explain(new HMSException(4005, "ICEFailure", "PUBLISH", "", "", false)).isTerminal, false);
});

test("each code of the web SDK has its fault", () => {
  for (const [code, name, id] of [
    [1000, "WebsocketFailedToConnect", "signal.upgrade"],
    [1003, "WebSocketConnectionLost", "signal.lost"],
    [1006, "WebSocketAbnormalClose", "signal.closed_early"],
    [2002, "InitError", "init.config_missing"],
    [2003, "EndpointUnreachable", "endpoint.unreachable"],
    [2004, "InvalidTokenFormat", "token.malformed"],
    [3000, "GenericTrack", "capture.failed"],
    [3001, "CantAccessCaptureDevice", "capture.denied"],
    [3002, "DeviceNotAvailable", "device.not_found"],
    [3003, "DeviceInUse", "device.in_use"],
    [3008, "AutoplayBlocked", "playback.autoplay_blocked"],
    [3011, "SystemDeniedPermission", "capture.system_denied"],
    [3015, "Track does not have any data", "capture.no_data"],
    [4001, "CreateOfferFailed", "sdp.create_offer"],
    [4006, "ICEDisconnected", "ice.disconnected"],
    [4008, "PublishAnswerSuperseded", "sdp.answer_superseded"],
    [5001, "AlreadyJoined", "client.already_joined"],
    [6008, "InvalidRole", "client.role_unknown"],
    [6010, "MissingMediaDevices", "page.insecure"],
    [6011, "MissingRTCPeerConnection", "browser.webrtc_missing"],
    [7006, "NotAllowedForRoom", "plugin.not_allowed"],
    [8002, "NoEntryIsPlaying", "playlist.not_playing"],
  ]) {
    const e = explain(new HMSException(code, name, "NONE", "x"));
    assert.equal(e?.fault.id, id, `${code} ${name}`);
  }
});

test("a refusal of the server is known by its message", () => {
  const locked = explain(new HMSException(403, "ServerErrors", "INIT", "[INIT]: Server error The room is locked", "The room is locked", true));
  assert.equal(locked.fault.id, FaultId.RoomLocked);
  assert.equal(locked.certain, true);
  assert.equal(locked.canRetry, false);
  const expired = explain(new HMSException(40100, "ServerErrors", "INIT", "x", "The token has expired (exp: 3)", true));
  assert.equal(expired.fault.id, FaultId.TokenExpired);
  assert.equal(expired.canRetry, false);
  const other = explain(new HMSException(403, "ServerErrors", "INIT", "go away", "", true));
  assert.equal(other.certain, false);
  assert.equal(other.fault.httpStatus, 403);
  assert.ok(other.others.some((f) => f.id === FaultId.RoomLocked));
  assert.equal(explain(new HMSException(500, "ServerErrors", "JOIN", "sfu join failed")).canRetry, true);
});

test("a refused screen is not a refused camera", () => {
  const e = explain(new HMSException(3001, "CantAccessCaptureDevice", "TRACK", "User denied permission to access capture device - screen"));
  assert.equal(e.fault.id, FaultId.ScreenDenied);
  const camera = explain(new HMSException(3001, "CantAccessCaptureDevice", "TRACK", "User denied permission to access capture device - video"));
  assert.equal(camera.fault.id, FaultId.CaptureDenied);
});

test("an error of OpenTok, by its name and in its method", () => {
  assert.equal(explain({ name: "OT_TIMEOUT", code: 1500, message: "x" }).fault.id, FaultId.PublishTimeout);
  assert.equal(explain({ name: "OT_PERMISSION_DENIED", code: 1520 }, { method: "forceDisconnect" }).fault.id, FaultId.PermissionDenied);
  assert.equal(explain({ name: "OT_PERMISSION_DENIED", code: 1500 }, { method: "publish" }).fault.id, FaultId.PermissionPublish);
  assert.equal(explain({ name: "OT_SCREEN_SHARING_NOT_SUPPORTED" }).fault.id, FaultId.ScreenUnsupported);
  const bare = explain({ code: 1500, message: "Unable to publish" }, { dialect: "opentok", method: "Session.publish()" });
  assert.equal(bare.certain, false);
  assert.deepEqual([bare.fault.id, ...bare.others.map((f) => f.id)].slice(0, 3).sort(), ["capture.denied", "page.insecure", "permission.publish"]);
});

test("exceptions of the browser", () => {
  const dom = (name, message = "") => new DOMException(message, name);
  assert.equal(explain(dom("NotReadableError")).fault.id, FaultId.DeviceInUse);
  assert.equal(explain(dom("NotAllowedError"), { method: "getUserMedia" }).fault.id, FaultId.CaptureDenied);
  assert.equal(explain(dom("NotAllowedError"), { method: "getDisplayMedia" }).fault.id, FaultId.ScreenDenied);
  assert.equal(explain(dom("NotAllowedError"), { method: "HTMLMediaElement.play" }).fault.id, FaultId.PlaybackAutoplayBlocked);
  assert.equal(explain(dom("NotAllowedError", "Permission denied by system"), { method: "getDisplayMedia" }).fault.id, FaultId.CaptureSystemDenied);
  assert.equal(explain(dom("InvalidStateError"), { method: "getDisplayMedia" }).fault.id, FaultId.ScreenGestureRequired);
  assert.equal(explain(Object.assign(new Error("x"), { name: "OverconstrainedError", constraint: "width" })).fault.id, FaultId.CaptureOverconstrained);
  assert.equal(explain(dom("NotFoundError"), { method: "getUserMedia" }).canRetry, false);
});

test("errors and events of the protocols", () => {
  assert.equal(explain({ name: "OperationError", errorDetail: "dtls-failure", message: "" }).fault.id, FaultId.DtlsFailed);
  assert.equal(explain({ error: { name: "OperationError", errorDetail: "sctp-failure" }, type: "error" }).fault.id, FaultId.SctpFailed);
  assert.equal(explain({ type: "icecandidateerror", errorCode: 701, errorText: "", url: "turn:x" }).fault.id, FaultId.TurnUnreachable);
  assert.equal(explain({ type: "close", code: 1006, reason: "", wasClean: false }).fault.id, FaultId.SignalLost);
  assert.equal(explain({ code: 3, message: "" }).fault.id, FaultId.PlaybackDecode);
});

test("an error of Sceenic, by number or by any of its names", () => {
  assert.equal(explain({ code: 206, name: "SESSION_IS_FULL_ERROR_CODE", message: "x" }).fault.id, FaultId.RoomStreamingFull);
  assert.equal(explain({ code: 206, name: "sessionIsFull" }).fault.id, FaultId.RoomStreamingFull);
  assert.equal(explain({ code: 104, localizedDescription: "x" }).fault.id, FaultId.PeerNameTaken);
  const e = explain({ code: 106, message: "x" });
  assert.equal(e.certain, false);
  assert.deepEqual([e.fault.id, e.others[0].id], ["permission.sync", "reconnect.secret"]);
});

test("a refusal of the REST API carries its id", () => {
  const e = explain({ code: 403, message: "The room is full", fault: { id: "room.full", retry: "after backoff" } });
  assert.equal(e.fault.id, FaultId.RoomFull);
  assert.equal(e.certain, true);
});

test("a word on its own", () => {
  assert.equal(explain("room.full").fault.id, FaultId.RoomFull);
  assert.equal(explain("sceenic:104").fault.id, FaultId.PeerNameTaken);
  assert.equal(explain("opentok:signal:404").fault.id, FaultId.PeerNotFound);
  assert.equal(explain(4005).fault.id, FaultId.IceFailed);
});

test("what nobody knows stays unknown", () => {
  for (const e of [undefined, null, true, "", "nothing", 99999, {}, new Error("x"), new TypeError("x is not a function"), { name: "FancyError" }, [], () => 0]) {
    assert.equal(explain(e), undefined, String(e));
  }
});

test("every fault has a text for the user in every language", () => {
  assert.ok(languages.includes("de"));
  for (const f of faults) for (const l of languages) assert.ok(f.user[l].length > 5, `${f.id} ${l}`);
  const full = fault("room.full");
  assert.match(userMessage(full, "de-AT"), /Anruf ist voll/);
  assert.equal(userMessage(full, "xx"), full.user.en);
  assert.match(explain("room.full", { language: "de" }).userMessage, /Anruf ist voll/);
});
