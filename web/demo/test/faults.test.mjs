// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { canRetry, explain, explainFully } from "../src/faults.ts";

const error = (code, more = {}) => ({ code, name: "", message: "", description: "", action: "", terminal: false, ...more });
const explained = (...args) => explain(error(...args));

beforeEach(() => Object.defineProperty(globalThis, "navigator", { value: { languages: ["fr-FR", "de-AT"] }, configurable: true }));

test("a code of the SDK is explained from the catalogue", () => {
  const lost = explained(1003, { name: "WebSocketConnectionLost", action: "RECONNECT_SIGNAL" });
  assert.equal(lost.id, "signal.lost");
  assert.ok(lost.what && lost.fix && lost.user);
  assert.ok(canRetry(lost.retry));
  assert.equal(explained(4005, { name: "ICEFailure", action: "PUBLISH" }).id, "ice.failed");
});

test("a screen that was refused is not a camera", () => {
  const denied = { name: "CantAccessCaptureDevice", action: "TRACK" };
  assert.equal(explained(3001, { ...denied, message: "User denied permission to access capture device - audio, video" }).id, "capture.denied");
  assert.equal(explained(3001, { ...denied, message: "User denied permission to access capture device - screen" }).id, "screen.denied");
});

test("a refusal of the server is known by its title, though its number is shared", () => {
  const refused = { name: "ServerErrors", action: "INIT", message: "[INIT]: Server error" };
  assert.equal(explained(403, { ...refused, description: "The room is disabled (room: r1)" }).id, "room.disabled");
  assert.equal(explained(403, { ...refused, description: "no" }).id, "");
});

test("a token that expired needs a new one", () => {
  const expired = explained(40100, { name: "ServerErrors", action: "INIT", description: "The token has expired (expired_seconds_ago: 300)" });
  assert.deepEqual([expired.id, canRetry(expired.retry)], ["token.expired", false]);
});

test("errors without a code go by their name", () => {
  assert.equal(explained(null, { name: "NotAllowedError", message: "Permission denied by getUserMedia" }).id, "capture.denied");
  assert.equal(explained(null, { name: "TypeError", message: "x is undefined" }).id, "");
});

test("the user is spoken to in a language of theirs", () => {
  assert.notEqual(explained(1003).user, "");
  const german = explained(1003).user;
  Object.defineProperty(globalThis, "navigator", { value: { languages: ["en-GB"] }, configurable: true });
  assert.notEqual(explained(1003).user, german);
});

test("what nobody knows is still said honestly", () => {
  assert.equal(explain(error(999, { name: "QuiteNewError" })).title, "Quite new error");
  assert.equal(explain(error(503, { name: "ServerErrors", terminal: true })).retry, "after backoff");
  assert.equal(explain(error(418, { name: "ServerErrors", terminal: true })).retry, "never");
  assert.equal(canRetry("with a new token"), false);
});

test("the server is asked for what the bundle does not know, and may be away", async () => {
  const asked = [];
  const fault = { id: "brand.new", title: "A new condition", what: "w", why: "y", do: "d", user: { en: "hello", de: "hallo" }, retry: "never", is_terminal: true };
  globalThis.fetch = async (address) => {
    asked.push(address);
    return Response.json({ matches: [{ fault, found: [] }] });
  };
  const found = await explainFully(error(9999));
  assert.deepEqual([found.id, found.user, found.passes], ["brand.new", "hallo", false]);
  assert.deepEqual(asked, ["/api/v1/explain?q=hms%3A9999"]);
  globalThis.fetch = async () => {
    throw new TypeError("Failed to fetch");
  };
  assert.equal((await explainFully(error(9998, { name: "AnotherNew" }))).title, "Another new");
});
