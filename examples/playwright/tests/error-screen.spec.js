// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import { expect, test } from './redial.js';

// inCall joins and waits until the app shows the call.
async function inCall(page) {
  await page.getByRole('button', { name: 'Join' }).click();
  await expect(page.getByRole('region', { name: 'Call' })).toBeVisible();
}

test('a locked room is shown as one, and can be tried again', async ({ page, redial, room }) => {
  const lock = await redial.inject({ fault: 'room.locked', room: room.id });
  await page.getByRole('button', { name: 'Join' }).click();
  await expect(page.getByRole('alert')).toContainText('The room is locked');
  await lock.clear();
  await inCall(page);
  await expect(page.getByRole('alert')).toBeHidden();
});

test('an expired token is renewed, and the user sees nothing of it', async ({ page, redial, room, tokens }) => {
  tokens.unshift({ lifetime: '-5m' });
  await inCall(page);
  await expect(page.getByRole('alert')).toBeHidden();
  await redial.waitForEvent({ room_id: room.id, fault: 'token.expired', user_id: 'ann' });
});

test('a token that stays bad is said to be', async ({ page, tokens }) => {
  tokens[0] = { lifetime: '-5m' };
  await page.getByRole('button', { name: 'Join' }).click();
  await expect(page.getByRole('alert')).toContainText('Your invitation has expired');
});

test('a connection that is lost in a call is said to be, and is back', async ({ page, redial, room }) => {
  await inCall(page);
  const outage = await redial.inject({ fault: '1003', room: room.id, user: 'ann', for: '5s' });
  await expect(page.getByRole('status')).toHaveText('The connection is lost. Reconnecting…');
  await outage.clear();
  await expect(page.getByRole('status')).toBeHidden();
  await expect(page.getByRole('region', { name: 'Call' })).toBeVisible();
  const event = await redial.waitForEvent({ room_id: room.id, type: 'client.disconnected' });
  expect(event.data).toMatchObject({ error_code: 1003, error_name: 'WebSocketConnectionLost', user_id: 'ann', is_terminal: false });
});

test('an error that ends the call is shown with its number', async ({ page, redial, room }) => {
  await inCall(page);
  await redial.inject({ fault: '410', at: 'error', room: room.id, user: 'ann' });
  await expect(page.getByRole('alert')).toContainText('tell us the number 410');
  const event = await redial.waitForEvent({ room_id: room.id, error_code: 410 });
  expect(event).toMatchObject({ data: { is_terminal: true, user_id: 'ann' }, redial: { injected: true } });
  await inCall(page);
});

test('whoever is removed is told so', async ({ page, redial, room }) => {
  await inCall(page);
  await redial.inject({ fault: 'kick', room: room.id, user: 'ann' });
  await expect(page.getByRole('alert')).toContainText('You were removed from the call');
});
