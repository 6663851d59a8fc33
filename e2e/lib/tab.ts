// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A Tab is one person: a browser context of their own with the SDK in it.
import { appendFileSync } from 'node:fs';
import type { BrowserContext, Page } from '@playwright/test';
import type { Kind } from './browser.ts';
import { assert, poll, sleep } from './check.ts';
import { logPage } from './pagelog.ts';
import { Limit } from './patience.ts';
import type { Received, Sent } from '../page/probe.ts';
import type { Note, Outcome } from '../page/tab.ts';
import type { Room } from './run.ts';
import type { Place } from './world.ts';

// Person is somebody in a room, as their client knows them.
export interface Person {
  id?: string;
  userId: string;
  name?: string;
  role: string;
  room: Room;
  wasIn?: boolean;
  leave?(): unknown;
}

export interface TabOptions {
  world?: Place;
  token?: string;
  userId?: string;
  viewport?: { width: number; height: number };
  url?: string;
  browser?: Kind;
  before?: (arg: any) => void;
  beforeArg?: unknown;
  until?: (page: Page) => Promise<unknown>;
  quiet?: boolean;
  page?: Record<string, string>; // how it is served: see programs/site.ts
  prepare?: (context: BrowserContext) => Promise<unknown>;
}

// Config goes to the SDK's join.
export interface Config { ms?: number; authToken?: string; initEndpoint?: string; metaData?: string; settings?: object }

interface Opened extends Omit<TabOptions, 'world' | 'token'> {
  world: Place;
  dir: string;
  room: Room;
  name: string;
  role: string;
  token: string;
}

export class Tab implements Person {
  world!: Place;
  dir!: string;
  room!: Room;
  name!: string;
  role!: string;
  token!: string;
  userId!: string;
  context!: BrowserContext;
  page!: Page;
  id = '';
  sessionId?: string;
  wasIn = false;
  expectUncaught: RegExp[] = [];
  reports: { name: string; info: any }[] = [];
  largest: Record<string, number> = {}; // the bytes of the largest frame of a method

  // open loads the bare page (or, with url, another page) in a fresh context, in
  // the usual browser or one of another kind. before runs in the page ahead of
  // everything else, with beforeArg; until gets the page before it is loaded and
  // says when it is ready; quiet silences its console, since Playwright looks at
  // the elements that are logged, which counts as a person's touch of the page.
  static async open({
    world, dir, room, name, role, token, userId = `user-${name}`, viewport, url, browser, before, beforeArg, until, quiet = false, page: served = {}, prepare,
  }: Opened): Promise<Tab> {
    const context = await (await world.browserOf(browser)).newContext({ viewport: viewport ?? { width: 1400, height: 900 }, ignoreHTTPSErrors: true });
    await prepare?.(context);
    if (before) await context.addInitScript(before, beforeArg);
    if (quiet) {
      await context.addInitScript(() => {
        for (const level of ['debug', 'error', 'info', 'log', 'warn'] as const) console[level] = () => {};
      });
    }
    const page = await context.newPage();
    const tab = new Tab();
    Object.assign(tab, { world, dir, room, name, role, token, userId, context, page });
    const weigh = (text: string, ...methods: string[]) => {
      const method = methods.find(m => text.includes(`"method":"${m}"`));
      if (method) tab.largest[method] = Math.max(tab.largest[method] ?? 0, text.length);
    };
    logPage(page, `${dir}/${name}.log`, { quiet });
    // The SDK makes its peer id up; one who is refused is only known by it here.
    page.on('request', r => {
      const url = new URL(r.url());
      if (url.pathname === '/init') tab.id = url.searchParams.get('peer_id') ?? '';
    });
    page.on('websocket', ws => {
      ws.on('framesent', f => {
        weigh(String(f.payload), 'answer');
        if (String(f.payload).startsWith('{"method":"analytics"')) tab.reports.push(JSON.parse(String(f.payload)).params);
      });
      ws.on('framereceived', f => weigh(String(f.payload), 'offer', 'peer-list'));
    });
    const ready = until?.(page);
    await page.goto(url ?? `${world.site.origin}/?${new URLSearchParams(served)}`);
    await ready;
    return tab;
  }

  // tryJoin runs the SDK's join and returns its outcome: with pending when it has
  // not settled in time.
  async tryJoin({ ms = 20_000, ...config }: Config = {}): Promise<Outcome> {
    let outcome: Outcome | undefined;
    const settled = this.#joins(config).then(o => (outcome = o));
    const limit = new Limit(ms);
    while (!outcome && !limit.over) await Promise.race([settled, sleep(200)]);
    await this.refresh();
    return outcome ?? { ok: false, pending: true };
  }

  // startJoin is for joins that never end: it returns when the SDK has begun.
  async startJoin(config: Config = {}): Promise<void> {
    this.#joins(config).catch(() => {}); // the page is closed before it has settled
    await poll(`${this.name} to ask the server`, () => this.id);
    await this.refresh();
  }

  #joins(config: Config): Promise<Outcome> {
    return this.eval(c => tab.attempt(() => tab.actions.join(c)), {
      userName: this.name,
      authToken: this.token,
      initEndpoint: this.world.server.init,
      metaData: '',
      ...config,
    });
  }

  async join(config?: Config): Promise<this> {
    const outcome = await this.tryJoin(config);
    assert.ok(outcome.ok, `${this.name} joins: ${JSON.stringify(outcome)}`);
    await this.until('the room is connected', () => tab.state().room.isConnected);
    await this.refresh();
    this.wasIn = true;
    return this;
  }

  // refresh reads who the SDK says we are.
  async refresh() {
    this.id = await this.eval(() => tab.state().room.localPeer) || this.id;
    this.sessionId = await this.eval(() => tab.state().room.sessionId) || this.sessionId;
  }

  leave(): Promise<void> { return this.eval(() => tab.actions.leave()); }

  // eval runs a function in the page; see page/globals.d.ts for what it finds there.
  eval<R, A = void>(fn: (arg: A) => R, arg?: A): Promise<Awaited<R>> { return this.page.evaluate(fn as any, arg) as Promise<Awaited<R>>; }

  // act calls one of the SDK's actions and fails when it rejects.
  async act(action: string, ...args: unknown[]): Promise<any> {
    const outcome = await this.attempt(action, ...args);
    assert.ok(outcome.ok, `${this.name}: ${action}: ${JSON.stringify(outcome.error)}`);
    return outcome.value;
  }

  // attempt calls one of the SDK's actions ("sessionStore.set") and returns its outcome.
  attempt(action: string, ...args: unknown[]): Promise<Outcome> {
    return this.eval(({ path, list }) => {
      const keys = path.split('.');
      const last = keys.pop()!;
      const owner = keys.reduce((o, k) => o[k], tab.actions);
      return tab.attempt(() => owner[last](...list));
    }, { path: action, list: args });
  }

  // until waits in the page until fn returns something truthy, and returns it.
  until<R, A = void>(what: string, fn: (arg: A) => R, arg?: A, ms = 10_000) {
    let last: Awaited<R> | undefined;
    return poll(`${this.name}: ${what}`, async () => {
      last = await this.eval(fn, arg);
      return last;
    }, { ms, detail: () => `last value ${JSON.stringify(last)}` });
  }

  // notices returns what the app was told, of the given kinds.
  async notices(...kinds: string[]): Promise<Note[]> {
    const all: Note[] = await this.eval(() => tab.copy(tab.journal, 8));
    return kinds.length ? all.filter(n => kinds.includes(n.kind)) : all;
  }

  // noticed waits for a notification of a kind whose data matches.
  noticed(kind: string, match: (data: any) => unknown = () => true, { ms = 10_000, since = 0 } = {}): Promise<Note> {
    let seen: Note[] = [];
    return poll(`${this.name} to be told ${kind}`, async () => {
      seen = (await this.notices(kind)).filter(n => n.at >= since);
      return seen.find(n => match(n.data ?? {}));
    }, { ms, detail: () => `told: ${JSON.stringify(seen.map(n => n.data)).slice(0, 600)}` });
  }

  // reported waits until the SDK has told the server of a failure over its socket,
  // and returns its words.
  reported(name: string, match: (info: any) => unknown = () => true, { ms = 10_000 } = {}) {
    return poll(`${this.name}'s SDK to report ${name}`, () => this.reports.find(r => r.name === name && match(r.info)), {
      ms, detail: () => `reported: ${this.reports.map(r => `${r.name} ${r.info?.error_code ?? ''}`)}`,
    });
  }

  // now is the page's clock, to tell old notifications from new ones.
  now() { return this.eval(() => Date.now()); }

  peer(id: string): Promise<any> { return this.eval(id => tab.copy(tab.state().peers[id]), id); }

  knows(other: Tab, ms?: number) {
    return this.until(`${other.name} is in the list of peers`, id => tab.copy(tab.state().peers[id]), other.id, ms);
  }

  // scoredLost waits until the SDK has shown the server's score of a peer whose media does
  // not come through.
  scoredLost(ms: number) {
    return this.noticed('score', ({ peer, score }) => peer === this.id && score === 0, { ms });
  }

  // trackOf returns the id of another peer's track once it is known here.
  trackOf(other: Tab, kind: string, { source = 'regular', ms = 10_000 } = {}): Promise<string> {
    return this.until(`${other.name}'s ${source} ${kind} track`, ([peerId, kind, source]) => {
      const found = tab.tracks().find(t => t.peerId === peerId && t.type === kind && t.source === source);
      return found?.id;
    }, [other.id, kind, source], ms);
  }

  // ownTrack returns the id of the peer's own camera or microphone once the SDK has it.
  ownTrack(kind: 'audio' | 'video'): Promise<string> {
    return this.until(`its own ${kind} track`, kind => {
      const { peers, room } = tab.state();
      return peers[room.localPeer]?.[`${kind}Track`];
    }, kind, 20_000);
  }

  // turnOn unmutes the peer's own camera or microphone, once the SDK has it: before
  // that its action does nothing, without a word.
  async turnOn(...kinds: ('audio' | 'video')[]) {
    for (const kind of kinds) {
      const id = await this.ownTrack(kind);
      await this.act(kind === 'video' ? 'setLocalVideoEnabled' : 'setLocalAudioEnabled', true);
      await this.until(`its own ${kind} is on`, id => tab.state().tracks[id]?.enabled, id);
    }
  }

  received(trackId: string): Promise<Received | null> { return this.eval(id => probe.received(id), trackId); }
  sent(): Promise<Sent[]> { return this.eval(() => probe.sent()); }

  // sees waits until new frames of another peer's video are decoded here and its
  // element plays, and returns the numbers.
  async sees(other: Tab, { source = 'regular', frames = 10, ms = 15_000 } = {}) {
    const trackId = await this.trackOf(other, 'video', { source, ms });
    const before = (await this.received(trackId))?.frames ?? 0;
    const clock = () => this.eval(id => tab.videos.get(id)?.currentTime ?? -1, trackId);
    const played = await clock();
    let now: Received | null;
    return poll(`${this.name} to decode ${frames} frames of ${other.name}`, async () => {
      now = await this.received(trackId);
      return now && now.frames >= before + frames && (await clock()) > played && { ...now, trackId };
    }, { ms, detail: async () => `before ${before}, now ${JSON.stringify(now)}, of ${trackId}; ${await this.#between(other)}` });
  }

  // between says what is known on both sides when media does not arrive.
  async #between(other: Tab): Promise<string> {
    const known = await this.eval(id => tab.tracks().filter(t => t.peerId === id).map(t => `${t.source} ${t.type} ${t.id} ${t.enabled}`), other.id).catch(String);
    const sides = await Promise.all([this, other].map(async side => {
      const told = (await side.notices('RECONNECTING', 'RECONNECTED', 'ERROR', 'PEER_LEFT', 'TRACK_REMOVED')).map(n => `${n.kind} ${n.data?.code ?? n.data?.id ?? ''}`);
      return `${side.name}: ${await side.eval(() => probe.states())}, told ${JSON.stringify(told)}`;
    })).catch(String);
    const sends = await other.sent().then(all => all.map(s => `${s.kind} ${s.rid ?? ''} ${s.width}x${s.height} ${s.frames}/${s.packets}`), String);
    return `knows ${JSON.stringify(known)}; ${sides}; ${other.name} sends ${JSON.stringify(sends)}`;
  }

  // hears waits until sound that is not silence arrives from another peer.
  async hears(other: Tab, { source = 'regular', ms = 15_000 } = {}) {
    const trackId = await this.trackOf(other, 'audio', { source, ms });
    const before = await this.received(trackId);
    let now: Received | null;
    return poll(`${this.name} to hear ${other.name}`, async () => {
      now = await this.received(trackId);
      return now && now.packets > (before?.packets ?? 0) && now.energy > (before?.energy ?? 0) + 1e-4 && { ...now, trackId };
    }, { ms, detail: () => `before ${JSON.stringify(before)}, now ${JSON.stringify(now)}` });
  }

  // still waits until no frame of a track has arrived for two seconds; what was
  // under way may still be decoded.
  still(trackId: string) {
    return poll(`${this.name} to get no more frames of ${trackId}`, async () => {
      const before = (await this.received(trackId))?.frames ?? 0;
      await sleep(2000);
      return ((await this.received(trackId))?.frames ?? 0) === before;
    }, { ms: 8000, step: 0 });
  }

  roomState(): Promise<string> { return this.eval(() => tab.state().room.roomState); }

  // uncaught returns the errors nobody caught in the page.
  async uncaught(): Promise<string[]> {
    if (this.page.isClosed()) return [];
    const all = await this.eval(() => window.probe?.uncaught ?? []).catch(() => []);
    return all.filter(text => !this.expectUncaught.some(re => re.test(text)));
  }

  async keepEvidence() {
    if (this.page.isClosed()) return;
    await this.page.screenshot({ path: `${this.dir}/${this.name}.png`, timeout: 3000 }).catch(() => {});
    const text = await this.eval(async () => {
      const received: Record<string, unknown> = {};
      for (const id of Object.keys(tab.state().tracks)) received[id] = await probe.received(id);
      return JSON.stringify({
        state: tab.state(), journal: tab.journal, pcs: probe.states(), uncaught: probe.uncaught, sent: await probe.sent(), received,
      }, null, 1);
    }).catch(() => '');
    if (text) appendFileSync(`${this.dir}/${this.name}.state.json`, text);
  }

  async close() { await this.context.close().catch(() => {}); }
}
