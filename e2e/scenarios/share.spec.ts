// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Why she could not join: asked by her name, and sent to her as a page.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { assert } from '../lib/check.ts';
import { inject, provoked } from '../lib/inject.ts';
import { scenario, test } from '../lib/scenario.ts';

test.describe('share', () => {
  scenario('share-failure', async t => {
    const place = await t.place();
    const room = await t.room();
    await inject(t, room, 'room.locked');
    const alice = await t.open(room, 'alice', 'host');
    assert.equal((await alice.tryJoin({ ms: 8000 })).ok, false);
    const event = await provoked(t, { room_id: room.id, type: 'client.connect.failed' });

    const why = async (...args: string[]) => (await promisify(execFile)(t.setup.bin, ['why', '-room', room.id, '-user', 'alice', ...args], {
      encoding: 'utf8', env: { ...process.env, REDIAL_SERVER: place.server.url, REDIAL_TOKEN: place.server.managementToken },
    })).stdout;
    const said = await why();
    assert.match(said, /could not connect/);
    assert.match(said, /provoked on purpose/);
    const link = (await why('-share')).trim();

    for (const [locale, viewport, colorScheme, heading, background] of [
      ['de-AT', { width: 390, height: 844 }, 'dark', /konnte sich nicht verbinden/, 'rgb(20, 23, 28)'],
      ['en-GB', { width: 1440, height: 900 }, 'light', /could not connect/, 'rgb(255, 255, 255)'],
    ] as const) {
      const context = await (await place.browserOf()).newContext({ locale, viewport, colorScheme, timezoneId: 'Asia/Kolkata' });
      t.cleanup(() => context.close());
      const page = await context.newPage();
      const complaints: string[] = []; // such as of the content security policy
      page.on('console', message => complaints.push(message.text()));
      page.on('pageerror', error => complaints.push(String(error)));
      await page.goto(link);
      assert.match(await page.getByRole('heading', { level: 1 }).innerText(), heading);
      const happened = page.locator('.when time');
      const local = await happened.evaluate((time: HTMLTimeElement) => new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'full', timeStyle: 'short' }).format(new Date(time.dateTime)));
      assert.equal(await happened.innerText(), local, 'the time by the reader\'s clock');
      assert.equal(await page.locator('main').evaluate(main => getComputedStyle(main).backgroundColor), background, 'its style is let through');
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it fits the width');
      const source = await page.content();
      for (const id of [event.id, event.data.peer_id, event.data.user_id, room.id]) assert.ok(!source.includes(String(id)), `${id} is on the page`);
      assert.deepEqual(complaints, []);
    }
  });
});
