// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Connection } from "../src/connection";
import { Rpc } from "../src/rpc";
import { runs, settled, TestSocket } from "./socket.mjs";

beforeEach(() => {
  TestSocket.made = [];
  TestSocket.broken = false;
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
});

const last = () => TestSocket.made.at(-1);
const quiet = { notification() {}, lost() {}, unreadable() {} };

async function open(options = {}) {
  const c = new Connection({ url: "ws://server/door", webSocket: TestSocket, ...options });
  const told = [];
  for (const name of ["lost", "restored", "ended"]) c.on(name, (f) => told.push(f ? `${name} ${f.fault}` : name));
  await c.open();
  c.resumeBy({ method: "connect", params: { sessionId: "secret" } });
  return { c, told };
}

test("answers find their calls in whatever order they come, and once", async () => {
  const rpc = await Rpc.open("ws://server", quiet, "connect", TestSocket);
  const [a, b] = [rpc.request("a", {}, "update"), rpc.request("b", {}, "update")];
  last().answer("b", 2);
  last().answer("a", 1);
  last().answer("a", 3);
  assert.deepEqual([await a, await b], [1, 2]);
});

test("a refusal is the fault that the server names, in the server's words and number", async () => {
  const rpc = await Rpc.open("ws://server", quiet, "connect", TestSocket);
  const call = rpc.request("joinRoom", {}, "join");
  last().refuse("joinRoom", { code: 104, message: "Ann is here", data: { name: "existingUserInSession", fault: "peer.name_taken" } });
  await assert.rejects(call, (e) => e.fault === "peer.name_taken" && e.message === "Ann is here" && e.wording.code === 104 && e.wording.name === "existingUserInSession" && e.operation === "join");
});

test("a refusal by a server that knows faults of later versions is one all the same", async () => {
  const rpc = await Rpc.open("ws://server", quiet, "connect", TestSocket);
  const call = rpc.request("x", {}, "update");
  last().refuse("x", { code: 7, message: "new", data: { fault: "not.yet_known" } });
  await assert.rejects(call, (e) => e.fault === "server.internal" && e.details.answer === "not.yet_known");
});

test("a call that is not answered fails in time, and leaves nothing behind", async () => {
  const rpc = await Rpc.open("ws://server", quiet, "connect", TestSocket);
  const call = rpc.request("x", {}, "update");
  runs(mock.timers, 10_000);
  await assert.rejects(call, { fault: "signal.silent" });
  last().answer("x", 1); // too late, and nobody minds
});

test("frames that make no sense are told and break nothing", async () => {
  const unreadable = [];
  const rpc = await Rpc.open("ws://server", { ...quiet, unreadable: (f) => unreadable.push(f.fault) }, "connect", TestSocket);
  const call = rpc.request("x", {}, "update");
  for (const frame of ["{", "null", "[]", "7", '{"id":99,"result":1}', '{"id":null,"error":{"code":803}}', '{"method":7}']) last().tell(frame);
  assert.deepEqual(unreadable, ["client.frame_unreadable", "client.frame_unreadable"]); // what is no JSON, and a refusal of nothing
  last().answer("x", 1);
  assert.equal(await call, 1);
});

test("no address and nobody there are told apart", async () => {
  class NoAddress { constructor() { throw new SyntaxError("bad"); } }
  await assert.rejects(Rpc.open("x", quiet, "connect", NoAddress), { fault: "endpoint.invalid" });
  TestSocket.broken = true;
  await assert.rejects(Rpc.open("ws://server/door?token=secret", quiet, "connect", TestSocket), (e) => e.fault === "endpoint.unreachable" && !e.message.includes("secret"));
});

test("a lost socket is replaced, and calls made meanwhile wait for it", async () => {
  const { c, told } = await open();
  const pending = c.request("pending", {}, "update");
  last().drop();
  await assert.rejects(pending, { fault: "signal.lost" });
  const later = c.request("later", {}, "update");
  mock.timers.tick(0);
  await settled();
  assert.equal(last().url, "ws://server/door?reconnect=true");
  assert.deepEqual(last().sent.map((f) => f.method), ["connect"], "nothing is ahead of the resumption");
  assert.deepEqual(last().call("connect").params, { sessionId: "secret" });
  last().answer("connect", {});
  await settled();
  last().answer("later", "done");
  assert.equal(await later, "done");
  assert.deepEqual(told, ["lost signal.lost", "restored"]);
});

test("attempts go on until the time is over, and then the session has ended", async () => {
  const { c, told } = await open({ reconnectFor: 10_000 });
  TestSocket.broken = true;
  last().drop();
  for (let i = 0; i < 30; i++) {
    mock.timers.tick(1000);
    await settled();
  }
  assert.deepEqual(told, ["lost signal.lost", "ended signal.lost"]);
  assert.ok(TestSocket.made.length > 4 && TestSocket.made.length < 12, `${TestSocket.made.length} sockets`);
  await assert.rejects(c.request("x", {}, "update"), { fault: "signal.closed" });
});

test("a server that does not have the session any more is asked once", async () => {
  const { told } = await open();
  last().drop();
  mock.timers.tick(0);
  await settled();
  last().refuse("connect", { code: 103, message: "gone", data: { fault: "peer.gone" } });
  await settled();
  mock.timers.tick(60_000);
  await settled();
  assert.deepEqual(told, ["lost signal.lost", "ended peer.gone"]);
  assert.equal(TestSocket.made.length, 2);
});

test("a server that is silent is given up, and the session taken up elsewhere", async () => {
  const { told } = await open({ pingInterval: 5000 });
  const first = last();
  assert.deepEqual(first.call("ping").params, { interval: 5000 });
  first.answer("ping", { value: "pong" });
  await settled();
  runs(mock.timers, 5000); // asks again
  runs(mock.timers, 5000); // and was not answered
  await settled();
  assert.ok(first.closed, "the socket is closed");
  assert.deepEqual(told, ["lost signal.silent"]);
});

test("a server whose answer is behind much else is there", async () => {
  const { told } = await open({ pingInterval: 5000 });
  const first = last();
  first.answer("ping", { value: "pong" });
  for (let s = 1; s <= 60; s++) {
    runs(mock.timers, 1000);
    first.tell({ method: "news", params: {} });
    if (s % 15 === 9) first.answer("ping", { value: "pong" }); // one of three, and late
    await settled();
  }
  assert.deepEqual(told, []);
  runs(mock.timers, 10_000);
  await settled();
  assert.deepEqual(told, ["lost signal.silent"], "until it is silent");
});

test("a server that answers none of three questions is given up, whatever else it says", async () => {
  const { told } = await open({ pingInterval: 5000 });
  for (let s = 0; s < 14; s++) {
    runs(mock.timers, 1000);
    last().tell({ method: "news", params: {} });
    await settled();
  }
  assert.deepEqual(told, []);
  runs(mock.timers, 1000);
  await settled();
  assert.deepEqual(told, ["lost signal.silent"]);
});

test("a page that was held up reads what has come for it before it gives anything up", async () => {
  const { c, told } = await open({ pingInterval: 5000 });
  const first = last();
  const call = c.request("x", {}, "update");
  mock.timers.tick(60_000); // a task that long, or a computer that slept
  first.answer("x", 1);
  first.answer("ping", { value: "pong" });
  assert.equal(await call, 1);
  runs(mock.timers, 4000);
  await settled();
  assert.deepEqual(told, []);
});

test("closing ends whatever waits, also for a socket", async () => {
  const { c } = await open();
  last().drop();
  const waiting = c.request("x", {}, "update");
  c.close();
  await assert.rejects(waiting, { fault: "signal.closed" });
  mock.timers.tick(10_000);
  await settled();
  assert.equal(TestSocket.made.length, 1, "and no socket is made any more");
});
