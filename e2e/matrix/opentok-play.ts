// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Plays the rows of OpenTok: all of them on a few pages in one session, since opening
// pages takes longer than what most rows do on them.
import { readFileSync } from 'node:fs';
import { devices } from '@playwright/test';
import type { RedialEvent } from '@redial-rtc/testing';
import { assert, checkEvent, poll, sleep } from '../lib/check.ts';
import { openTalker, roomOf, talk, talking } from '../lib/opentok.ts';
import type { Run } from '../lib/run.ts';
import { root } from '../lib/setup.ts';
import { openTok } from './conditions.ts';
import { otherServers, type Shown, type Stage } from './opentok-ways.ts';
import { provocations, unreachable, type Provocation } from './opentok.ts';
import type { Outcome } from './outcomes.ts';
import { stages, ways, type Row } from './row.ts';

const ids = (p: Provocation) => p.rows.split(' ');

// rows are those of the page: of a row that is provoked in several ways the first.
export const rows: Row[] = [...openTok.keys()].map((row): Row => {
  const p = provocations.find(p => ids(p).includes(row));
  if (p) return { row, client: 'opentok', by: p.by, how: p.how, event: p.event };
  const how = unreachable[row];
  if (!how) throw new Error(`the matrix has no row for ${row}`);
  return { row, client: 'opentok', by: 'unreachable', how };
});

// stage opens the pages. Whoever only fails to capture needs to receive nobody.
async function stage(t: Run): Promise<Stage> {
  const session = await talking(t);
  const quiet = { publish: false, receive: false };
  const drawing = { publish: { canvas: true, audioSource: null } };
  const [others, mod, bob, out, sub, denied, bare, phone, plain] = await Promise.all([
    otherServers(t), talk(t, session, 'mod', { role: 'moderator', ...drawing }), talk(t, session, 'bob', drawing), openTalker(t, 'out'),
    talk(t, session, 'sub', { role: 'subscriber', publish: false }), talk(t, session, 'denied', { kind: 'denying', publish: false }),
    talk(t, session, 'bare', { kind: 'bare', ...quiet }), talk(t, session, 'phone', { kind: 'bare', device: devices['Pixel 7'], ...quiet }), talk(t, session, 'plain', { plain: true, ...quiet }),
  ]);
  await out.eval(({ key, id }) => ot.init(key, id), session);
  for (const tab of [mod, bob, denied, sub]) await tab.noticed('subscriber.connected');
  const peers: Record<string, string> = {};
  for (const tab of [mod, bob, sub, denied, bare, phone, plain]) {
    peers[tab.name] = await tab.eval(() => {
      ot.ignore(); // what fails to be published is nobody else's failure
      return ot.session.connection!.connectionId;
    });
  }
  return { t, session, room: roomOf(session), peers, mod, bob, out, sub, denied, bare, phone, plain, ...others };
}

// Played is one provocation with what came of it.
interface Played { p: Provocation; shown?: Shown; from: number; ms: number }

// play runs the rows that are chosen and gives what became of them. It fails for those
// of which an app was not told what the documents say, or of which something else is on
// record than the row says.
export async function play(t: Run, chosen: readonly string[]): Promise<Outcome[]> {
  if (!process.env.REDIAL_E2E_MATRIX) {
    const page = readFileSync(`${root}/docs/error-matrix.md`, 'utf8').split('\n');
    for (const { row, by, how } of rows) assert.ok(page.some(line => line.startsWith(`| ${row} |`) && line.includes(`**${ways[by]}**: ${how} |`)), `docs/error-matrix.md says of ${row}: ${how}; "make matrix" writes it`);
  }
  const s = await stage(t);
  const failed: string[] = [];
  const one = async (p: Provocation): Promise<Played> => {
    const from = Date.now();
    const shown: Shown | undefined = await p.run(s).catch(e => ({ name: String(e) }));
    for (const id of ids(p)) {
      const { code, name } = openTok.get(id)!;
      if (code ? shown?.code !== code : shown?.name !== name) failed.push(`${id} (${p.how}): wants ${code || name}, shows ${JSON.stringify(shown)}`);
    }
    if (shown?.own === false) failed.push(`${p.rows}: not an Error`);
    return { p, shown, from, ms: Date.now() - from };
  };
  const all = provocations.filter(p => !chosen.length || ids(p).some(id => chosen.includes(id)));
  const waiting = all.filter(p => p.idle).map(one);
  const played: Played[] = [];
  for (const p of all.filter(p => !p.idle)) played.push(await one(p));
  played.push(...await Promise.all(waiting));
  await recorded(s, played, failed);
  assert.deepEqual(failed, []);
  for (const tab of [s.mod, s.bob, s.out, s.sub, s.denied, s.bare, s.phone, s.plain]) assert.deepEqual(await tab.eval(() => probe.uncaught), [], `errors nobody caught in ${tab.name}'s page`);
  return rows.filter(({ row }) => !chosen.length || chosen.includes(row)).map(({ row }) => {
    const first = played.find(({ p }) => ids(p).includes(row));
    return first ? { row, verdict: 'pass', ms: first.ms } : { row, verdict: 'not reachable', ms: 0 };
  });
}

// recorded holds the record against what the rows say: each failure that is stored is of
// exactly one row, of the right peer, worded as the app was told, and explained.
async function recorded({ t, room, peers }: Stage, played: Played[], failed: string[]) {
  const { rest } = await t.world();
  const since = new Date(Math.min(...played.map(one => one.from))).toISOString();
  // An id of a session that is none leads to no room.
  const stored = async () => (await rest.events({ error: true, dialect: 'opentok', since })).filter(e => [room, undefined].includes(e.data.room_id));
  const wanted = played.flatMap(({ p: { rows, event }, from }) => ('none' in event ? [] : [{ rows, from, want: event }]));
  const isOf = (e: RedialEvent, { want, from }: (typeof wanted)[number]) =>
    e.type === want.type && e.redial?.fault === want.fault && e.data.peer_id === peers[want.of] && Date.parse(e.timestamp) >= from;
  await poll('the failures to be on record', async () => {
    const events = await stored();
    return wanted.every(one => events.some(e => isOf(e, one)));
  }, { ms: 15_000 }).catch(e => failed.push(String(e)));
  await sleep(500); // what is told twice is told at once
  const left = await stored();
  for (const one of wanted) {
    const at = left.findIndex(e => isOf(e, one));
    if (at < 0) {
      failed.push(`${one.rows}: not on record`);
      continue;
    }
    const [e] = left.splice(at, 1);
    try {
      checkEvent(e!, { ...one.want, agent: false });
      assert.equal(e!.data.agent?.sdk, 'redial-opentok', JSON.stringify(e));
      assert.match(e!.data.agent.string ?? '', /Chrome/, 'the browser is told');
      const { verdict } = await rest.get(`/api/v1/events/${e!.id}/diagnosis`);
      assert.ok(verdict.confidence !== 'not known' || verdict.missing?.length > 0, `it is explained, or what lacks is named: ${JSON.stringify(verdict)}`);
    } catch (error) {
      failed.push(`${one.rows}: ${error}`);
    }
  }
  // A stream that ends while it is subscribed to is on record where the request for it, its
  // offer or the answer to that was ahead of the news.
  const ended = ['stream.not_published', 'subscribe.peer_left', 'negotiation.peer_left'];
  const late = (e: RedialEvent) => stages.has(e) || e.data.peer_id === peers.plain && ended.includes(e.redial?.fault ?? '');
  for (const e of left) if (!late(e)) failed.push(`stored, and no row says so: ${JSON.stringify(e)}`);
}
