// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { at, query } from "../src/api.ts";
import { byNeed, inPlace, named, notFine } from "../src/live.ts";
import { href, parse } from "../src/route.ts";
import { safe } from "../src/safe.ts";
import { length, moment, span } from "../src/time.ts";
import { asText, couldNot, late } from "../src/words.ts";

test("a fragment says what is shown, whatever stands in it", () => {
  for (const [page, id, q] of [["", "", {}], ["failure", "01a2-b", {}], ["live", "a/b ?#%", {}], ["search", "", { q: "mía & co? #1", since: "2026-11-25T12:35:00Z" }]]) {
    const read = parse(href(page, id, q));
    assert.equal(read.page, page);
    assert.equal(read.id, id);
    assert.deepEqual(Object.fromEntries(read.query), q);
  }
  assert.equal(parse("#/live/%E0%A4").id, "%E0%A4"); // not of ours, and no error
});

test("values of paths are escaped", () => {
  assert.equal(at`/api/v1/events/${"../x y?#"}/diagnosis`, "/api/v1/events/..%2Fx%20y%3F%23/diagnosis");
  assert.equal(query({ a: "1 2", b: "", c: undefined, d: 5 }), "?a=1+2&d=5");
});

test("what is not seen is shown as a mark, and length is bounded", () => {
  assert.equal(safe("Mia \u202egnaL\u202c"), "Mia ⟨U+202E⟩gnaL⟨U+202C⟩");
  assert.equal(safe("a\u200bb\u0000c\u2066d"), "a⟨U+200B⟩b⟨U+0000⟩c⟨U+2066⟩d");
  assert.equal(safe("<script>alert(1)</script>"), "<script>alert(1)</script>"); // text, as which it is shown
  assert.equal(safe("M".repeat(300), 10), "MMMMMMMMMM…");
  assert.equal(safe("👩‍⚕️🙂", 200).includes("🙂"), true);
});

test("times have their zone, also in the nights of a change", () => {
  const now = new Date("2026-11-27T00:00:00Z");
  assert.match(moment(new Date("2026-11-25T13:05:02Z"), "Europe/Berlin", now), /^Wed 25 Nov 14:05:02 (CET|GMT\+1)$/);
  assert.match(moment(new Date("2026-10-25T00:30:00Z"), "Europe/Berlin", now), /^Sun 25 Oct 02:30:00 (CEST|GMT\+2)$/);
  assert.match(moment(new Date("2026-10-25T01:30:00Z"), "Europe/Berlin", now), /^Sun 25 Oct 02:30:00 (CET|GMT\+1)$/);
  assert.match(moment(new Date("2025-01-02T00:00:00Z"), "UTC", now), /^Thu 2 Jan 2025 00:00:00 UTC$/);
  assert.match(span(new Date("2026-11-25T12:35:00Z"), new Date("2026-11-25T13:35:00Z"), "Asia/Kolkata"), /^Wed 25 Nov 18:05 to 19:05 (IST|GMT\+5:30)$/);
  assert.match(span(new Date("2026-11-25T23:00:00Z"), new Date("2026-11-26T01:00:00Z"), "UTC"), /^Wed 25 Nov 23:00 to Thu 26 Nov 01:00 UTC$/);
  assert.deepEqual([1500, 90_000, 10_000_000, 300_000_000].map(length), ["1.5 s", "2 min", "3 h", "3 days"]);
});

const failure = { id: "e1", at: "2026-11-25T13:05:21Z", happened: "2026-11-25T13:05:02Z", type: "client.join.failed", fault: "ice.failed", source: "both", terminal: true, injected: false, room_name: "consult", user_name: "Mia", role: "guest", reference: "K7Q-2MF" };

test("a failure as text reads as redial why prints it", () => {
  const d = {
    failure,
    verdict: {
      event: "e1", cause: "network.media_blocked", confidence: "likely", rules: "2026-11-26", says: "Her network lets no media out.",
      because: [{ fact: "path.udp.in", value: 0, from: "server", at: "2026-11-25T13:05:21Z", says: "nothing of hers came over UDP" }],
      not: [{ cause: "media.advertised_address", because: "3 others got through to it" }],
      missing: [{ fact: "client.candidate_errors", how: "load /witness.js in the page" }],
      do: [{ who: "user", text: "Try another network." }, { who: "operator", text: "Offer TURN over TLS on port 443." }],
    },
  };
  assert.equal(asText(d, [], (id) => (id === "media.advertised_address" ? "A wrong address is advertised for media" : id), () => "Wednesday 25 November at 13:05:02 UTC", () => "13:05:21"),
`Mia (guest) could not join "consult", Wednesday 25 November at 13:05:02 UTC.

  Her network lets no media out.

  cause      network.media_blocked, likely by the rules of 2026-11-26
  on record  ice.failed, told by client and server

Because
  +  nothing of hers came over UDP (server, 13:05:21)

It is not
  -  A wrong address is advertised for media: 3 others got through to it

Not known
  ?  client.candidate_errors: load /witness.js in the page

What to do
  Mia           Try another network.
  The operator  Offer TURN over TLS on port 443.

Event e1, reference K7Q-2MF
More: redial explain network.media_blocked
`);
});

test("what was told late says so", () => {
  assert.equal(late(failure), "");
  assert.equal(late({ ...failure, at: "2026-11-26T15:05:02Z" }), "26 h");
  assert.equal(couldNot("client.disconnected", "r"), 'lost the connection in "r"');
  assert.equal(couldNot("client.new"), "had a failure of an unknown type");
});

test("who lacks something comes first, and a wish is no lack", () => {
  const path = { state: "connected", protocol: "udp", remote_type: "host", rtt_ms: 20, loss: 0, bitrate: 1, score: 5 };
  const peer = (id, more = {}) => ({ peer_id: id, name: id, away: false, measured: true, up: path, down: path, tracks: [], open: 1, gates: [], ...more });
  const gate = (state, track_id = "t") => ({ track_id, state }), muted = new Set(["off"]), ill = (p) => notFine(p, muted);
  const paused = peer("paused", { gates: [gate("paused")] }), fine = peer("fine");
  const late = peer("late", { gates: [gate("keyframe")] }), worse = peer("worse", { gates: [gate("keyframe"), gate("silent")] });
  const lossy = peer("lossy", { down: { ...path, loss: 0.03 } }), cut = peer("cut", { up: { ...path, state: "failed" } });
  const away = peer("away", { away: true }), dumb = peer("dumb", { measured: false, up: null, down: null });
  assert.deepEqual([paused, fine, peer("alone", { up: null, down: null }), peer("quiet", { gates: [gate("silent", "off")] })].map(ill), [false, false, false, false]);
  assert.deepEqual([late, lossy, cut, away, dumb].map(ill), [true, true, true, true, true]);
  assert.deepEqual(byNeed([fine, paused, late, lossy, worse], muted).map((p) => p.name), ["worse", "late", "lossy", "fine", "paused"]);
});

test("rows stay where they are while somebody is about to press a button in one", () => {
  const [ann, ben, cleo, dan] = ["ann", "ben", "cleo", "dan"].map((name) => ({ peer_id: name, name }));
  const names = (before, now, all) => inPlace(before, now, all).map((p) => p.name);
  assert.deepEqual(names(["ann", "ben"], [ben, ann], [ben, ann]), ["ann", "ben"]); // whoever is worse off now
  assert.deepEqual(names(["ann", "ben"], [ben], [ann, ben]), ["ann", "ben"]); // who is fine again
  assert.deepEqual(names(["ann", "ben"], [ben], [ben]), ["ben"]); // who has gone
  assert.deepEqual(names(["ann", "ben"], [dan, ben, cleo], [ann, ben, cleo, dan]), ["ann", "ben", "dan", "cleo"]); // who is new
  assert.deepEqual(names([], [ann], [ann]), ["ann"]);
});

test("rooms are found by a part of their name, without case and accents", () => {
  const rooms = ["Zoë's room", "consult", "Consult 2"].map((room_name, i) => ({ room_id: "r" + i, room_name }));
  assert.deepEqual(named(rooms, " CONS ").map((r) => r.room_id), ["r1", "r2"]);
  assert.deepEqual(named(rooms, "zoe").map((r) => r.room_id), ["r0"]);
  assert.deepEqual(named(rooms, "r1").map((r) => r.room_id), ["r1"]);
  assert.equal(named(rooms, "").length, 3);
  assert.equal(named(rooms, "(").length, 0);
});
