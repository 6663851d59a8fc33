// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Networks that let nothing out but 443/tcp: media is relayed by the server, on the
// port of HTTPS.
import { assert, poll } from '../lib/check.ts';
import { GoClient, probe } from '../lib/goclient.ts';
import { ports, type Client } from '../lib/lines.ts';
import { backend, OpenViduTab } from '../lib/openvidu.ts';
import { scenario, test } from '../lib/scenario.ts';
import { connect, openWatcher, watching } from '../lib/sceenic.ts';
import { setup } from '../lib/setup.ts';
import type { Tab } from '../lib/tab.ts';
import type { World } from '../lib/world.ts';

// onlyHTTPS leaves a client nothing but the port of HTTPS.
async function onlyHTTPS({ line }: Client) {
  await line.lose('meta l4proto != tcp');
  await line.lose(`tcp dport != ${ports.https}`, { down: false });
  await line.lose(`tcp sport != ${ports.https}`, { up: false });
}

// onlyRelays lets the connections of a page go over relays and nothing else.
const onlyRelays = () => {
  window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
    construct: (target, [config, ...rest], made) => Reflect.construct(target, [{ ...config, iceTransportPolicy: 'relay' }, ...rest], made),
  });
};

// overRelays fails unless the server has relayed for so many connections, each with a
// credential that it handed out itself.
async function overRelays(world: World, connections: number) {
  const told = () => fetch(`${world.server.url}/metrics`).then(r => r.text());
  const count = (text: string, name: string) => [...text.matchAll(new RegExp(`^${name}\\S* (\\S+)$`, 'gm'))].reduce((n, m) => n + Number(m[1]), 0);
  const text = await poll('relays', async () => {
    const text = await told();
    return count(text, 'redial_turn_allocations_total') >= connections && text;
  });
  for (const way of ['received', 'sent']) assert.ok(count(text, `redial_turn_${way}_bytes_total`) > 10_000, `media goes over the relays: ${way}`);
}

test.describe('relayed', () => {
  // The other wires hand out TURN as well: clients that may use nothing but relays see
  // and hear each other.
  scenario('relayed-openvidu', { idle: true }, async t => {
    const world = await t.ownWorld({ serverArgs: ['-turn'] });
    const session = await (await backend(t)).createSession();
    const [ann, bob] = [await OpenViduTab.join(t, session, 'ann', { before: onlyRelays }), await OpenViduTab.join(t, session, 'bob', { before: onlyRelays })];
    await ann.receives(bob.id, { ms: 30_000 });
    await bob.receives(ann.id, { ms: 30_000 });
    const servers = await ann.eval(() => ov.iceServers()) as { urls: string[]; username?: string }[];
    assert.ok(servers.some(s => s.urls[0].startsWith('turn:') && s.username), JSON.stringify(servers));
    await overRelays(world, 4);
  });

  scenario('relayed-sceenic', { idle: true }, async t => {
    const world = await t.ownWorld({ serverArgs: ['-turn'] });
    const session = await watching(t);
    const [ann, bob] = [await connect(await openWatcher(t, 'ann', { before: onlyRelays }), session), await connect(await openWatcher(t, 'bob', { before: onlyRelays }), session)];
    await ann.receives(bob.id, { ms: 30_000 });
    await bob.receives(ann.id, { ms: 30_000 });
    await overRelays(world, 4);
  });

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
