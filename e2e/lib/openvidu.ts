// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A person who came with openvidu-browser, and the backend that brings them in.
import { OpenVidu, OpenViduRole, type Session } from 'openvidu-node-client';
import type { Kind } from './browser.ts';
import { assert } from './check.ts';
import { logPage } from './pagelog.ts';
import { PageTab } from './pagetab.ts';
import type { Outcome, Told } from '../page/journal.ts';
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

interface Options { browser?: Kind; role?: OpenViduRole; data?: string; publish?: boolean | object; offers?: boolean; before?: () => void }

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

export class OpenViduTab extends PageTab {
  offered = 0; // streams that it has made the offer for
  protected readonly frames = 10;

  // open loads the page; nobody is in a session yet.
  // One that offers what it receives believes that the media server is Kurento.
  static async open(t: Run, name: string, { offers = false, browser, before }: { offers?: boolean; browser?: Kind; before?: () => void } = {}): Promise<OpenViduTab> {
    const place = await t.place();
    const context = await (await place.browserOf(browser)).newContext();
    const page = await context.newPage();
    const tab = new OpenViduTab(name, page);
    logPage(page, `${t.dir}/${name}.log`);
    if (before) await page.addInitScript(before);
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
    t.cleanup(() => context.close());
    return tab;
  }

  // join takes a seat of the session, and publishes unless it is told not to.
  static async join(t: Run, session: Session, name: string, { role = OpenViduRole.PUBLISHER, data, publish = true, offers, browser, before }: Options = {}): Promise<OpenViduTab> {
    const tab = await OpenViduTab.open(t, name, { offers, browser, before });
    const { token } = await session.createConnection({ role, data });
    await tab.connect(token!);
    if (publish) await tab.act('publish', publish === true ? {} : publish);
    return tab;
  }

  async connect(token: string): Promise<void> {
    const outcome = await this.tryConnect(token);
    assert.ok(outcome.ok, `${this.name} connects: ${JSON.stringify(outcome)}`);
    this.id = outcome.value;
  }

  tryConnect(token: string): Promise<any> {
    return this.eval(({ token, name }) => ov.connect(token, { clientData: name }), { token, name: this.name });
  }

  attempt(action: string, ...args: unknown[]): Promise<Outcome> {
    return this.eval(({ action, args }) => (ov as any)[action](...args), { action, args });
  }

  told(): Promise<Told[]> { return this.eval(() => ov.journal.slice()); }
  protected flow(id: string) { return this.eval(id => ov.flow(id), id); }
}
