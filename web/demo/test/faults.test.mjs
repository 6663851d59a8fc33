import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { canRetry, choose, explain, explainFully } from "../src/faults.ts";

const fault = (id, title, words, more = {}) => ({ id, title, what: "w", why: "y", do: "d", user: { en: "hello", de: "hallo" }, retry: "never", is_terminal: true, words, ...more });
const word = (code, name, more = {}) => ({ operations: [], code, name, source: "live", understood_only: false, ...more });

const catalogue = [
  fault("network.offline", "The device has no network", [word(1003, "WebSocketConnectionLost"), word(2003, "EndpointUnreachable", { operations: ["init"] })]),
  fault("signal.lost", "The signalling connection was lost", [word(1003, "WebSocketConnectionLost", { source: "documented" })], { retry: "same settings" }),
  fault("endpoint.unreachable", "The server cannot be reached", [word(2003, "EndpointUnreachable", { source: "documented" })]),
  fault("capture.denied", "Camera or microphone was not allowed", [word(3001, "CantAccessCaptureDevice", { source: "documented" }), word(0, "NotAllowedError")]),
  fault("screen.denied", "Sharing the screen was not allowed", [word(3001, "CantAccessCaptureDevice")]),
  fault("room.disabled", "The room is disabled", [word(403, "ServerErrors", { source: "fallback" })]),
  fault("peer.removed", "The peer was removed", [word(403, "ServerErrors", { source: "fallback" })]),
];

const error = (code, more = {}) => ({ code, name: "", message: "", description: "", action: "", terminal: false, ...more });
const chosen = (...args) => choose(catalogue, error(...args))?.id;

beforeEach(() => Object.defineProperty(globalThis, "navigator", { value: { languages: ["fr-FR", "de-AT"] }, configurable: true }));

test("the documented condition of a code comes first, the others are named", () => {
  const found = choose(catalogue, error(1003, { action: "RECONNECT_SIGNAL" }));
  assert.deepEqual([found.id, found.retry, found.others], ["signal.lost", "same settings", ["The device has no network"]]);
});

test("what fits the operation counts more than what is documented", () => {
  assert.equal(chosen(2003, { action: "INIT" }), "network.offline");
  assert.equal(chosen(2003, { action: "JOIN" }), "endpoint.unreachable");
});

test("a screen that was refused is not a camera", () => {
  assert.equal(chosen(3001, { action: "TRACK", message: "User denied permission to access capture device - audio, video" }), "capture.denied");
  assert.equal(chosen(3001, { action: "TRACK", message: "User denied permission to access capture device - screen" }), "screen.denied");
});

test("a refusal of the server is known by its title, though its number is shared", () => {
  assert.equal(chosen(403, { action: "INIT", message: "[INIT]: Server error", description: "the room is disabled (room: r1)" }), "room.disabled");
  assert.equal(chosen(403, { action: "INIT", description: "no" }), undefined);
});

test("errors without a code go by their name", () => {
  assert.equal(chosen(null, { name: "NotAllowedError" }), "capture.denied");
  assert.equal(chosen(null, { name: "TypeError" }), undefined);
});

test("the user is spoken to in a language of theirs", () => {
  assert.equal(choose(catalogue, error(1003)).user, "hallo");
});

test("what nobody knows is still said honestly", () => {
  assert.equal(explain(error(999, { name: "QuiteNewError" })).title, "Quite new error");
  assert.equal(explain(error(503, { name: "ServerErrors", terminal: true })).retry, "after backoff");
  assert.equal(explain(error(418, { name: "ServerErrors", terminal: true })).retry, "never");
  assert.equal(canRetry("with a new token"), false);
});

test("the server is asked for what the bundle does not know, and may be away", async () => {
  const asked = [];
  globalThis.fetch = async (address) => {
    asked.push(address);
    return Response.json({ matches: [{ fault: fault("brand.new", "A new condition", []), found: [word(9999, "BrandNew")] }] });
  };
  assert.equal((await explainFully(error(9999))).id, "brand.new");
  assert.deepEqual(asked, ["/api/v1/explain?q=hms%3A9999"]);
  globalThis.fetch = async () => {
    throw new TypeError("Failed to fetch");
  };
  assert.equal((await explainFully(error(9998, { name: "AnotherNew" }))).title, "Another new");
});
