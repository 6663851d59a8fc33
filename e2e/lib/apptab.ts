// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A person whose page is an app on one of our own SDKs: `window.page` has a
// journal of what the app was told, and functions that return what they came to.
import type { Outcome, Told } from '../page/journal.ts';
import type { BrowserContextOptions } from '@playwright/test';
import { insecure, type Kind } from './browser.ts';
import { logPage } from './pagelog.ts';
import { PageTab } from './pagetab.ts';
import type { Run } from './run.ts';

export interface AppOptions {
  kind?: Kind;
  keptIn?: string; // it outlives the scenario, and its log is in this directory
  before?: () => void; // runs in the page ahead of everything
  plain?: boolean; // by HTTP, as from another machine
  device?: BrowserContextOptions; // what the browser says it is
}

export class AppTab extends PageTab {
  protected readonly frames = 5;

  // open loads a page of the site.
  static async open(t: Run, file: string, name: string, { kind, keptIn, before, plain, device }: AppOptions = {}): Promise<AppTab> {
    const place = await t.place();
    const context = await (await place.browserOf(kind)).newContext(device);
    if (!keptIn) t.cleanup(() => context.close());
    const page = await context.newPage();
    const tab = new AppTab(name, page);
    logPage(page, `${keptIn ?? t.dir}/${name}.log`);
    if (before) await page.addInitScript(before);
    await page.goto(`${plain ? `http://${insecure}:${place.site.pagePort}` : place.site.origin}/${file}`);
    return tab;
  }

  attempt(action: string, ...args: unknown[]): Promise<Outcome> {
    return this.eval(({ action, args }) => (page as any)[action](...args), { action, args });
  }

  told(): Promise<Told[]> { return this.eval(() => page.journal.told.slice()); }
  protected flow(id: string) { return this.eval(id => page.flow(id), id); }
  now(): Promise<number> { return this.eval(() => Date.now()); }
}
