// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The error screen of an OpenTok app, with failures that happen. In your app's tests
// the two routes are your backend and your server's script.
import { expect, test as base } from './redial.js';

const test = base.extend({
  session: async ({ redial, room }, use) => { await use(await redial.openTokSession({ room: room.name })); },
  // claims are those of the token that the backend hands out.
  claims: async ({}, use) => { await use({}); },
  call: async ({ page, redial, session, claims }, use) => {
    await page.route('**/opentok/opentok.js', async route => route.fulfill({ response: await route.fetch({ url: redial.openTok.script }) }));
    await page.route('**/api/session', route => route.fulfill({
      json: { apiKey: session.apiKey, sessionId: session.sessionId, token: redial.openTokToken({ session: session.sessionId, data: 'ann', ...claims }) },
    }));
    await page.goto('/opentok.html');
    await use({ join: () => page.getByRole('button', { name: 'Join' }).click(), inside: () => expect(page.getByRole('region', { name: 'Call' })).toBeVisible() });
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  },
});

test('a token that has expired is said to be, and with a new one the call works', async ({ page, redial, room, claims, call }) => {
  claims.lifetime = '-5m';
  await call.join();
  await expect(page.getByRole('alert')).toContainText('Your invitation has expired');
  await redial.waitForEvent({ room_id: room.id, fault: 'token.expired' });
  delete claims.lifetime;
  await call.join();
  await call.inside();
  await expect(page.getByRole('alert')).toBeHidden();
});

test('a stream that the server refuses is told of, the app can try again, and whoever is removed is told so', async ({ page, redial, room, call }) => {
  const refusal = await redial.inject({ fault: 'OT_STREAM_CREATE_FAILED', room: room.id, role: 'guest' });
  await call.join();
  await expect(page.getByRole('alert')).toContainText('The call is full');
  const event = await redial.waitForEvent({ room_id: room.id, fault: 'stream.create_failed' });
  expect(event.redial.injected).toBe(true);
  await refusal.clear();
  await call.join();
  await call.inside();
  await redial.inject({ fault: 'kick', room: room.id, role: 'guest' });
  await expect(page.getByRole('alert')).toContainText('You were removed from the call');
});
