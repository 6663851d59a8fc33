// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What happened in a session, as numbers that can be drawn: columns of the REST API,
// a scale on which stretches without anything are folded, and counts for each pixel.

/** A timeline as the REST API has it: docs/why.md says what each column means. */
export interface Columns {
  total: number;
  complete: boolean;
  origin: string;
  times: number[];
  lanes: string;
  kinds: number[];
  peers: number[];
  told: { mark: number; after_ms: number }[];
  incident: Incident[];
  incidents: number;
  kind: { type: string; fault?: string }[];
  peer: string[];
}

export interface Incident {
  id: string;
  peer: number;
  began: string;
  ended: string;
  marks: number[];
  cause?: string;
  title?: string;
  confidence?: string;
}

export const client = 1, server = 2; // bits of a mark's lanes

/** Marks in the order of time. */
export interface Marks {
  at: Float64Array; // milliseconds since 1970
  lane: Uint8Array; // client, server or both bits
  bad: Uint8Array; // 1 for failures
  incident: Int32Array; // -1 for none
  byPeer: Map<number, Int32Array>; // places of a peer's marks
}

const lanes: Record<string, number> = { c: client, s: server, b: client | server };

export function decode(c: Columns): Marks {
  const n = Math.min(c.times.length, c.lanes.length, c.kinds.length, c.peers.length);
  const m: Marks = { at: new Float64Array(n), lane: new Uint8Array(n), bad: new Uint8Array(n), incident: new Int32Array(n).fill(-1), byPeer: new Map() };
  const failed = c.kind.map((k) => Number(k.type.startsWith("client.")));
  const places = new Map<number, number[]>();
  let at = Date.parse(c.origin) || 0;
  for (let i = 0; i < n; i++) {
    at += c.times[i]!;
    m.at[i] = at;
    m.lane[i] = lanes[c.lanes[i]!] ?? 0;
    m.bad[i] = failed[c.kinds[i]!] ?? 0;
    const p = c.peers[i]!, of = places.get(p);
    of ? of.push(i) : places.set(p, [i]);
  }
  for (const [p, of] of places) m.byPeer.set(p, Int32Array.from(of));
  c.incident.forEach((one, number) => one.marks.forEach((i) => (m.incident[i] = number)));
  return m;
}

/** A stretch of a scale: a part of the time on a part of the width, or a gap that is folded. */
export interface Stretch {
  from: number;
  to: number;
  x0: number; // 0 to 1
  x1: number;
  gap: boolean;
}

export interface Scale {
  from: number;
  to: number;
  stretches: Stretch[];
}

const mostGaps = 12; // that are folded, the longest
const gapWide = 0.035; // of the width, each

/** A scale for a window. Stretches of a tenth of it and more, and a minute, in which nothing is marked are folded. */
export function fold(at: ArrayLike<number>, from: number, to: number): Scale {
  const whole = Math.max(1, to - from);
  const least = Math.max(60_000, whole / 10);
  const edge = whole / 100; // that stays beside what is marked
  let gaps: { from: number; to: number }[] = [];
  let before = from, any = false;
  const gap = (until: number) => {
    if (until - before >= least) gaps.push({ from: any ? before + edge : from, to: until === to ? to : until - edge });
  };
  for (let i = first(at, from); i < at.length && at[i]! < to; i++) {
    gap(at[i]!);
    before = at[i]!;
    any = true;
  }
  if (any) gap(to); // else there is nothing to make room for
  gaps = gaps.sort((a, b) => b.to - b.from - (a.to - a.from)).slice(0, mostGaps).sort((a, b) => a.from - b.from);
  const folded = gaps.reduce((sum, g) => sum + g.to - g.from, 0);
  const perMs = (1 - gaps.length * gapWide) / Math.max(1, whole - folded);
  const stretches: Stretch[] = [];
  let x = 0, t = from;
  const add = (until: number, wide: number, isGap: boolean) => {
    if (until > t || isGap) stretches.push({ from: t, to: until, x0: x, x1: x + wide, gap: isGap });
    x += wide;
    t = until;
  };
  for (const g of gaps) {
    add(g.from, (g.from - t) * perMs, false);
    add(g.to, gapWide, true);
  }
  add(to, (to - t) * perMs, false);
  return { from, to, stretches };
}

/** The first at or after a time, in a list by time, or among places of one. */
export function first(at: ArrayLike<number>, time: number, places?: ArrayLike<number>): number {
  let low = 0, high = places ? places.length : at.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at[places ? places[middle]! : middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where a time is on a scale, 0 to 1. */
export function x(s: Scale, time: number): number {
  for (const part of s.stretches) {
    if (time <= part.to) return part.x0 + ((Math.max(time, part.from) - part.from) / Math.max(1, part.to - part.from)) * (part.x1 - part.x0);
  }
  return 1;
}

/** Which time is at a place of a scale. */
export function timeAt(s: Scale, at: number): number {
  for (const part of s.stretches) {
    if (at <= part.x1) return part.from + ((at - part.x0) / Math.max(1e-9, part.x1 - part.x0)) * (part.to - part.from);
  }
  return s.to;
}

/** How many marks, and failures, each pixel has, on a lane. */
export interface Bins {
  all: Uint32Array;
  bad: Uint32Array;
}

/** Counts the marks of a window for each pixel, in one pass; places may name some of them, in the order of time. */
export function bin(m: Marks, s: Scale, width: number, places?: Int32Array): { client: Bins; server: Bins } {
  const make = (): Bins => ({ all: new Uint32Array(width), bad: new Uint32Array(width) });
  const out = { client: make(), server: make() };
  const n = places ? places.length : m.at.length;
  let part = 0;
  for (let k = first(m.at, s.from, places); k < n; k++) {
    const i = places ? places[k]! : k, at = m.at[i]!;
    if (at >= s.to) break;
    while (part < s.stretches.length - 1 && at > s.stretches[part]!.to) part++;
    const on = s.stretches[part];
    if (!on) break;
    const where = on.x0 + ((at - on.from) / Math.max(1, on.to - on.from)) * (on.x1 - on.x0);
    const px = Math.min(width - 1, Math.max(0, Math.floor(where * width)));
    if (m.lane[i]! & client) out.client.all[px]!++, m.bad[i] && out.client.bad[px]!++;
    if (m.lane[i]! & server) out.server.all[px]!++, m.bad[i] && out.server.bad[px]!++;
  }
  return out;
}

/** Moves or stretches a window within what there is. */
export function windowOf(from: number, to: number, by: { pan?: number; zoom?: number }, least: number, most: number): [number, number] {
  const width = Math.min(most - least, Math.max(1000, (to - from) * (by.zoom ?? 1)));
  const middle = (from + to) / 2 + (by.pan ?? 0) * (to - from);
  const start = Math.min(Math.max(least, middle - width / 2), most - width);
  return [Math.round(start), Math.round(start + width)];
}

/** How far a client's clock is from the server's. */
export interface Clock {
  ahead: number; // milliseconds; less than 0: behind
  wrong: number; // by how much that may be wrong
}

const few = 3, roughly = 2000, finely = 100;

/** A report of a client: when it was sent by the client's clock, and when it came; of one that was told late, when the server has found that
 * it happened instead, and by how much that may be wrong. */
export interface Report {
  sent: number;
  came: number;
  wrong?: number;
}

/** Tells it from reports: none came before it was sent, so the one with the least difference is nearest to the truth, as package skew
 * of the server has it. What was told late says nothing by when it came. */
export function clockOf(reports: Report[]): Clock | undefined {
  const known = reports.filter((r) => Number.isFinite(r.came - r.sent));
  const behind = known.filter((r) => r.wrong === undefined).map((r) => r.came - r.sent).sort((a, b) => a - b);
  if (!behind.length) {
    const best = known.sort((a, b) => a.wrong! - b.wrong!)[0];
    return best && { ahead: best.sent - best.came, wrong: best.wrong! };
  }
  const wrong = behind.length < few ? roughly : Math.max(finely, Math.min(behind[1]! - behind[0]!, roughly));
  return { ahead: -behind[0]!, wrong };
}
