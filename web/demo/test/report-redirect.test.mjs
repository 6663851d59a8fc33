// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

globalThis.window = globalThis;
globalThis.location = new URL("https://rtc.example.org/call#token=x");

const { newAddress, redirectReports } = await import("../src/report-redirect.ts");

let sent;
beforeEach(() => {
  sent = [];
  window.fetch = async (input, init) => {
    sent.push({ input, init });
    return new Response("{}");
  };
});

const report = { event: "connect.failed", timestamp: 1, payload: { error_code: 2003 } };
const request = { method: "POST", headers: { Authorization: "Bearer jwt" }, body: JSON.stringify(report) };

test("exactly the SDK's reports change their address", () => {
  const moved = (address) => newAddress(address, "https://rtc.example.org");
  assert.equal(moved("https://event.100ms.live/v2/client/report"), "https://rtc.example.org/v2/client/report");
  assert.equal(moved("https://event-nonprod.100ms.live/v2/client/report"), "https://rtc.example.org/v2/client/report");
  assert.equal(moved("https://event.100ms.live/v2/client/feedback"), "https://rtc.example.org/v2/client/feedback");
  for (const other of [
    "https://event.100ms.live/v2/client/reports",
    "https://event.100ms.live/",
    "https://event.100ms.live.example.org/v2/client/report",
    "https://event.100ms.live:8443/v2/client/report",
    "http://event.100ms.live/v2/client/report",
    "https://api.100ms.live/v2/client/report",
    "/v2/client/report",
    "https://[bad",
  ]) {
    assert.equal(moved(other), null, other);
  }
});

test("method, headers and body stay as they are, whatever form the request has", async () => {
  redirectReports(location.origin);
  const address = "https://event.100ms.live/v2/client/report";
  await fetch(address, request);
  await fetch(new URL(address), request);
  await fetch(new Request(address, request));
  assert.equal(sent.length, 3);
  for (const { input, init } of sent) {
    const arrived = new Request(input, init);
    assert.equal(arrived.url, "https://rtc.example.org/v2/client/report");
    assert.equal(arrived.method, "POST");
    assert.equal(arrived.headers.get("authorization"), "Bearer jwt");
    assert.deepEqual(await arrived.json(), report);
  }
});

test("everything else passes untouched", async () => {
  redirectReports(location.origin);
  const other = new Request("https://rtc.example.org/init?peer_id=1");
  await fetch(other, { cache: "no-store" });
  assert.equal(sent[0].input, other);
  assert.deepEqual(sent[0].init, { cache: "no-store" });
});

test("the observer sees the report, and cannot keep it from leaving", async () => {
  const seen = [];
  redirectReports(location.origin, (r) => {
    seen.push(r);
    throw new Error("observer is broken");
  });
  const warn = console.warn;
  console.warn = () => {};
  await fetch("https://event.100ms.live/v2/client/report", request);
  await fetch("https://event.100ms.live/v2/client/report", { ...request, body: "not json" });
  console.warn = warn;
  assert.deepEqual(seen, [report]);
  assert.equal(sent.length, 2);
});

test("it can be taken back", async () => {
  const before = window.fetch;
  redirectReports(location.origin)();
  assert.equal(window.fetch, before);
});
