// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What the tests are given: one server for all of a worker, a room for each, and
// the app's own backend, which hands out that room's tokens.
import { test as base } from '@playwright/test';
import { startRedial } from '@redial-rtc/testing';

export { expect } from '@playwright/test';

export const test = base.extend({
  redial: [async ({}, use) => {
    const redial = await startRedial();
    await use(redial);
    await redial.stop();
  }, { scope: 'worker' }],

  room: async ({ redial }, use) => {
    const room = await redial.createRoom();
    await use(room);
    await redial.clearInjections({ room: room.id });
  },

  // tokens are the claims of the tokens that the backend hands out, one after the
  // other; the last one again and again.
  tokens: async ({}, use) => { await use([{}]); },

  page: async ({ page, redial, room, tokens }, use) => {
    await page.route('**/api/join', async route => {
      const claims = tokens.length > 1 ? tokens.shift() : tokens[0];
      const token = await redial.token({ room: room.id, user: 'ann', ...claims });
      await route.fulfill({ json: { token, initEndpoint: redial.initEndpoint } });
    });
    // While its socket is down the SDK reports to a host that is fixed in its
    // code. What it says there belongs in this record, and nowhere else.
    await page.route('https://event.100ms.live/**', async route => {
      const { pathname } = new URL(route.request().url());
      await route.fulfill({ response: await route.fetch({ url: redial.url + pathname }) });
    });
    await page.goto('/');
    await use(page);
    await page.unrouteAll({ behavior: 'ignoreErrors' }); // a report may be under way
  },
});
