// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The page a newcomer meets, used the way a newcomer uses it: by its buttons.
import { assert, checkEvent, poll } from '../lib/check.ts';
import { scenario, test } from '../lib/scenario.ts';
import { byId, enter, plays, tile, visit, waitFor } from '../lib/visitor.ts';

test.describe('demo', () => {
  scenario('demo-call', { alone: true, ms: 120_000 }, async t => {
    // On the links that `redial dev` prints.
    const { server } = await t.world();
    const { tokens } = server.info.rooms[0];
    const hanna = await enter(t, 'Hanna', tokens.host);
    const gus = await enter(t, 'Gus', tokens.guest, { viewport: { width: 390, height: 844 } });
    await plays(hanna, 'Gus');
    await plays(gus, 'Hanna');

    for (const who of [hanna, gus]) await waitFor(who.page.locator('[data-testid=room][data-state=connected]'), 10_000);

    await byId(gus.page, 'chat').click();
    await byId(gus.page, 'chat-input').fill('hello from a telephone');
    await byId(gus.page, 'chat-send').click();
    await byId(hanna.page, 'chat').click();
    await hanna.page.getByTestId('chat-text').filter({ hasText: 'hello from a telephone' }).waitFor();
    await byId(gus.page, 'panel-close').click();

    await byId(gus.page, 'mic').click();
    await tile(hanna.page, 'Gus').and(hanna.page.locator('[data-audio=off]')).waitFor();
    await byId(gus.page, 'cam').click();
    await tile(hanna.page, 'Gus').and(hanna.page.locator('[data-video=off]')).waitFor();
    await byId(gus.page, 'cam').click();
    await plays(hanna, 'Gus');
    await byId(hanna.page, 'screen').click();
    await plays(gus, 'Hanna', 'screen');

    for (const who of [hanna, gus]) {
      await who.page.screenshot({ path: `${t.dir}/${who.name}.png` });
      assert.equal(await who.page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${who.name}'s page does not scroll sideways`);
      assert.deepEqual(who.errors, []);
      assert.equal(await byId(who.page, 'error-card').count(), 0);
    }
    await byId(gus.page, 'leave').click();
    await byId(gus.page, 'ended').waitFor();
    await tile(hanna.page, 'Gus').waitFor({ state: 'detached' });
  });

  scenario('demo-firefox', { ms: 120_000, long: true }, async t => {
    const { rest } = await t.world();
    const room = await t.room();
    const fay = await enter(t, 'Fay', await rest.token(room.id, 'host', 'user-fay'), { browser: 'firefox' });
    const gus = await enter(t, 'Gus', await rest.token(room.id, 'guest', 'user-gus'));
    await plays(fay, 'Gus');
    await plays(gus, 'Fay');
    await byId(gus.page, 'chat').click();
    await byId(gus.page, 'chat-input').fill('hello Firefox');
    await byId(gus.page, 'chat-send').click();
    await byId(fay.page, 'chat').click();
    await waitFor(fay.page.getByTestId('chat-text').filter({ hasText: 'hello Firefox' }), 10_000);
    await byId(fay.page, 'mic').click();
    await waitFor(tile(gus.page, 'Fay').and(gus.page.locator('[data-audio=off]')), 10_000);
    assert.equal(await fay.page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'the page does not scroll sideways');
    for (const who of [fay, gus]) {
      await poll(`${who.name}'s page to tell what it knows of its device`, () => who.told.includes(200));
      assert.deepEqual(who.errors, []);
      assert.equal(await byId(who.page, 'error-card').count(), 0);
    }
    await byId(fay.page, 'leave').click();
    await waitFor(byId(fay.page, 'ended'), 10_000);
    await waitFor(tile(gus.page, 'Fay'), 10_000, 'hidden');
  });

  scenario('demo-error-card', { alone: true }, async t => {
    const { server, rest } = await t.world();
    const room = await t.room();
    const token = await rest.token(room.id, 'guest', 'user-nina');
    await rest.post(`/v2/rooms/${room.id}`, { enabled: false });
    const nina = await visit(t, 'Nina', { token, name: 'Nina', management: server.managementToken });
    const card = byId(nina.page, 'error-card').first();
    await waitFor(card, 15_000);
    assert.equal(await card.getAttribute('data-code'), '403');
    assert.equal(await card.getAttribute('data-terminal'), 'true');
    // Whoever wants to talk reads plain words; codes and advice to developers are folded away.
    assert.equal(await byId(card, 'error-title').innerText(), 'This is not allowed');
    const reference = await byId(card, 'error-reference').innerText(); // any six letters and digits
    assert.doesNotMatch((await card.innerText()).replace(reference, ''), /403|SDK|room\.disabled|token/i);
    await byId(card, 'error-message').waitFor({ state: 'hidden' });
    await nina.page.screenshot({ path: `${t.dir}/plain.png` });
    await byId(card, 'error-details').locator('summary').click();
    assert.match(await byId(card, 'error-message').innerText(), /disabled/i);
    assert.equal(await byId(card, 'error-code').innerText(), '403');
    assert.doesNotMatch(nina.page.url(), /management/, 'the management token leaves the address');
    // The link on the card shows the event as it is stored.
    await byId(card, 'error-event').click();
    const event = nina.page.locator('[data-testid=event][data-type="client.connect.failed"]').first();
    await event.waitFor();
    assert.equal(await event.getAttribute('data-code'), '403');
    await nina.page.screenshot({ path: `${t.dir}/card.png` });
    checkEvent(await rest.event({ room_id: room.id, type: 'client.connect.failed' }, e => e.data.user_id === 'user-nina'), { type: 'client.connect.failed', code: 403 });
    assert.deepEqual(nina.errors, []);
  });

  scenario('demo-reconnect', { alone: true, ms: 90_000 }, async t => {
    const { server } = await t.ownWorld();
    const { tokens } = server.info.rooms[0];
    const hanna = await enter(t, 'Hanna', tokens.host);
    const gus = await enter(t, 'Gus', tokens.guest, { viewport: { width: 390, height: 844 } });
    await plays(hanna, 'Gus');
    await server.kill();
    await waitFor(byId(hanna.page, 'banner-reconnecting'), 20_000);
    await hanna.page.screenshot({ path: `${t.dir}/banner.png` });
    const picture = process.env.REDIAL_E2E_SCREENSHOT; // `make screenshot` keeps the README's
    if (picture) {
      await byId(hanna.page, 'error-details').first().locator('summary').click();
      await hanna.page.screenshot({ path: picture, type: 'jpeg', quality: 70 });
    }
    // On a telephone the call stays to be seen: what is said of the failure is under a third of it.
    await waitFor(byId(gus.page, 'banner-reconnecting'), 20_000);
    await waitFor(byId(gus.page, 'error-card').first(), 20_000);
    for (const scheme of ['dark', 'light'] as const) {
      await gus.page.emulateMedia({ colorScheme: scheme });
      await gus.page.screenshot({ path: `${t.dir}/telephone-${scheme}.png` });
    }
    const said = [byId(gus.page, 'banner-reconnecting'), byId(gus.page, 'error-stack')];
    const boxes = (await Promise.all(said.map(one => one.boundingBox()))).filter(box => box !== null);
    const height = Math.max(...boxes.map(box => box.y + box.height)) - Math.min(...boxes.map(box => box.y));
    assert.ok(boxes.length === 2 && height < 844 / 3, `banner and card are ${height} px high together`);
    await server.start();
    await waitFor(byId(hanna.page, 'banner-reconnecting'), 40_000, 'hidden');
    await plays(hanna, 'Gus');
    await plays(gus, 'Hanna');
  });
});
