// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Problems, spoken } from "../src/problems.ts";

mock.timers.enable({ apis: ["Date"], now: 1_000_000 });

const where = { roomId: "r", userId: "u", peerId: "", sessionId: "" };
const ice = { code: 4006, name: "ICEDisconnected", message: "m", description: "", action: "PUBLISH", terminal: false };

test("a failure that is told twice at once happened once", () => {
  const problems = new Problems();
  const first = problems.add(ice, where);
  mock.timers.tick(100);
  const again = problems.add({ ...ice, description: "more is known" }, { ...where, peerId: "p" });
  assert.equal(again.id, first.id);
  assert.equal(again.count, 1);
  assert.equal(again.description, "more is known");
  assert.equal(again.peerId, "p");
  assert.equal(problems.list.value.length, 1);
});

test("one that comes back is counted, and much later it is another", () => {
  const problems = new Problems();
  problems.add(ice, where);
  mock.timers.tick(5_000);
  assert.equal(problems.add(ice, where).count, 2);
  mock.timers.tick(91_000);
  assert.equal(problems.add(ice, where).count, 1);
  assert.equal(problems.list.value.length, 2);
});

test("the end of a retry makes the same problem terminal and shows it again", () => {
  const problems = new Problems();
  const lost = { ...ice, code: 1003, name: "WebSocketConnectionLost" };
  const first = problems.add(lost, where, "retrying");
  problems.edit(first.id, { dismissed: true });
  mock.timers.tick(61_000); // the SDK gives up after its minute
  const last = problems.add({ ...lost, terminal: true }, where);
  assert.deepEqual([last.id, last.terminal, last.status, last.dismissed], [first.id, true, "open", false]);
});

test("a dismissed problem stays dismissed while it is only retried", () => {
  const problems = new Problems();
  const first = problems.add(ice, where, "retrying");
  problems.edit(first.id, { dismissed: true });
  mock.timers.tick(5_000);
  assert.equal(problems.add(ice, where, "retrying").dismissed, true);
});

test("recovery closes what was being retried and nothing else", () => {
  const problems = new Problems();
  problems.add(ice, where, "retrying");
  problems.add({ ...ice, code: 3001, name: "CantAccessCaptureDevice" }, where);
  problems.recovered();
  assert.deepEqual(problems.list.value.map((p) => [p.code, p.status]), [[3001, "open"], [4006, "recovered"]]);
});

test("a call that is over retries nothing", () => {
  const problems = new Problems();
  problems.add(ice, where, "retrying");
  problems.over();
  assert.equal(problems.list.value[0].status, "open");
});

test("errors without a code are told apart by their message", () => {
  const problems = new Problems();
  problems.add(spoken(new TypeError("a")), where);
  problems.add(spoken(new TypeError("b")), where);
  assert.equal(problems.list.value.length, 2);
});

test("whatever is thrown can be read", () => {
  const exception = { code: 403, action: "INIT", name: "ServerErrors", message: "m", description: "d", isTerminal: true };
  assert.deepEqual(spoken(exception), { code: 403, name: "ServerErrors", message: "m", description: "d", action: "INIT", terminal: true });
  assert.equal(spoken(new DOMException("bad", "InvalidCharacterError")).code, null, "the code of a DOMException is of another kind");
  assert.equal(spoken("text").message, "text");
  assert.equal(spoken(undefined).name, "Error");
  assert.equal(spoken(null).terminal, false);
});

test("what the server and the SDK say of one media connection is one problem", () => {
  const problems = new Problems();
  problems.add(ice, where, "retrying");
  const told = problems.add({ ...ice, code: 4005, name: "ICEFailure", fault: "ice.slow" }, where, "retrying");
  assert.equal(told.fault, "ice.slow");
  assert.equal(problems.add(ice, where, "retrying").fault, "ice.slow", "the SDK knows less, and takes nothing back");
  assert.equal(problems.list.value.length, 1);
  problems.recovered();
  assert.equal(problems.list.value[0].status, "recovered");
});
