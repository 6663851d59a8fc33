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
