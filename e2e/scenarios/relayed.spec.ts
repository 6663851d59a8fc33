// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Networks that let nothing out but 443/tcp: media is relayed by the server, on the
// port of HTTPS.
import { assert, poll } from '../lib/check.ts';
import { GoClient, probe } from '../lib/goclient.ts';
import { ports, type Client } from '../lib/lines.ts';
import { scenario, test } from '../lib/scenario.ts';
import { setup } from '../lib/setup.ts';
import type { Tab } from '../lib/tab.ts';

// onlyHTTPS leaves a client nothing but the port of HTTPS.
async function onlyHTTPS({ line }: Client) {
  await line.lose('meta l4proto != tcp');
  await line.lose(`tcp dport != ${ports.https}`, { down: false });
  await line.lose(`tcp sport != ${ports.https}`, { up: false });
}

test.describe('relayed', () => {
  scenario('relayed-only-443', { idle: true, ms: 90_000 }, async t => {
    // No other port of TURN is open, so that nobody gets in by one.
    const x = await t.exchange({ https: true, browser: false, media: { turn: { enabled: true, udp: '', tcp: '' } } });
    const room = await t.room();
    const [hers, his] = [await x.client(), await x.client({ browser: false })];
    for (const client of [hers, his]) {
      t.cleanup(() => client.close());
      await onlyHTTPS(client);
    }
    const greg = await GoClient.join(t, room, 'greg', {
      netns: his.line.name, at: x.server.url, env: { SSL_CERT_FILE: `${setup().certDir}/cert.pem` },
      command: go => [probe(t), 'sit', go.at, go.token, go.id],
    });
    const alice = await t.join(room, 'alice', 'host', { world: hers });
    await alice.sees(greg as unknown as Tab, { ms: 30_000 });
    await alice.hears(greg as unknown as Tab, { ms: 30_000 });
    await greg.heard('receives', l => l.peer === alice.id, { ms: 30_000 });
    assert.ok((await hers.line.dropped()).up > 0, 'her network has stopped what she tried');

    const told = async () => (await x.steady.site.fetch(`${x.server.url}/metrics`, { headers: { Authorization: `Bearer ${x.key.secret}` } })).body;
    const count = (text: string, name: string) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1] ?? 0);
    // Two connections of each, the one over which they send and the other.
    const before = await poll('four relays', async () => {
      const text = await told();
      return count(text, 'redial_turn_allocations_total\\{over="tls"\\}') >= 4 && text;
    });
    assert.equal(count(before, 'redial_turn_allocations_total\\{over="udp"\\}') + count(before, 'redial_turn_allocations_total\\{over="tcp"\\}'), 0);
    await alice.sees(greg as unknown as Tab);
    const after = await told();
    for (const way of ['received', 'sent']) {
      const name = `redial_turn_${way}_bytes_total`;
      assert.ok(count(after, name) > count(before, name), `media goes over the relays: ${name}`);
    }
    assert.deepEqual(await alice.notices('ERROR', 'RECONNECTING'), []);
  });
});
