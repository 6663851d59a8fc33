// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { csv, ndjson, withOffset } from "../src/exports.ts";
import { apart } from "../src/time.ts";
import { bin, clockOf, decode, first, fold, timeAt, windowOf, x } from "../src/timeline.ts";

const t0 = Date.parse("2026-11-25T14:00:00Z");
const minute = 60_000;

/** Columns of marks: [seconds, lane, "failed" or "", peer]. */
function columns(marks, incident = []) {
  let before = 0;
  return {
    total: marks.length, complete: true, origin: new Date(t0).toISOString(),
    times: marks.map(([s]) => { const d = s * 1000 - before; before = s * 1000; return d; }),
    lanes: marks.map(([, lane]) => lane).join(""), kinds: marks.map(([, , bad]) => (bad ? 1 : 0)), peers: marks.map(([, , , peer]) => peer ?? 0),
    told: [], incident, incidents: incident.length, kind: [{ type: "track.add.success" }, { type: "client.join.failed", fault: "ice.failed" }], peer: ["a", "b"],
  };
}

test("columns become marks", () => {
  const m = decode(columns([[0, "s", ""], [65, "b", "x", 1], [70, "c", "x", 1]], [{ id: "e", peer: 1, began: "", ended: "", marks: [1, 2] }]));
  assert.deepEqual([...m.at], [t0, t0 + 65_000, t0 + 70_000]);
  assert.deepEqual([...m.lane], [2, 3, 1]);
  assert.deepEqual([...m.bad], [0, 1, 1]);
  assert.deepEqual([...m.incident], [-1, 0, 0]);
  assert.deepEqual([...m.byPeer.get(1)], [1, 2]);
  assert.equal(decode(columns([])).at.length, 0);
});

test("what is long and empty is folded, and every time has one place", () => {
  const at = [0, 1, 2, 40, 41, 60].map((m) => t0 + m * minute);
  const s = fold(at, t0, t0 + 60 * minute + 1);
  assert.deepEqual(s.stretches.map((p) => p.gap), [false, true, false, true, false]);
  const gap = s.stretches[1];
  assert.ok(gap.x1 - gap.x0 < 0.05, "38 minutes take little");
  assert.ok(gap.to - gap.from > 35 * minute);
  let last = -1;
  for (let m = 0; m <= 60; m += 0.25) {
    const at = x(s, t0 + m * minute);
    assert.ok(at >= last && at <= 1.0001, `${m} min is at ${at}`);
    last = at;
    assert.ok(Math.abs(timeAt(s, at) - (t0 + m * minute)) < 2, "and back");
  }
  assert.equal(s.stretches[0].x0, 0);
  assert.ok(Math.abs(s.stretches.at(-1).x1 - 1) < 1e-9);
  // Nothing to make room for.
  assert.equal(fold([], t0, t0 + minute).stretches.length, 1);
  // However many gaps there are, room is left.
  const many = fold(Array.from({ length: 400 }, (_, i) => t0 + i * 10 * minute), t0, t0 + 4000 * minute);
  assert.ok(many.stretches.filter((p) => p.gap).length <= 12);
});

test("each mark is counted on its lanes once, within the window", () => {
  const marks = decode(columns(Array.from({ length: 1000 }, (_, i) => [i, "csb"[i % 3], i % 10 === 0 ? "x" : "", i % 2])));
  const sum = (list) => list.reduce((a, b) => a + b, 0);
  for (const width of [1, 7, 800]) {
    const b = bin(marks, fold(marks.at, t0, t0 + 1000_000), width);
    assert.equal(sum(b.client.all) + sum(b.server.all), 1000 + 333);
    assert.equal(sum(b.client.bad) + sum(b.server.bad), 100 + 33);
  }
  const some = bin(marks, fold(marks.at, t0 + 500_000, t0 + 600_000), 100, marks.byPeer.get(1));
  assert.equal(sum(some.client.all) + sum(some.server.all), [...Array(100).keys()].map((i) => i + 500).filter((i) => i % 2 === 1).reduce((n, i) => n + (i % 3 === 2 ? 2 : 1), 0));
  assert.equal(first(marks.at, t0 + 500_500), 501);
});

test("100,000 marks are counted for each pixel", () => {
  const marks = decode(columns(Array.from({ length: 100_000 }, (_, i) => [i / 10, "s", "", i % 200])));
  assert.equal(bin(marks, fold(marks.at, marks.at[0], marks.at.at(-1) + 1), 1200).server.all.reduce((a, b) => a + b), 100_000);
});

test("a window stays within what there is", () => {
  assert.deepEqual(windowOf(0, 1000_000, { zoom: 0.5 }, 0, 1000_000), [250_000, 750_000]);
  assert.deepEqual(windowOf(250_000, 750_000, { pan: 1 }, 0, 1000_000), [500_000, 1000_000]);
  assert.deepEqual(windowOf(0, 2000, { zoom: 0.1 }, 0, 1000_000), [500, 1500]);
  assert.deepEqual(windowOf(0, 500_000, { zoom: 9 }, 0, 1000_000), [0, 1000_000]);
});

test("a clock is as far off as its quickest message says", () => {
  assert.equal(clockOf([]), undefined);
  const ahead = 2 * 60 * minute + 3 * minute;
  const sent = (delay) => ({ sent: t0 + ahead, came: t0 + delay });
  assert.deepEqual(clockOf([sent(900), sent(40), sent(2000), sent(200)]), { ahead: ahead - 40, wrong: 160 });
  assert.deepEqual(clockOf([sent(40)]), { ahead: ahead - 40, wrong: 2000 });
  assert.deepEqual(clockOf([{ sent: NaN, came: 1 }]), undefined);
  // What was told a day late says nothing by when it came.
  const late = { sent: t0 + ahead, came: t0, wrong: 80 };
  assert.deepEqual(clockOf([late, { ...late, came: t0 + 5000, wrong: 9000 }]), { ahead, wrong: 80 });
  assert.deepEqual(clockOf([late, sent(40)]), { ahead: ahead - 40, wrong: 2000 });
  assert.deepEqual([80, 1500, 185_000, ahead].map(apart), ["80 ms", "1.5 s", "3 min 05 s", "2 h 03 min"]);
});

test("what is exported says what it is, and is no formula", () => {
  const at = new Date("2026-11-27T12:30:00Z");
  assert.equal(withOffset(at, 60), "2026-11-27T13:30:00+01:00");
  assert.equal(withOffset(at, -210), "2026-11-27T09:00:00-03:30");
  assert.equal(withOffset(at, 0), "2026-11-27T12:30:00Z");
  const lines = csv("mia\nyesterday", at, ["name", "n"], [['=HYPERLINK("x")', 1], ["a,b", -2], [undefined, null]]).split("\r\n");
  assert.match(lines[0], /^# mia yesterday; exported 2026-11-27T/);
  assert.deepEqual(lines.slice(1), ["name,n", `"'=HYPERLINK(""x"")",1`, '"a,b",-2', ",", ""]);
  assert.match(csv('mia,=HYPERLINK("x")', at, [], []), /^# mia =HYPERLINK\( x \); exported [^,]*$/m);
  const [head, one] = ndjson("q", at, [{ a: "\n" }]).split("\n");
  assert.equal(JSON.parse(head).export.query, "q");
  assert.deepEqual(JSON.parse(one), { a: "\n" });
});
