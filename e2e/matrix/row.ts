// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A row of the matrix: one documented error, one way to provoke it, and what the
// client and the record must say of it.
//
// A Set in expect holds the values that will do. Only what is named in expect and event is compared, but code, terminal and
// retry must be. A row that no client can show has by: 'unreachable', the
// evidence as how, and may have a provoke that holds the evidence.
import { assert, checkAgent, checkEvent, sleep, type WantedEvent } from '../lib/check.ts';
import { patience } from '../lib/patience.ts';
import type { EventAgent, RedialEvent } from '@redial-rtc/testing';
import { conditions } from './conditions.ts';
import type { Outcome } from './outcomes.ts';
import type { Run } from '../lib/run.ts';
import type { Config, Person, Tab } from '../lib/tab.ts';

// most is how long a report may take from the client to the record.
const most = 2000;

// ways are the ways to provoke a row, in the words of the page.
export const ways = { real: 'real cause', injection: 'injection', stub: 'stubbed browser API', unreachable: 'not reachable' };
export const clients = { sdk: 'web SDK', go: 'Go client', http: 'HTTP', watch: 'wtsdk', raw: 'raw frames', opentok: 'OpenTok app' };

// On these, errors have a code and a name and say nothing more, nor does a test know as
// whom the server knows somebody; the record is read in the words of this dialect.
const dialects: Partial<Record<keyof typeof clients, string>> = { watch: 'sceenic', raw: 'sceenic' };

type Code = number | string | boolean;
type Wanted = Record<string, Code | Set<Code>>; // of code, name, terminal, retry and fault

export interface Row {
  row: string; // the entry of the documents it proves, such as S004
  client: keyof typeof clients; // who sees it
  by: keyof typeof ways;
  how: string; // one sentence a person reads
  expect?: Wanted; // what the client shows
  says?: RegExp; // what its message tells a person
  event?: WantedRecord | { none: string }; // or why nothing is stored
  idle?: boolean; // as a scenario's
  ms?: number;
  provoke?(t: Run): Promise<Seen | void>;
}

export interface WantedRecord extends Omit<WantedEvent, 'tab' | 'agent'> {
  fault?: string;
  agent?: (agent: EventAgent | undefined) => void;
  times?: number;
  ms?: number;
  match?: (event: RedialEvent) => unknown;
  roomless?: boolean; // it is about somebody who is in no room yet
}

// Seen is what provoke returns: what a real client made of it.
export interface Seen {
  shown: Shown;
  who: Person; // the peer as its client knows itself
  since?: number; // when the client could first report it, in ms, where that is later than the failure
}

// Shown is read from the client and never written in a row.
export interface Shown { code: number; name: string; terminal: boolean; retry?: boolean; fault?: string; says?: string; at?: number; [key: string]: unknown }

// check holds a row.
export async function check(t: Run, row: Row): Promise<Outcome> {
  const seen = await row.provoke?.(t);
  if (row.by === 'unreachable') return { row: row.row, verdict: 'not reachable' };
  assert.ok(seen, `${row.row}: a client saw it`);
  checkShown(row, seen);
  return { row: row.row, verdict: 'pass', ...await checkRecord(t, row, seen) };
}

// stages are what the server records of a media path that never comes up, by itself:
// that it is late and, on a machine on which the client takes its time to say so,
// that it has failed. The client's report joins one of them.
export const stages = { has: ({ redial }: RedialEvent) => redial?.source === 'server' && ['ice.slow', 'ice.failed'].includes(redial.fault ?? '') };

// checkShown holds what the client showed against the row and the documents.
function checkShown({ row, client, expect = {}, says }: Row, { shown }: Seen) {
  const documented = conditions.get(row)!;
  for (const key of dialects[client] ? [] : ['code', 'terminal', 'retry']) {
    assert.notEqual(shown[key], undefined, `${row}: the client shows ${key}: ${JSON.stringify(shown)}`);
    assert.notEqual(expect[key], undefined, `${row} expects a ${key}`);
  }
  for (const [key, want] of Object.entries(expect)) {
    if (want instanceof Set) assert.ok(want.has(shown[key] as Code), `${row}: ${key} of ${JSON.stringify(shown)}`);
    else assert.deepEqual(shown[key], want, `${row}: ${key} of ${JSON.stringify(shown)}`);
  }
  if (says) assert.match(shown.says ?? '', says, `${row}: the message says why`);
  if (documented.code) assert.equal(shown.code, documented.code, `${row}: the documented code`);
  if (documented.code && documented.name) assert.equal(shown.name, documented.name, `${row}: the documented name`);
}

// checkRecord reads the failure back as support would: it is there once, for the
// right peer, and was there in time.
async function checkRecord(t: Run, { row, client, expect, event: want }: Row, { shown, who, since = 0 }: Seen): Promise<{ delay?: number }> {
  assert.ok(want, `${row} says what is stored`);
  const { rest } = await t.world();
  const dialect = dialects[client];
  const filters = {
    ...(want && 'roomless' in want ? {} : { room_id: who.room.id }), ...(dialect ? { dialect } : {}),
    ...(who.id ? { peer_id: who.id } : who.userId ? { user_id: who.userId, user_id_proof: 'code' } : {}),
  };
  if ('none' in want) {
    await sleep(1000);
    const stored = (await rest.events({ ...filters, error: true })).filter((e: any) => e.data.error_code === shown.code);
    assert.deepEqual(stored, [], `${row}: nothing is stored, because ${want.none}`);
    return {};
  }
  const same = (e: RedialEvent) => e.type === want.type
    && (want.code === undefined || e.data.error_code === want.code)
    && (want.action === undefined || e.data.action === want.action)
    && (want.terminal === undefined || e.data.is_terminal === want.terminal)
    && (!want.roomless || e.redial?.fault === expect?.fault && Date.parse(e.timestamp) >= (shown.at ?? 0) - most * patience())
    && (want.match?.(e) ?? true);
  const event = await rest.event(filters, same, want.ms ?? 15_000);
  const documented = conditions.get(row)!;
  if (!documented.code && !dialect) assert.equal(event.type, documented.name, `${row}: the documented type`);
  checkEvent(event, { ...want, tab: dialect ? undefined : who, agent: false });
  if (dialect) assert.deepEqual([event.data.error_code, event.redial?.fault], [shown.code, expect?.fault], `${row}: stored as ${JSON.stringify(event)}`);
  else if (want.agent) want.agent(event.data.agent);
  else checkAgent(event.data.agent);
  if (want.fault) assert.equal(event.redial?.fault, want.fault, `${row}: fault of ${JSON.stringify(event.redial)}`);

  const able = Math.max(Date.parse(event.redial?.client_timestamp ?? '') || shown.at || 0, since);
  const delay = Math.max(0, Date.parse(event.timestamp) - able);
  assert.ok(delay <= most * patience(), `${row}: stored ${delay} ms after the client could report it: ${JSON.stringify(event)}`);

  // What is told twice is told at once, or when the person leaves.
  if (who.wasIn && who.leave) await Promise.resolve(who.leave()).catch(() => {});
  await sleep(500);
  // On a busy machine the first of them can be a stage, which the client's own account came too late for.
  const all = (await rest.events(filters)).filter(same), whole = all.filter(e => !stages.has(e));
  const stored = whole.length ? whole : all.filter(e => e.id === event.id);
  assert.equal(stored.length, want.times ?? 1, `${row}: stored once: ${JSON.stringify(stored)}`);
  return { delay };
}

// shown reads an exception of the web SDK as data: see plainError of the page.
export const shown = (error: any, at: number): Shown => ({
  code: error.code, name: error.name, terminal: error.isTerminal, retry: error.canRetry, fault: error.fault, at,
  says: `${error.message} ${error.description}`,
});

// refused joins as somebody who is turned away, and returns what the SDK showed.
export async function refused(tab: Tab, config?: Config): Promise<Seen> {
  const outcome = await tab.tryJoin({ ms: 10_000, ...config });
  assert.equal(outcome.ok, false, `${tab.name} must be refused: ${JSON.stringify(outcome)}`);
  return { shown: shown(outcome.error, await tab.now()), who: tab };
}

// told waits for an error that the app is told of.
export async function told(tab: Tab, kind: string, match: (error: any) => unknown, options?: { ms?: number; since?: number }): Promise<Seen> {
  const { data, at } = await tab.noticed(kind, match, options);
  return { shown: shown(data, at), who: tab };
}

// reported is told for failures the SDK tells the server of and the app not:
// what it shows is in its own report.
export async function reported(tab: Tab, name: string, match: (info: any) => unknown, options?: { ms?: number }): Promise<Seen> {
  const { info } = await tab.reported(name, match, options);
  const error = await tab.eval(i => window.tab.plainError({
    code: i.error_code, name: i.error_name, message: i.error_message, description: i.error_description, action: i.action, isTerminal: i.is_terminal,
  }), info);
  return { shown: shown(error, info.timestamp), who: tab };
}
