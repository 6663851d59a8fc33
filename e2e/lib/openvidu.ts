// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A person who came with openvidu-browser, and the backend that brings them in.
import { appendFileSync } from 'node:fs';
import { OpenVidu, OpenViduRole, type Session } from 'openvidu-node-client';
import type { BrowserContext, Page } from '@playwright/test';
import type { Kind } from './browser.ts';
import { assert, poll } from './check.ts';
import type { Told } from '../page/openvidu.ts';
import type { Run } from './run.ts';
import { World } from './world.ts';

export { OpenViduRole };

// backend is the official client of the REST API.
export async function backend(t: Run): Promise<OpenVidu> {
  const world = await t.world();
  assert.ok(world instanceof World, 'a backend calls the server itself');
  const made = new OpenVidu(world.server.openVidu.url, world.server.openVidu.secret);
  made.enableProdMode();
  return made;
}

interface Options { browser?: Kind; role?: OpenViduRole; data?: string; publish?: boolean | object; offers?: boolean }

export interface Shown { code?: number; name?: string; fault?: string }

// shown is what an app can tell of a failure. The client hands some errors of the
// server on as they are, and makes a text of others that ends with their JSON.
export function shown(outcome: any): Shown {
  assert.equal(outcome.ok, false, `it works: ${JSON.stringify(outcome)}`);
  const { error } = outcome;
  const text = /\{"code":.*\}/.exec(String(error.message ?? ''));
  const told = text ? JSON.parse(text[0]) : error;
  return JSON.parse(JSON.stringify({ code: told.code, name: told.data?.name ?? told.name, fault: told.data?.fault }));
}

export class OpenViduTab {
  readonly name: string;
  readonly page: Page;
  id = '';
  offered = 0; // streams that it has made the offer for
  #context: BrowserContext;

  private constructor(name: string, context: BrowserContext, page: Page) {
    this.name = name;
    this.#context = context;
    this.page = page;
  }

  // open loads the page; nobody is in a session yet.
  // One that offers what it receives believes that the media server is Kurento.
  static async open(t: Run, name: string, { offers = false, browser }: { offers?: boolean; browser?: Kind } = {}): Promise<OpenViduTab> {
    const place = await t.place();
    const context = await (await place.browserOf(browser)).newContext();
    const page = await context.newPage();
    const tab = new OpenViduTab(name, context, page);
    const write = (text: string) => appendFileSync(`${t.dir}/${name}.log`, `${new Date().toISOString()} ${text}\n`);
    page.on('console', m => write(`console ${m.type()} ${m.text()}`));
    page.on('pageerror', e => write(`pageerror ${e.stack}`));
    page.on('websocket', ws => {
      write(`socket open ${ws.url()}`);
      ws.on('framesent', f => write(`--> ${String(f.payload).slice(0, 4000)}`));
      ws.on('framereceived', f => write(`<-- ${String(f.payload).slice(0, 4000)}`));
      ws.on('close', () => write('socket closed'));
    });
    if (offers) {
      await page.routeWebSocket(/\/openvidu/, ws => {
        const server = ws.connectToServer();
        ws.onMessage(m => {
          if (/"method":"receiveVideoFrom".*"sdpOffer"/.test(String(m))) tab.offered++;
          server.send(m);
        });
        server.onMessage(m => ws.send(String(m).replace('"mediaServer":"mediasoup"', '"mediaServer":"kurento"')));
      });
    }
    await page.goto(`${place.site.origin}/openvidu.html`);
    t.cleanup(() => tab.#context.close());
    return tab;
  }

  // join takes a seat of the session, and publishes unless it is told not to.
  static async join(t: Run, session: Session, name: string, { role = OpenViduRole.PUBLISHER, data, publish = true, offers, browser }: Options = {}): Promise<OpenViduTab> {
    const tab = await OpenViduTab.open(t, name, { offers, browser });
    const { token } = await session.createConnection({ role, data });
    await tab.connect(token!);
    if (publish) await tab.act('publish', publish === true ? {} : publish);
    return tab;
  }

  eval<R, A = void>(fn: (arg: A) => R, arg?: A): Promise<Awaited<R>> { return this.page.evaluate(fn as any, arg) as Promise<Awaited<R>>; }

  async connect(token: string): Promise<void> {
    const outcome = await this.tryConnect(token);
    assert.ok(outcome.ok, `${this.name} connects: ${JSON.stringify(outcome)}`);
    this.id = outcome.value;
  }

  tryConnect(token: string): Promise<any> {
    return this.eval(({ token, name }) => ov.connect(token, { clientData: name }), { token, name: this.name });
  }

  // attempt calls a function of the page and returns its outcome; act demands that
  // it works.
  attempt(action: string, ...args: unknown[]): Promise<any> {
    return this.eval(({ action, args }) => (ov as any)[action](...args), { action, args });
  }

  async act(action: string, ...args: unknown[]): Promise<any> {
    const outcome = await this.attempt(action, ...args);
    assert.ok(outcome.ok, `${this.name}: ${action}: ${JSON.stringify(outcome)}`);
    return outcome.value;
  }

  // until waits in the page until fn returns something truthy.
  until<R, A = void>(what: string, fn: (arg: A) => R, arg?: A, ms = 10_000) {
    return poll(`${this.name}: ${what}`, () => this.eval(fn, arg), { ms });
  }

  told(): Promise<Told[]> { return this.eval(() => ov.journal.slice()); }

  // hears waits until the app was told something of a kind.
  async noticed(kind: string, match: (data: any) => unknown = () => true, ms = 10_000): Promise<any> {
    let all: Told[] = [];
    return poll(`${this.name} to be told ${kind}`, async () => {
      all = await this.told();
      return all.find(n => n.kind === kind && match(n.data))?.data;
    }, { ms, detail: () => `told: ${JSON.stringify(all.slice(-8))}` });
  }

  // receives waits until frames and sound that is not silence arrive anew from a
  // connection, and its video plays.
  async receives(id: string, { frames = 10, sound = true, ms = 20_000 } = {}) {
    const read = () => this.eval(id => ov.flow(id), id);
    let before = await read();
    let now = before;
    return poll(`${this.name} to receive ${id}`, async () => {
      before ??= await read();
      now = await read();
      return before && now && now.frames >= before.frames + frames && now.playing > before.playing
        && (!sound || now.packets > before.packets && now.energy > before.energy + 1e-4) && now;
    }, { ms, detail: () => `before ${JSON.stringify(before)}, now ${JSON.stringify(now)}` });
  }
}
