// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The console: from a first name and a rough time to the cause, counted in what a
// person does; and what no text of a stranger's can do to it.
import { readFileSync } from 'node:fs';
import type { Route } from '@playwright/test';
import { assert } from '../lib/check.ts';
import { accessible, Console, Hands, heading, reflows, shot, to } from '../lib/console.ts';
import { GoClient } from '../lib/goclient.ts';
import { scenario, test } from '../lib/scenario.ts';

const cause = /lets no media out/;

// large answers the calls of the pages as a server with 1,000 rooms and 200 people in one.
async function large(route: Route) {
  const { path } = route.request().postDataJSON() as { path: string };
  const now = new Date().toISOString();
  const way = { state: 'connected', protocol: 'udp', remote_type: 'host', rtt_ms: 20, loss: 0, bitrate: 500_000, score: 5 };
  if (path === '/api/v1/live') {
    const rooms = Array.from({ length: 1000 }, (_, i) => ({ room_id: `r${i}`, room_name: `Room ${i}`, session_id: 's', since: now, locked: false, peers: 2, tracks: 2 }));
    return route.fulfill({ json: { at: now, rooms, total: 1000, peers: 2000 } });
  }
  if (path !== '/api/v1/live/r999/stream') return route.fallback();
  const peers = Array.from({ length: 200 }, (_, i) => ({
    peer_id: `p${i}`, name: `Person ${i}`, user_id: '', role: 'guest', away: false, measured: true, up: way, down: way, open: 199, tracks: [],
    gates: Array.from({ length: i === 7 ? 99 : i === 6 ? 1 : 0 }, (_, g) => ({ track_id: `t${g}`, kind: 'video', from: `p${g}`, from_name: `Person ${g}`, state: 'keyframe', since: now, keyframe_requests: 3, keyframes: 0 })),
  }));
  const room = { at: now, room_id: 'r999', room_name: 'Room 999', session_id: 's', since: now, locked: false, peers };
  return route.fulfill({ headers: { 'Content-Type': 'text/event-stream' }, body: `event: live\ndata: ${JSON.stringify(room)}\n\n` });
}

test.describe('console', () => {
  scenario('console', { ms: 90_000 }, async t => {
    const c = await Console.start(t);
    // By keyboard alone, from the start page, in at most four steps.
    const wide = await c.open({ width: 1440, height: 900 }, 'light');
    const page = wide.page;
    await heading(page, /Overview/);
    await page.getByText('tries failed').waitFor();
    await page.getByText('1 more, in which a failure was provoked').waitFor();
    const keys = new Hands(page);
    await keys.search('mia lang yesterday afternoon');
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
    const said = await c.redial('why', '-event', id);
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
    await nameless.search('consult yesterday 14:04');
    await page.getByText('(no name)').first().waitFor();
    await nameless.click(page.getByRole('link', { name: /\(no name\)/ }).first());
    await heading(page, /could not join/);
    await page.getByText('token.expired').first().waitFor();
    assert.ok(nameless.count <= 4);

    // What was told today and happened before; and that nothing was wrong.
    for (const [text, most, found] of [['nora', 4, /Told \d+ h after it happened/], ['mia okafor yesterday', 3, /got in/]] as const) {
      const hands = new Hands(page);
      await hands.search(text);
      if (most === 4) await hands.press('Enter');
      await page.locator('main .note, main .rows').getByText(found).first().waitFor();
      assert.ok(hands.count <= most, `${text}: ${hands.count} steps`);
    }

    // A search that is cleared leaves nothing of what it found, nor of what it was still waiting for.
    await to(page, 'search?q=mia');
    await page.locator('main .count').waitFor();
    await to(page, 'search');
    await page.getByText('A name or a part of one').waitFor();
    assert.equal(await page.locator('main .count, main [aria-busy=true]').count(), 0);

    // From one failure of a list to the next and back, without the list.
    await new Hands(page).search('mia yesterday');
    await page.keyboard.press('Enter');
    const told = await page.locator('article.failure h1:focus').textContent();
    const first = page.url();
    // The address is another one at once, and the heading of the failure before stays until the next one comes.
    const shows = (same: boolean) => page.waitForFunction(([url, told, same]) => {
      const at = document.activeElement!;
      return (location.href === url) === same && at.matches('article.failure h1') && (at.textContent === told) === same;
    }, [first, told, same] as const);
    await page.keyboard.press(']');
    await shows(false);
    await page.keyboard.press('[');
    await shows(true);
    await page.keyboard.press('.');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Share');
    await page.keyboard.press('y');
    await page.getByText('The link is copied').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), first);
    // Single letters can be switched off, and are then no keys.
    await page.keyboard.press('?');
    await page.getByLabel('Single letters are keys').uncheck();
    await page.keyboard.press('Escape');
    await page.keyboard.press(']');
    await page.keyboard.press('/');
    assert.equal(page.url(), first);
    assert.ok(await page.evaluate(() => document.activeElement?.id !== 'box'), 'a letter is no key');
    await page.keyboard.press('Control+k');
    assert.ok(await page.evaluate(() => document.activeElement?.id === 'box'), 'Ctrl K is one');
    await page.getByRole('button', { name: '?' }).click();
    await page.getByLabel('Single letters are keys').check();
    await page.keyboard.press('Escape');

    // What strangers write is text, with its tricks shown.
    await to(page, 'search?q=mia+yesterday+15:10');
    await page.getByText('<script>alert(1)</script>').first().waitFor();
    await page.getByText('⟨U+202E⟩').first().waitFor();
    assert.equal(await page.locator('main script, main img').count(), 0);

    // Every page, in both themes.
    for (const [where, ready] of [['', /tries failed/], ['search', /A name or a part/], ['search?q=mia+yesterday', /people/], ['search?q=nobody+here', /Nobody was found/], ['causes', /./],
      ['causes/network.media_blocked', /What sets them apart/], ['live', /Nobody is in a call/], ['catalogue?q=token', /of \d+/], ['catalogue/ice.failed', /How to tell/], ['session/66ac0000000000000000c0de', /Their clock is 2 h 03 min ahead, ± 80 ms/],
      ['health', /Heard from the clients/], ['failure/nothing', /not on record/]] as const) {
      await to(page, where);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('main').getByText(ready).first().waitFor();
      assert.ok(await page.evaluate(() => document.activeElement?.tagName === 'H1'), `the heading of ${where || 'Overview'} has the focus`);
      await reflows(page, where || 'Overview');
      await page.evaluate(() => { document.documentElement.dataset.theme = 'light'; });
      await accessible(page, `${where || 'Overview'}, light`);
      await shot(page, `${where.replace(/\W+/g, '-') || 'overview'}-1440-light`);
      await page.evaluate(() => { document.documentElement.dataset.theme = 'dark'; });
      await accessible(page, `${where || 'Overview'}, dark`);
    }

    // At 390 px, as support: five steps at most, and no page that support may not read.
    const phone = (await c.open({ width: 390, height: 844 }, 'dark', '-rights', 'support')).page;
    await heading(phone, /Whose call failed/);
    assert.equal(await phone.getByRole('link', { name: 'Live' }).count(), 0);
    const thumbs = new Hands(phone);
    await thumbs.click(phone.locator('#box'));
    await thumbs.type('mia yesterday afternoon');
    await thumbs.press('Enter');
    await thumbs.click(phone.getByRole('link', { name: /Mia Lang/ }));
    await phone.getByText(cause).first().waitFor();
    assert.ok(thumbs.count <= 5, `${thumbs.count} steps on a phone`);
    assert.deepEqual(await phone.evaluate(() => [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.tagName + '.' + e.className + ' ' + Math.round(e.getBoundingClientRect().right) + ' ' + (e.textContent ?? '').slice(0, 60))), [], 'it fits the width');
    await accessible(phone, 'Failure at 390 px, dark');
    await shot(phone, 'failure-390-dark');
    assert.equal(await phone.getByText('The event as it is on record').count(), 0, 'no raw event for support');
    await to(phone, 'live');
    await phone.getByText(/does not allow this/).waitFor();

    assert.deepEqual(c.complaints, []);
  });

  scenario('console-live', { ms: 90_000 }, async t => {
    const c = await Console.start(t);
    const wide = await c.open({ width: 1440, height: 900 }, 'light');
    const page = wide.page;
    // A room with people in it.
    const room = await t.room();
    const ada = await GoClient.join(t, room, 'Ada', { flags: ['-publish', 'tone', '-publish', 'pattern'] }); // first: rows are in the order of coming
    const bob = await GoClient.join(t, room, 'Bob', { flags: ['-publish', 'tone'] });
    await page.evaluate(() => { document.documentElement.dataset.theme = 'light'; });
    const watch = new Hands(page); // who gets what in this room, and why not
    await watch.click(page.getByRole('link', { name: 'Live', exact: true }));
    await watch.click(page.getByRole('link', { name: room.name }));
    await heading(page, /live .* 2 in/);
    const put = async (go: GoClient, fault: string, words: RegExp) => { // out, as they are told
      await go.child.ended;
      const told = readFileSync(`${t.dir}/${go.name}.log`, 'utf8');
      assert.ok(told.includes(`explain ${fault}`) && words.test(told), told.slice(-800));
    };
    const row = (name: string) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });
    await row('Ada').getByText(/\d bit\/s|\d kbit\/s/).first().waitFor();
    assert.ok(watch.count <= 3);
    await reflows(page, 'Live room');
    await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
    await page.keyboard.press('j');
    await page.keyboard.press('.');
    assert.deepEqual(await page.evaluate(() => {
      const { borderStyle, outlineStyle } = getComputedStyle(document.activeElement!);
      return [/^Mute /.test(document.activeElement!.getAttribute('aria-label') ?? ''), borderStyle, outlineStyle];
    }), [true, 'solid', 'solid'], 'the actions of a row have the focus, which is seen in forced colours');
    await page.emulateMedia({ forcedColors: 'none', reducedMotion: null });
    await accessible(page, 'Live room, light');
    await shot(page, 'live-room-1440-light');

    // A fault that is provoked is seen on each page, counts down, and is stopped by one press;
    // whoever comes meanwhile does not get what the page says.
    await page.getByRole('button', { name: 'Provoke…' }).click();
    const provoke = page.locator('form.asks');
    await provoke.locator('input').fill('nothing that is known');
    await page.getByRole('button', { name: 'Provoke', exact: true }).click();
    await page.getByRole('alert').getByText(/nothing that is known/).waitFor();
    await provoke.locator('input').fill('blackhole');
    await provoke.locator('select').first().selectOption({ label: 'Ada' });
    await provoke.locator('select').last().selectOption('1m');
    await accessible(page, 'Provoke, light');
    await page.getByRole('button', { name: 'Provoke', exact: true }).click();
    await page.getByText(/Provoked: .* on one person/).waitFor();
    await GoClient.join(t, room, 'Cleo');
    await row('Cleo').getByText(/Ada video: keyframe, .* asked \d+, came 0/).waitFor();
    await row('Cleo').getByRole('img', { name: 'not fine' }).waitFor();
    await shot(page, 'live-room-provoked-1440-light');
    await page.getByRole('link', { name: 'Catalogue', exact: true }).click();
    const bar = page.locator('.injected');
    const shown = await bar.getByText(/^0:\d\d$|^1:00$/).textContent();
    await page.waitForFunction(was => document.querySelector('.injected span')?.textContent !== was, shown, { polling: 200 });
    await page.goBack();
    await page.setViewportSize({ width: 390, height: 844 });
    await accessible(page, 'Live at 390 px while a fault is provoked');
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'Live fits the width');
    await shot(page, 'live-room-390-light');
    await page.setViewportSize({ width: 1440, height: 900 });
    // Rows stay where they are under a pointer: a button that somebody aims at does not become another's.
    const first = (name: string) => page.getByRole('rowheader').first().getByText(name).waitFor();
    await first('Cleo'); // who lacks most
    await page.getByRole('columnheader', { name: 'Who' }).hover();
    await bar.getByRole('button', { name: /^Stop/ }).dispatchEvent('click');
    await bar.waitFor({ state: 'detached' });
    await page.getByText('everything is fine').waitFor();
    await first('Cleo');
    await page.mouse.move(0, 0);
    await first('Ada');
    assert.deepEqual((await c.world.rest.get('/api/v1/injections')).injections.filter((i: { state: string }) => i.state !== 'done'), []);

    // What is taken back is not done, what is done is in the audit.
    await page.getByText('everything is fine').waitFor(); // until then rows change their height, and what is below them its place
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 2000); // however slow this machine is, five seconds have not passed
    for (const name of ['Mute Ada', 'Remove Bob', `Lock ${room.name}`, 'Remove Cleo']) {
      await page.getByRole('button', { name, exact: true }).click();
      await page.getByRole('button', { name: `Undo: ${name}`, exact: true }).waitFor();
    }
    await page.getByText('Remove Cleo in 5 seconds').waitFor();
    await page.keyboard.press('u');
    await page.getByRole('button', { name: 'Remove Cleo', exact: true }).waitFor();
    await page.clock.resume();
    await accessible(page, 'Live room, about to act');
    await page.getByRole('link', { name: 'Catalogue', exact: true }).click(); // it is done wherever one is by then
    await put(bob, 'peer.removed', /removed by an operator/);
    await page.goBack();
    await heading(page, /2 in · locked/);
    await row('Ada').getByText('muted').first().waitFor();
    await row('Cleo').waitFor();

    // To end a call takes the name of its room.
    await page.getByRole('button', { name: 'End…' }).click();
    await page.getByLabel(/to end the call of 2 people/).fill('another');
    await page.getByRole('button', { name: 'End the call' }).click();
    await page.getByText("That is not the room's name.").waitFor();
    await page.getByLabel(/to end the call/).fill(room.name!);
    await page.getByRole('button', { name: 'End the call' }).click();
    await put(ada, 'room.ended', /ended by an operator/);
    await page.getByText('The call is over').waitFor();
    const { audit } = await c.world.rest.get('/api/v1/audit?limit=100');
    const deeds = audit.filter((d: { action: string }) => /^(peer|room|injection)\./.test(d.action)).map((d: { action: string; outcome: string }) => `${d.action} ${d.outcome}`);
    assert.deepEqual(deeds.toSorted(), ['injection.add catalogue.unknown', 'injection.add done', 'injection.remove done', 'peer.mute done', 'peer.remove done', 'room.end done', 'room.lock done']);

    // Large: what is drawn is bounded, and what is not fine comes first. Nobody could bring
    // so many people here, so the server's answers are made up.
    await page.route('**/console/api/call', large);
    await to(page, 'live');
    await page.getByText('1000 rooms, 2000 people').waitFor();
    assert.equal(await page.locator('[data-row]').count(), 100);
    await accessible(page, 'Live, 1,000 rooms');
    await page.getByLabel('Room', { exact: true }).fill('room 99');
    await page.getByRole('link', { name: 'Room 999' }).click();
    await page.getByText('2 of 200 not fine').waitFor();
    assert.deepEqual(await page.getByRole('rowheader').allTextContents().then(all => all.map(text => text.trim())), ['▲ Person 7 guest', '▲ Person 6 guest']);
    await page.getByText('and 95 more: 95 keyframe').waitFor();
    await page.getByLabel('Only what is not fine').uncheck();
    assert.equal(await page.getByRole('rowheader').count(), 100);
    await page.getByRole('button', { name: 'Show all 200' }).waitFor();
    await accessible(page, 'Live, 200 people');
    await page.unroute('**/console/api/call');

    // Before an answer comes there are grey shapes of its size.
    let answer = () => {};
    const answered = new Promise<void>(resolve => { answer = resolve; });
    await page.route('**/console/api/call', async route => (await answered, route.continue()));
    await to(page, 'causes');
    await page.getByRole('status', { name: 'Loading' }).waitFor();
    await accessible(page, 'Causes, loading');
    answer();
    await page.unrouteAll({ behavior: 'wait' });

    // A link works once.
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Console token').waitFor();
    await page.goto('about:blank');
    await page.goto(wide.link);
    await page.getByText('the link was used already').first().waitFor();
    await accessible(page, 'the login');

    assert.deepEqual(c.complaints, []);
  });

  // In Firefox: who, when and why, by keyboard; a call that runs; and the policy holds.
  scenario('console-firefox', { ms: 90_000 }, async t => {
    const c = await Console.start(t);
    const fox = await c.watched(await (await c.world.browserOf('firefox')).newContext({ viewport: { width: 1280, height: 800 } }));
    await fox.goto(await c.redial('console'));
    await fox.getByText('tries failed').waitFor();
    await new Hands(fox).search('mia lang');
    await fox.keyboard.press('Enter');
    await heading(fox, /Mia Lang could not join "consult"/);
    await fox.getByText(cause).first().waitFor();
    await GoClient.join(t, await t.room(), 'Dora', { flags: ['-publish', 'tone'] });
    await fox.keyboard.press('g');
    await fox.keyboard.press('l');
    await fox.getByRole('link', { name: /1 person/ }).click();
    await fox.getByRole('row').filter({ hasText: 'Dora' }).getByText('kbit/s').first().waitFor();

    assert.deepEqual(c.complaints, []);
  });
});
