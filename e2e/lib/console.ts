// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The console of a server with a history: logging in, what a person does there, and
// what must hold of every page.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import type { BrowserContext, Page } from '@playwright/test';
import { assert } from './check.ts';
import type { Run } from './run.ts';
import { root } from './setup.ts';
import type { World } from './world.ts';

const run = promisify(execFile);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const zone = 'Europe/Berlin';

// Hands do what a person does, and count it: typing is one, a click or a key is one.
export class Hands {
  count = 0;
  constructor(readonly page: Page) {}
  async type(text: string) { this.count++; await this.page.keyboard.type(text); }
  async press(key: string) { this.count++; await this.page.keyboard.press(key); }
  async click(what: ReturnType<Page['locator']>) { this.count++; await what.click(); }

  // search finds by a text, without a mouse: then the first row has the focus.
  async search(text: string) {
    await this.press('/');
    await this.type(text);
    await this.press('Enter');
    await this.page.locator('a[data-row]:focus').waitFor();
  }
}

// accessible runs axe-core on what is shown. It is not the page's script, so it comes by
// the debugger and no policy is weakened for it.
export async function accessible(page: Page, where: string) {
  const session = await page.context().newCDPSession(page);
  try {
    await session.send('Runtime.evaluate', { expression: axe });
    const found = await session.send('Runtime.evaluate', { expression: 'axe.run(document, { resultTypes: ["violations"] }).then(r => JSON.stringify(r.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 120))])))', awaitPromise: true, returnByValue: true });
    assert.equal(found.result.value, '[]', `axe-core on ${where}`);
  } finally {
    await session.detach();
  }
}

// reflows has everything in 320 px, which is 1280 at 400 % (WCAG 2.2, 1.4.10), and nothing
// moves that nobody moved.
export async function reflows(page: Page, where: string) {
  const before = page.viewportSize()!;
  await page.setViewportSize({ width: 320, height: 640 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth &&
    [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('nav, .scroll')).map(e => e.outerHTML.slice(0, 100)));
  assert.equal(wide, false, `${where} at 320 px`);
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0, `${where} moves`);
  await page.setViewportSize(before);
}

export const heading = (page: Page, text: RegExp) => page.getByRole('heading', { level: 1, name: text }).waitFor();
export const shot = (page: Page, name: string) => (process.env.REDIAL_E2E_SHOTS ? page.screenshot({ path: `${process.env.REDIAL_E2E_SHOTS}/${name}.png`, fullPage: true }) : undefined);

// Console is that of a world of its own, whose server remembers yesterday.
export class Console {
  readonly complaints: string[] = []; // of any page; a scenario ends with none
  readonly t: Run;
  readonly world: World;

  private constructor(t: Run, world: World) {
    this.t = t;
    this.world = world;
  }

  // start has a history made, or the server of one that there is.
  static async start(t: Run, history = ''): Promise<Console> {
    const data = history || `${t.dir}/world/data`;
    if (!history) {
      await mkdir(data, { recursive: true });
      await run('go', ['run', './e2e/history', data, zone], { cwd: root });
    }
    return new Console(t, await t.ownWorld({ data }));
  }

  // redial runs a command of an operator's.
  async redial(...args: string[]): Promise<string> {
    const { server } = this.world;
    const { stdout } = await run(this.t.setup.bin, args, {
      encoding: 'utf8', env: { ...process.env, TZ: zone, REDIAL_SERVER: server.url, REDIAL_TOKEN: server.managementToken },
    });
    return stdout.trim();
  }

  // watched is a page of which everything is told that it should not do.
  async watched(context: BrowserContext): Promise<Page> {
    const { complaints } = this;
    this.t.cleanup(() => context.close());
    const page = await context.newPage();
    await page.addInitScript(() => document.addEventListener('securitypolicyviolation', e => console.error(`the policy was violated: ${e.violatedDirective}`)));
    page.on('console', message => {
      if (!/status of 40[134]|^Autofocus processing was blocked/.test(message.text())) complaints.push(message.text());
    });
    page.on('pageerror', error => complaints.push(String(error)));
    page.on('dialog', dialog => (complaints.push('a dialog: ' + dialog.message()), dialog.dismiss()));
    page.on('request', request => {
      const { pathname, search } = new URL(request.url());
      if (search || !/^\/console\/(api\/(call|login|logout|me)|assets\/[\w.-]+|favicon\.svg)?$/.test(pathname)) complaints.push('asked for ' + request.url());
    });
    return page;
  }

  // open logs in, with flags of "redial console".
  async open(viewport: { width: number; height: number }, colorScheme: 'light' | 'dark', ...flags: string[]) {
    const page = await this.watched(await this.world.browser.newContext({ viewport, colorScheme, timezoneId: zone, locale: 'en-GB', permissions: ['clipboard-read', 'clipboard-write'] }));
    const link = await this.redial('console', ...flags);
    await page.goto(link);
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.ok(!page.url().includes('login='), 'the login is gone from the address');
    return { page, link };
  }
}

// to goes to a page of the console.
export const to = (page: Page, where: string) => page.goto(`${new URL(page.url()).origin}/console/#/${where}`);
