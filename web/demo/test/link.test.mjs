// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { initEndpoint, managementToken, readLink, readToken } from "../src/link.ts";

const storage = () => {
  const map = new Map();
  return { getItem: (k) => map.get(k) ?? null, setItem: (k, v) => map.set(k, v) };
};

let replaced;
const open = (address) => {
  globalThis.location = new URL(address);
};
beforeEach(() => {
  replaced = [];
  globalThis.sessionStorage = storage();
  globalThis.localStorage = storage();
  globalThis.history = { replaceState: (_state, _title, address) => replaced.push(address) };
});

const encode = (claims) => Buffer.from(JSON.stringify(claims)).toString("base64url");

test("the fragment says what to join", () => {
  open("http://127.0.0.1:8080/#token=a.b.c&name=Hanna&room=r1&role=host");
  assert.deepEqual(readLink(), { token: "a.b.c", code: "", room: "r1", role: "host", name: "Hanna" });
  assert.deepEqual(replaced, []);
});

test("a management token leaves the address and stays in the tab", () => {
  open("http://127.0.0.1:8080/#token=a.b.c&management=m.m.m");
  assert.equal(readLink().token, "a.b.c");
  assert.equal(managementToken(), "m.m.m");
  assert.deepEqual(replaced, ["#token=a.b.c"]);
  open("http://127.0.0.1:8080/#management=m.m.m");
  readLink();
  assert.equal(replaced[1], "/");
});

test("storage that is switched off is survived", () => {
  globalThis.sessionStorage = { getItem() { throw new Error("denied"); }, setItem() { throw new Error("denied"); } };
  open("http://127.0.0.1:8080/#management=m.m.m");
  readLink();
  assert.equal(managementToken(), "");
});

test("tokens are read in either alphabet, and what is no token is refused", () => {
  const claims = { room_id: "r", role: "gäst", user_id: "ü?>", exp: 1_800_000_000 };
  const token = `h.${encode(claims)}.s`;
  assert.deepEqual(readToken(token), { roomId: "r", role: "gäst", userId: "ü?>", expires: new Date(1_800_000_000_000) });
  assert.equal(readToken("h.e30.s").roomId, "");
  for (const bad of ["", "abc-defg-hij", "a.b", "a.!.c", `h.${Buffer.from("{").toString("base64url")}.s`]) assert.equal(readToken(bad), null, bad);
});

test("initEndpoint holds what the SDK looks for, and resolves to this origin", () => {
  open("http://127.0.0.1:8080/#token=x");
  assert.match(initEndpoint(), /https:\/\//);
  assert.equal(new URL("/init", initEndpoint()).href, "http://127.0.0.1:8080/init");
  open("https://rtc.example.org/#token=x");
  assert.equal(initEndpoint(), "https://rtc.example.org/");
});
