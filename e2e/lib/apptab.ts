// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A person whose page is an app on one of our own SDKs: `window.page` has a
// journal of what the app was told, and functions that return what they came to.
import { appendFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { assert, poll } from './check.ts';
import type { Outcome, Told } from '../page/journal.ts';
import type { Kind } from './browser.ts';
import type { Run } from './run.ts';

export class AppTab {
  readonly name: string;
  readonly page: Page;
  id = '';

  private constructor(name: string, page: Page) {
    this.name = name;
    this.page = page;
  }

  // open loads a page of the site. One that is kept outlives the scenario; its log is
  // in the directory given.
  static async open(t: Run, file: string, name: string, { kind, keptIn }: { kind?: Kind; keptIn?: string } = {}): Promise<AppTab> {
    const place = await t.place();
    const context = await (await place.browserOf(kind)).newContext();
    if (!keptIn) t.cleanup(() => context.close());
    const page = await context.newPage();
    const tab = new AppTab(name, page);
    const write = (text: string) => appendFileSync(`${keptIn ?? t.dir}/${name}.log`, `${new Date().toISOString()} ${text}\n`);
    page.on('console', m => write(`console ${m.type()} ${m.text()}`));
    page.on('pageerror', e => write(`pageerror ${e.stack}`));
    page.on('websocket', ws => {
      write(`socket open ${ws.url()}`);
      ws.on('framesent', f => write(`--> ${String(f.payload).slice(0, 4000)}`));
      ws.on('framereceived', f => write(`<-- ${String(f.payload).slice(0, 4000)}`));
      ws.on('close', () => write('socket closed'));
    });
    await page.goto(`${place.site.origin}/${file}`);
    return tab;
  }

  eval<R, A = void>(fn: (arg: A) => R, arg?: A): Promise<Awaited<R>> { return this.page.evaluate(fn as any, arg) as Promise<Awaited<R>>; }

  // attempt calls a function of the page and returns its outcome; act demands that
  // it works.
  attempt(action: string, ...args: unknown[]): Promise<Outcome> {
    return this.eval(({ action, args }) => (page as any)[action](...args), { action, args });
  }

  async act(action: string, ...args: unknown[]): Promise<any> {
    const outcome = await this.attempt(action, ...args);
    assert.ok(outcome.ok, `${this.name}: ${action}: ${JSON.stringify(outcome)}`);
    return outcome.value;
  }

  told(): Promise<Told[]> { return this.eval(() => page.journal.told.slice()); }
  now(): Promise<number> { return this.eval(() => Date.now()); }

  // noticed waits until the app was told something of a kind.
  async noticed(kind: string, match: (data: any) => unknown = () => true, { ms = 10_000, since = 0 } = {}): Promise<any> {
    let all: Told[] = [];
    return poll(`${this.name} to be told ${kind}`, async () => {
      all = await this.told();
      return all.find(n => n.at >= since && n.kind === kind && match(n.data))?.data;
    }, { ms, detail: () => `told: ${JSON.stringify(all.slice(-8))}` });
  }

  // until waits in the page until fn returns something truthy.
  until<R, A = void>(what: string, fn: (arg: A) => R, arg?: A, ms = 10_000) {
    return poll(`${this.name}: ${what}`, () => this.eval(fn, arg), { ms });
  }

  // receives waits until frames and sound that is not silence arrive anew from
  // somebody, and their video plays.
  async receives(id: string, { frames = 5, sound = true, ms = 20_000 } = {}) {
    const read = () => this.eval(id => page.flow(id), id);
    let before = await read();
    let now = before;
    return poll(`${this.name} to receive ${id}`, async () => {
      before ??= await read();
      now = await read();
      return before && now && now.frames >= before.frames + frames && now.playing > before.playing
        && (!sound || now.packets > before.packets && now.energy > before.energy + 1e-4) && now;
    }, { ms, detail: () => `before ${JSON.stringify(before)}, now ${JSON.stringify(now)}` });
  }

  // dropSocket closes the sockets that are open, as a lost network does.
  dropSocket() { return this.eval(() => { for (const s of probe.sockets) if (s.readyState === WebSocket.OPEN) s.close(); }); }
}
