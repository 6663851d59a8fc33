// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A person whose page is an app on an SDK without a store of its own: the page has
// a journal of what the app was told, and functions that return what they came to.
import type { Page } from '@playwright/test';
import type { Flow, Outcome, Told } from '../page/journal.ts';
import { assert, poll } from './check.ts';

export abstract class PageTab {
  readonly name: string;
  readonly page: Page;
  id = '';
  protected abstract readonly frames: number; // that have to arrive anew, unless said otherwise

  protected constructor(name: string, page: Page) {
    this.name = name;
    this.page = page;
  }

  // attempt calls a function of the page and returns its outcome; act demands that
  // it works.
  abstract attempt(action: string, ...args: unknown[]): Promise<Outcome>;
  abstract told(): Promise<Told[]>;
  protected abstract flow(id: string): Promise<Flow | null | undefined>; // what has arrived of somebody

  async act(action: string, ...args: unknown[]): Promise<any> {
    const outcome = await this.attempt(action, ...args);
    assert.ok(outcome.ok, `${this.name}: ${action}: ${JSON.stringify(outcome)}`);
    return outcome.value;
  }

  eval<R, A = void>(fn: (arg: A) => R, arg?: A): Promise<Awaited<R>> { return this.page.evaluate(fn as any, arg) as Promise<Awaited<R>>; }

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
  async receives(id: string, { frames = this.frames, sound = true, ms = 20_000 } = {}) {
    const read = () => this.flow(id);
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
