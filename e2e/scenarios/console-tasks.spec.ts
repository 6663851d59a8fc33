// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What operators ask the console, counted in what a person does: whose fault it is,
// since when, what would decide it, whether it can be shown again, and what was known when.
import { assert } from '../lib/check.ts';
import { accessible, Console, Hands, heading, reflows, shot, to } from '../lib/console.ts';
import { GoClient } from '../lib/goclient.ts';
import { scenario, test } from '../lib/scenario.ts';

test.describe('console', () => {
  scenario('console-tasks', { ms: 90_000 }, async t => {
    const c = await Console.start(t);
    const { page, link } = await c.open({ width: 1440, height: 900 }, 'light');
    assert.ok(link);

    // Is it us? One step: what opens on the first page says it.
    await heading(page, /Overview/);
    await page.getByText(/Who can mend them: \d+ by whoever runs this server/).waitFor();
    await page.locator('.causes').getByText('31', { exact: true }).waitFor();
    await page.locator('li').filter({ hasText: 'web 2.4.0' }).getByText('What fails with it').click();
    await page.getByRole('link', { name: 'ice.failed' }).waitFor();
    await accessible(page, 'Overview with a version');
    await shot(page, 'overview-us-1440');

    // Since which version, and who else: two.
    const since = new Hands(page);
    await since.click(page.locator('.causes a').first());
    await heading(page, /address/i);
    await page.getByText(/first .* last/).first().waitFor();
    await page.locator('section').filter({ hasText: 'By version of the SDK' }).getByText('2.4.0').waitFor();
    await page.getByRole('link', { name: /Guest \d+/ }).first().waitFor();
    assert.ok(since.count <= 2);

    // "Not known": what would decide it, and the link that asks the browser: three.
    await to(page, '');
    await page.locator('.causes').getByRole('link', { name: /not known/ }).click();
    await heading(page, /cause is not known/);
    await page.getByRole('link', { name: /Una Clear/ }).waitFor();
    await accessible(page, 'failures whose cause is not known');
    await to(page, '');
    const unclear = new Hands(page);
    await unclear.click(page.getByRole('link', { name: /Una Clear/ }));
    await heading(page, /Una Clear could not join/);
    await page.getByRole('heading', { name: 'Missing' }).waitFor();
    await unclear.click(page.getByRole('button', { name: 'Ask the browser' }));
    await unclear.click(page.locator('.share').getByRole('button', { name: 'Copy' }));
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /\/p\/[\w-]+$/);
    assert.ok(unclear.count <= 3);
    await accessible(page, 'a failure that is not known');

    // As known at: a session without what was told later, by a link that others can open.
    await to(page, 'session/66ac0000000000000000c0de');
    await page.getByText(/2 incidents|\d incidents/).first().waitFor();
    const all = Number(/(\d+) incidents/.exec(await page.locator('article').innerText())![1]);
    await page.getByLabel('As known at').selectOption({ index: 1 });
    await page.getByText('what was told later is hidden').waitFor();
    await page.waitForFunction(n => !document.querySelector('article')!.textContent!.includes(`${n} incidents`), all);
    assert.match(page.url(), /known=/);
    assert.equal(await page.getByText('Una Clear').count(), 0, 'who was not known then is not there');
    await reflows(page, 'Session as known at');
    await accessible(page, 'Session as known at');
    await shot(page, 'session-known-1440');
    const there = page.url();
    await to(page, '');
    await heading(page, /Overview/);
    await page.goto(there);
    await page.getByText('what was told later is hidden').waitFor();
    assert.deepEqual(c.complaints, []);
  });

  // Show me: a failure that has just been, on a test participant, fact by fact.
  scenario('console-shows', { ms: 90_000 }, async t => {
    const c = await Console.start(t);
    const { rest } = c.world;
    const room = await t.room();
    const token = await rest.token(room.id, 'host', 'user-eva');
    await rest.post(`/v2/rooms/${room.id}`, { enabled: false });
    const eva = await GoClient.run(t, room, 'Eva', { token });
    await eva.child.ended;
    const event = await rest.event({ room_id: room.id, error: true });
    const { page } = await c.open({ width: 1440, height: 900 }, 'dark');
    await to(page, `failure/${event.id}`);
    const hands = new Hands(page);
    await hands.click(page.getByRole('button', { name: 'Show me' }));
    await page.getByText(/a test participant joins it/).waitFor();
    await accessible(page, 'Show me, before');
    await hands.click(page.getByRole('button', { name: 'Do it', exact: true }));
    const shown = page.getByRole('region', { name: 'Show me' });
    await shown.getByRole('button', { name: 'Do it again' }).waitFor();
    await shown.getByRole('row').nth(1).waitFor();
    assert.ok(hands.count <= 2);
    assert.match(await shown.innerText(), /room\.disabled/);
    assert.equal(await shown.getByRole('row').filter({ hasText: 'differs' }).count(), 0, await shown.innerText());
    await reflows(page, 'Show me');
    await accessible(page, 'Show me, done');
    await shot(page, 'show-me-1440-dark');
    await page.setViewportSize({ width: 390, height: 844 });
    await accessible(page, 'Show me at 390 px');
    await shot(page, 'show-me-390-dark');
    await page.setViewportSize({ width: 1440, height: 900 });

    // The room opens again, and the same says that it was that.
    await rest.post(`/v2/rooms/${room.id}`, { enabled: true });
    await shown.getByRole('button', { name: 'Do it again' }).click();
    await shown.getByText(/got in/).first().waitFor();

    // Nothing of it is among the account's people, nor left over.
    assert.deepEqual((await rest.events({ error: true, room_id: room.id })).length, 1);
    const { audit } = await rest.get('/api/v1/audit?limit=20');
    assert.equal(audit.filter((d: { action: string }) => d.action === 'failure.reproduce').length, 2);

    // Whoever may not inject is not offered it.
    const support = (await c.open({ width: 390, height: 844 }, 'light', '-rights', 'support')).page;
    await to(support, `failure/${event.id}`);
    await heading(support, /Eva/);
    assert.equal(await support.getByRole('button', { name: 'Show me' }).count(), 0);

    // The server goes away under the page: what is shown stays, and it says what it cannot do.
    await to(page, 'live');
    await heading(page, /Live/);
    await to(page, `failure/${event.id}`);
    await heading(page, /Eva/);
    await c.world.server.stop();
    await page.getByRole('button', { name: 'Show me' }).click();
    await page.getByRole('alert').first().waitFor();
    await heading(page, /Eva/);
    await accessible(page, 'a server that is gone');
    await shot(page, 'server-gone-1440-dark');
    assert.deepEqual(c.complaints.filter(text => !/ERR_CONNECTION_REFUSED/.test(text)), []);
  });
});
