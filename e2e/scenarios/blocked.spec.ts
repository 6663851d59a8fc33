// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A network that swallows all media, UDP and TCP, from the start. Browsers go on
// trying for minutes and SDKs call themselves connected; the server knows after 8 s,
// and every client that has a way to show it does.
import type { Page } from '@playwright/test';
import { assert, poll } from '../lib/check.ts';
import { within } from '../lib/patience.ts';
import { scenario, test } from '../lib/scenario.ts';

const shown = (page: Page, what: string, ms = 15_000) => within(ms, timeout => page.locator(what).first().waitFor({ timeout }));

test.describe('blocked', () => {
  scenario('blocked-from-the-start', { idle: true, ms: 120_000 }, async t => {
    const { server, rest, site, browser, netns } = await t.ownWorld({ netns: true });
    await netns.cutMedia([server.port, site.pagePort, site.tlsPort]);
    const room = await t.room();
    const open = async (path: string) => {
      const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
      t.cleanup(() => context.close());
      const page = await context.newPage();
      // All that the page ever says of its connection, and the errors that it calls solved.
      await page.addInitScript(() => {
        const said = new Set<string>(), solved = new Set<string>();
        Object.assign(window, { said, solved });
        new MutationObserver(() => {
          const state = document.querySelector('[data-testid=connection-state], #state')?.textContent;
          if (state) said.add(state);
          for (const card of document.querySelectorAll('[data-testid=error-card][data-state=recovered]')) solved.add(card.getAttribute('data-name')!);
        }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
      });
      await page.goto(`${server.url}${path}`);
      return page;
    };
    const said = (page: Page) => page.evaluate(() => ({ said: [...(window as any).said], solved: [...(window as any).solved] }));

    const demo = await open(`/#${new URLSearchParams({ token: await rest.token(room.id, 'host', 'user-dora'), name: 'Dora' })}`);
    const { token } = JSON.parse((await site.fetch(`${server.sceenic.url}/stream/token/v2/?session=blocked`, {
      headers: { 'auth-api-key': server.sceenic.key, 'auth-api-secret': server.sceenic.secret },
    })).body);
    const ov = await open(`/ov/#${new URLSearchParams({ session: 'blocked-ov', secret: server.openVidu.secret, name: 'Otto' })}`);
    const watch = await open(`/watch/#${new URLSearchParams({ token, name: 'Wanda' })}`);
    const alice = await t.open(room, 'alice', 'host');

    await shown(demo, '[data-testid=lobby][data-stage=preview]');
    for (const page of [demo, ov, watch]) await page.getByTestId('join').click();
    await alice.startJoin();
    alice.wasIn = true;

    // The demo page of 100ms's SDK.
    await shown(demo, '[data-testid=room][data-state=blocked]');
    await shown(demo, '[data-testid=error-card][data-fault="ice.slow"][data-state=retrying]');
    const card = demo.locator('[data-testid=error-card][data-fault="ice.slow"]').first();
    assert.match(await card.innerText(), /not coming through/);
    await demo.screenshot({ path: `${t.dir}/demo.png` });
    // That of OpenVidu's client, and that of Sceenic's API.
    for (const page of [ov, watch]) {
      await shown(page, '[data-testid=errors] [data-fault="ice.slow"]');
      assert.match(await page.getByTestId('errors').innerText(), /not coming through/);
      assert.match(await page.locator('#state').innerText(), /No sound or picture/);
    }
    await ov.screenshot({ path: `${t.dir}/ov.png` });
    await alice.scoredLost(15_000);

    // It is on record with what the server saw, and no track counts as published.
    for (const peer of [{ user_id: 'user-dora', user_id_proof: 'code' }, { peer_id: alice.id }]) {
      const event = await rest.event({ room_id: room.id, ...peer, type: 'client.publish.failed', halves: true }, e => e.redial?.fault === 'ice.slow' || e.redial?.server?.fault === 'ice.slow', 20_000);
      assert.equal(event.data.is_terminal, false);
    }
    assert.deepEqual(await rest.events({ room_id: room.id, type: 'track.add.success' }), []);
    // The reference on the card finds it.
    const code = (await card.getByTestId('error-reference').innerText()).trim();
    const found = await poll('the failure by its reference', async () => {
      const { diagnoses } = await rest.get(`/api/v1/diagnoses?reference=${code}`);
      return diagnoses.length > 0 && diagnoses;
    });
    assert.equal(found[0].failure.user_id, 'user-dora');
    assert.equal(found[0].failure.reference, code);

    // It never called itself connected, and nothing solved.
    const { said: states, solved } = await said(demo);
    assert.ok(states.includes('No sound or picture') && !states.includes('Connected'), states.join(', '));
    assert.deepEqual(solved, []);
    assert.equal(await demo.getByTestId('error-card').count(), 1, 'one trouble is one card');
  });
});
