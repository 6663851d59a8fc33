// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Two causes are provoked on a line of their own, and the server is asked why. The
// rules are tested with recordings of many more: docs/diagnosis.md.
import { assert } from '../lib/check.ts';
import { GoClient, probe, type GoOptions } from '../lib/goclient.ts';
import type { Client } from '../lib/lines.ts';
import type { REST } from '../lib/rest.ts';
import { mediaUp } from '../lib/replay.ts';
import { scenario, test } from '../lib/scenario.ts';
import { signed } from '../lib/tokens.ts';

const why = async (rest: REST, id: string) => (await rest.get(`/api/v1/events/${id}/diagnosis`)).verdict;
const at = (client: Client): GoOptions => ({ netns: client.line.name, at: client.server.url });

test.describe('why', () => {
  scenario('why-network-blocks-media', { idle: true }, async t => {
    const x = await t.exchange();
    const room = await t.room();
    const hers = await x.client({ browser: false });
    t.cleanup(() => hers.close());
    const sits = (name: string, client: Client) => GoClient.run(t, room, name, { ...at(client), command: go => [probe(t), 'sit', go.at, go.token, go.id] });
    const [bob, carol] = [await sits('bob', x.steady), await sits('carol', x.steady)];
    await bob.heard('receives', l => l.peer === carol.id, { ms: 30_000 });
    await hers.line.lose(mediaUp, { down: false });
    const alice = await sits('alice', hers);
    const event = await x.rest.event({ room_id: room.id, peer_id: alice.id, type: 'client.publish.failed', halves: true }, e => e.redial?.server, 40_000);
    const verdict = await why(x.rest, event.id);
    assert.equal(verdict.cause, 'network.media_blocked', JSON.stringify(verdict));
    assert.ok(['proven', 'likely'].includes(verdict.confidence), verdict.confidence);
    assert.ok(verdict.not.some((n: any) => n.cause === 'server.media_blocked'), 'others got through');
  });

  // She is the only one who tries, so it may be her network or a firewall before the
  // server. Asked in that network her browser finds nothing; asked in another one it
  // gets through, and the verdict moves.
  scenario('why-a-browser-is-asked', { idle: true, ms: 90_000 }, async t => {
    const x = await t.exchange({}); // of its own: how others fare there is part of the verdict
    const room = await t.room();
    const hers = await x.client();
    t.cleanup(() => hers.close());
    await hers.line.lose(mediaUp, { down: false });
    const alice = await GoClient.run(t, room, 'alice', { ...at(hers), command: go => [probe(t), 'sit', go.at, go.token, go.id] });
    const event = await x.rest.event({ room_id: room.id, peer_id: alice.id, type: 'client.publish.failed', halves: true }, e => e.redial?.server, 40_000);
    const before = await why(x.rest, event.id);
    assert.equal(before.confidence, 'possible', JSON.stringify(before));
    const link = (await x.rest.post('/api/v1/probes', { event: event.id })).url;
    const complaints: string[] = [];
    const open = async (client: Client, locale: string, where: string) => {
      const context = await (await client.browserOf()).newContext({ locale, viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
      t.cleanup(() => context.close());
      const page = await context.newPage();
      page.on('console', message => {
        if (!/Opener-Policy header has been ignored/.test(message.text())) complaints.push(message.text()); // as over plain http
      });
      page.on('pageerror', error => complaints.push(String(error)));
      await page.goto(link);
      await page.getByLabel(where).check();
      await page.locator('#says li').first().waitFor({ timeout: 60_000 });
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it fits the width');
      return page.locator('main').innerText();
    };
    const [here, elsewhere] = await Promise.all([open(hers, 'de-DE', 'Das weiß ich nicht'), open(x.steady, 'en-GB', 'In another network')]);
    assert.match(here, /Das ist das Netz, in dem der Anruf gescheitert ist[^]*lässt über UDP weder Ton noch Bild durch/);
    assert.match(elsewhere, /another network[^]*lets media through \(UDP\)/);
    const d = await x.rest.get(`/api/v1/events/${event.id}/diagnosis`);
    const found = Object.fromEntries(d.asked.map((a: any) => [a.same_network, a]));
    assert.deepEqual(found.yes.tries.map((o: any) => [o.over, o.came, o.up]), [['udp', 0, false], ['tcp', 0, false]]);
    assert.ok(found.no.tries.every((o: any) => o.up && o.largest_bytes >= 1100), JSON.stringify(found.no));
    for (const a of d.asked) assert.ok(a.socket_held_ms > 0 && !a.socket_cut, JSON.stringify(a));
    assert.equal(`${d.verdict.cause} ${d.verdict.confidence}`, 'network.media_blocked likely', JSON.stringify(d.verdict));
    assert.equal(d.before.confidence, 'possible');
    assert.deepEqual(complaints, []);
  });

  scenario('why-token-old', { idle: true }, async t => {
    const x = await t.exchange();
    const room = await t.room();
    const then = Math.floor(Date.now() / 1000) - 26 * 3600;
    const token = signed(x.key, { room_id: room.id, user_id: 'user-alice', role: 'host', iat: then, nbf: then, exp: then + 24 * 3600 });
    const alice = await GoClient.run(t, room, 'alice', { ...at(x.steady), token });
    await alice.heard('failed', undefined, { ms: 30_000 });
    const event = await x.rest.event({ room_id: room.id, peer_id: alice.id, error: true });
    const verdict = await why(x.rest, event.id);
    assert.equal(verdict.cause, 'token.expired', JSON.stringify(verdict));
  });
});
