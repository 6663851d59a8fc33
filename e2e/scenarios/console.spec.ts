// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The console: from a first name and a rough time to the cause, counted in what a
// person does; and what no text of a stranger's can do to it.
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Page } from '@playwright/test';
import { assert } from '../lib/check.ts';
import { scenario, test } from '../lib/scenario.ts';
import { root } from '../lib/setup.ts';

const run = promisify(execFile);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const zone = 'Europe/Berlin';
const cause = /lets no media out/;

// Hands do what a person does, and count it: typing is one, a click or a key is one.
class Hands {
  count = 0;
  constructor(readonly page: Page) {}
  async type(text: string) { this.count++; await this.page.keyboard.type(text); }
  async press(key: string) { this.count++; await this.page.keyboard.press(key); }
  async click(what: ReturnType<Page['locator']>) { this.count++; await what.click(); }
}

// accessible runs axe-core on what is shown. It is not the page's script, so it comes by
// the debugger and no policy is weakened for it.
async function accessible(page: Page, where: string) {
  const session = await page.context().newCDPSession(page);
  try {
    await session.send('Runtime.evaluate', { expression: axe });
    const found = await session.send('Runtime.evaluate', { expression: 'axe.run(document, { resultTypes: ["violations"] }).then(r => JSON.stringify(r.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 120))])))', awaitPromise: true, returnByValue: true });
    assert.equal(found.result.value, '[]', `axe-core on ${where}`);
  } finally {
    await session.detach();
  }
}

test.describe('console', () => {
  scenario('console', { ms: 90_000 }, async t => {
    const data = `${t.dir}/world/data`;
    await mkdir(data, { recursive: true });
    await run('go', ['run', './e2e/history', data, zone], { cwd: root });
    const world = await t.ownWorld();
    const redial = async (...args: string[]) => (await run(t.setup.bin, args, {
      encoding: 'utf8', env: { ...process.env, TZ: zone, REDIAL_SERVER: world.server.url, REDIAL_TOKEN: world.server.managementToken },
    })).stdout.trim();

    const complaints: string[] = [];
    const open = async (viewport: { width: number; height: number }, colorScheme: 'light' | 'dark', ...flags: string[]) => {
      const context = await world.browser.newContext({ viewport, colorScheme, timezoneId: zone, locale: 'en-GB', permissions: ['clipboard-read', 'clipboard-write'] });
      t.cleanup(() => context.close());
      const page = await context.newPage();
      page.on('console', message => {
        if (!/status of 40[134]/.test(message.text())) complaints.push(message.text());
      });
      page.on('pageerror', error => complaints.push(String(error)));
      page.on('dialog', dialog => (complaints.push('a dialog: ' + dialog.message()), dialog.dismiss()));
      page.on('request', request => {
        const { pathname, search } = new URL(request.url());
        if (search || !/^\/console\/(api\/(call|login|logout|me)|assets\/[\w.-]+|favicon\.svg)?$/.test(pathname)) complaints.push('asked for ' + request.url());
      });
      const link = await redial('console', ...flags);
      await page.goto(link);
      await page.getByRole('heading', { level: 1 }).waitFor();
      assert.ok(!page.url().includes('login='), 'the login is gone from the address');
      return { page, link };
    };
    const heading = (page: Page, text: RegExp) => page.getByRole('heading', { level: 1, name: text }).waitFor();
    const shot = (page: Page, name: string) => (process.env.REDIAL_E2E_SHOTS ? page.screenshot({ path: `${process.env.REDIAL_E2E_SHOTS}/${name}.png`, fullPage: true }) : undefined);

    // By keyboard alone, from the start page, in at most four steps.
    const wide = await open({ width: 1440, height: 900 }, 'light');
    const page = wide.page;
    await heading(page, /Overview/);
    await page.getByText('tries failed').waitFor();
    await page.getByText('1 more, in which a failure was provoked').waitFor();
    const keys = new Hands(page);
    await keys.press('/');
    await keys.type('mia lang yesterday afternoon');
    await keys.press('Enter');
    await page.locator('a[data-row]:focus').waitFor();
    await shot(page, 'search-1440');
    await keys.press('Enter');
    await heading(page, /Mia Lang could not join "consult"/);
    await page.getByText(cause).first().waitFor();
    assert.ok(keys.count <= 4, `${keys.count} steps by keyboard`);
    assert.ok(await page.evaluate(() => document.activeElement?.tagName === 'H1'), 'the heading has the focus');
    await page.getByText('Try another network').waitFor();
    await page.getByText(/A firewall in front of the server/).first().waitFor();
    await accessible(page, 'Failure, light');
    await shot(page, 'failure-1440');
    await page.emulateMedia({ media: 'print' });
    const sheet = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
    await page.emulateMedia({ media: null });
    assert.equal(sheet.match(/\/Type\s*\/Page\b(?!s)/g)?.length, 1, 'a failure prints on one page');

    // As text it is what the command prints.
    const id = /failure\/([\w-]+)/.exec(page.url())![1]!;
    await page.getByRole('button', { name: 'Copy as text' }).click();
    await page.getByText('Copied.').waitFor();
    const copied = (await page.evaluate(() => navigator.clipboard.readText())).trim();
    const said = await redial('why', '-event', id);
    const zones = (text: string) => text.replace(/GMT\+\d+|CES?T/g, 'ZONE').replace(/\s+/g, ' ');
    assert.ok(zones(copied).startsWith(zones(said).split(' 1 more follows')[0]!.split(' Event ')[0]!), `copied:\n${copied}\nprinted:\n${said}`);

    // A link for her, in three steps, without an id.
    const share = new Hands(page);
    await share.click(page.getByRole('button', { name: 'Share' }));
    await share.click(page.getByLabel('in German'));
    await share.click(page.locator('.share').getByRole('button', { name: 'Copy' }));
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /\/why\/[\w-]+\?lang=de$/);

    // Nobody had a name yet: somebody in a room, at a time.
    const nameless = new Hands(page);
    await nameless.press('/');
    await nameless.type('consult yesterday 14:04');
    await nameless.press('Enter');
    await page.getByText('(no name)').first().waitFor();
    await nameless.click(page.getByRole('link', { name: /\(no name\)/ }).first());
    await heading(page, /could not join/);
    await page.getByText('token.expired').first().waitFor();
    assert.ok(nameless.count <= 4);

    // What strangers write is text, with its tricks shown.
    await page.goto(new URL(page.url()).origin + '/console/#/search?q=mia+yesterday+15:10');
    await page.getByText('<script>alert(1)</script>').first().waitFor();
    await page.getByText('⟨U+202E⟩').first().waitFor();
    assert.equal(await page.locator('main script, main img').count(), 0);

    // Every page, in both themes.
    for (const [to, ready] of [['', /tries failed/], ['search', /A name or a part/], ['search?q=mia+yesterday', /people/], ['search?q=nobody+here', /Nobody was found/], ['causes', /./],
      ['causes/network.media_blocked', /What sets them apart/], ['live', /Nobody is in a call/], ['catalogue?q=token', /of \d+/], ['catalogue/ice.failed', /How to tell/], ['session/66ac0000000000000000c0de', /Their clock is 2 h 03 min ahead, ± 80 ms/],
      ['health', /Heard from the clients/], ['failure/nothing', /not on record/]] as const) {
      await page.goto(`${new URL(page.url()).origin}/console/#/${to}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('main').getByText(ready).first().waitFor();
      await page.evaluate(() => { document.documentElement.dataset.theme = 'light'; });
      await accessible(page, `${to || 'Overview'}, light`);
      await shot(page, `${to.replace(/\W+/g, '-') || 'overview'}-1440-light`);
      await page.evaluate(() => { document.documentElement.dataset.theme = 'dark'; });
      await accessible(page, `${to || 'Overview'}, dark`);
    }

    // A link works once.
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Console token').waitFor();
    await page.goto('about:blank');
    await page.goto(wide.link);
    await page.getByText('the link was used already').first().waitFor();
    await accessible(page, 'the login');

    // At 390 px, as support: five steps at most, and no page that support may not read.
    const phone = (await open({ width: 390, height: 844 }, 'dark', '-rights', 'support')).page;
    await heading(phone, /Whose call failed/);
    assert.equal(await phone.getByRole('link', { name: 'Live' }).count(), 0);
    const thumbs = new Hands(phone);
    await thumbs.click(phone.locator('#box'));
    await thumbs.type('mia yesterday afternoon');
    await thumbs.press('Enter');
    await thumbs.click(phone.getByRole('link', { name: /Mia Lang/ }));
    await phone.getByText(cause).first().waitFor();
    assert.ok(thumbs.count <= 5, `${thumbs.count} steps on a phone`);
    assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it fits the width');
    await accessible(phone, 'Failure at 390 px, dark');
    await shot(phone, 'failure-390-dark');
    assert.equal(await phone.getByText('The event as it is on record').count(), 0, 'no raw event for support');
    await phone.goto(`${new URL(phone.url()).origin}/console/#/live`);
    await phone.getByText(/does not allow this/).waitFor();

    assert.deepEqual(complaints, []);
  });
});
