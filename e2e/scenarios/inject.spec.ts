// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Faults provoked on purpose: each reaches the SDK as the error it stands for,
// is marked in the record, and leaves nothing behind.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { assert, checkEvent, poll } from '../lib/check.ts';
import { inject, provoked } from '../lib/inject.ts';
import type { Room, Run } from '../lib/run.ts';
import { scenario, test } from '../lib/scenario.ts';

const ice = new Set<number | undefined>([4005, 4006]);

// play runs a ready scenario about alice to its end, with the command, and
// returns what happened.
async function play(t: Run, room: Room, name: string, speed = 5) {
  const { server } = await t.world();
  const { stdout } = await promisify(execFile)(t.setup.bin, ['scenario', 'run', name, '-room', room.id, '-peer', 'alice', '-speed', String(speed), '-json'], {
    encoding: 'utf8', env: { ...process.env, REDIAL_SERVER: server.url, REDIAL_TOKEN: server.managementToken },
  });
  return stdout.trim().split('\n').map(line => JSON.parse(line));
}

test.describe('inject', () => {
  scenario('inject-1003', async t => {
    const { room, alice, bob } = await t.call();
    await bob.sees(alice);
    const since = await alice.now();
    await inject(t, room, '1003', '-peer', 'alice');
    const { data } = await alice.noticed('RECONNECTING', () => true, { since });
    assert.equal(data.code, 1003);
    await alice.noticed('RECONNECTED', () => true, { since, ms: 20_000 });
    await bob.sees(alice, { frames: 15 });
    assert.deepEqual(await bob.notices('RECONNECTING', 'PEER_LEFT'), [], 'bob notices nothing');
    const event = await provoked(t, { room_id: room.id, peer_id: alice.id, type: 'client.disconnected' });
    checkEvent(event, { tab: alice, code: 1003, name: 'WebSocketConnectionLost', terminal: false });
  });

  scenario('inject-4006', { ms: 120_000 }, async t => {
    const { room, alice, bob } = await t.call();
    await bob.sees(alice);
    await alice.sees(bob);
    const since = await alice.now();
    const rule = await inject(t, room, '4006', '-peer', 'alice', '-for', '60s');
    const event = await provoked(t, { room_id: room.id, peer_id: alice.id, error: true }, e => ice.has(e.data.error_code));
    checkEvent(event, { tab: alice });
    const { rest } = await t.world();
    await alice.noticed('RECONNECTING', () => true, { since, ms: 40_000 });
    // Removing it brings the call back.
    await rest.call('DELETE', `/api/v1/injections/${rule.id}`);
    await bob.sees(alice, { frames: 30, ms: 45_000 });
    await alice.sees(bob, { frames: 30, ms: 45_000 });
    assert.deepEqual((await alice.notices('ERROR')).filter(n => n.data.isTerminal), []);
  });

  scenario('inject-at-the-door', async t => {
    const { rest } = await t.world();
    const room = await t.room();
    const cases: [string, number, string[]][] = [['401', 401, []], ['token.expired', 40100, []], ['room.locked', 403, []], ['410', 410, []], ['418', 418, ['-at', 'init']]];
    for (const [fault, code, flags] of cases) {
      const rule = await inject(t, room, fault, '-user', 'user-alice', ...flags);
      const alice = await t.open(room, 'alice', 'host');
      const outcome = await alice.tryJoin({ ms: 8000 });
      assert.equal(outcome.ok, false, `${fault}: ${JSON.stringify(outcome)}`);
      assert.equal(outcome.error.code, code, `${fault}: ${JSON.stringify(outcome.error)}`);
      assert.equal(outcome.error.isTerminal, true);
      const event = await provoked(t, { room_id: room.id, type: 'client.connect.failed' }, e => e.data.error_code === code);
      assert.equal(event.data.user_id, 'user-alice');
      await rest.call('DELETE', `/api/v1/injections/${rule.id}`);
    }
    // Others came and went as they liked, and so does she now.
    const again = await t.open(room, 'alice', 'host');
    assert.ok((await again.tryJoin()).ok, 'the door is open again');
  });

  // A wrong certificate: ICE connects and DTLS does not, which is 4005 and not
  // the 4006 of a path that goes nowhere.
  scenario('inject-4005', async t => {
    const room = await t.room();
    await inject(t, room, 'dtls.fingerprint', '-user', 'user-alice', '-for', '20s');
    const alice = await t.open(room, 'alice', 'host');
    await alice.startJoin();
    alice.wasIn = true;
    const event = await provoked(t, { room_id: room.id, type: 'client.publish.failed' }, e => ice.has(e.data.error_code));
    assert.equal(event.data.error_code, 4005, JSON.stringify(event));
    assert.equal(event.data.error_name, 'ICEFailure');
    assert.equal(event.data.user_id, 'user-alice');
    const { rest } = await t.world();
    const others = (await rest.events({ room_id: room.id, error: true })).filter(e => e.data.error_code === 4006);
    assert.deepEqual(others, [], '4006 as well');
  });

  scenario('inject-6008', async t => {
    const { room, alice, bob } = await t.call();
    const since = await alice.now();
    await inject(t, room, '6008', '-peer', 'alice');
    const { data } = await alice.noticed('ERROR', e => e.code === 6008, { since });
    assert.equal(data.isTerminal, true);
    await provoked(t, { room_id: room.id, peer_id: alice.id, error: true }, e => e.data.error_code === 6008);
    assert.deepEqual(await bob.notices('ERROR'), []);
  });

  // Scenarios of the library, as the web SDK takes them.
  scenario('inject-scenario-expired-token', { ms: 60_000 }, async t => {
    const { room, alice, bob } = await t.call();
    await bob.sees(alice);
    const since = await alice.now();
    await play(t, room, 'expired-token');
    await alice.noticed('RECONNECTING', () => true, { since });
    const { data } = await alice.noticed('ERROR', e => e.isTerminal, { since, ms: 20_000 });
    assert.equal(data.code, 40100, JSON.stringify(data));
    await provoked(t, { room_id: room.id, peer_id: alice.id, error: true }, e => e.data.error_code === 40100);
    assert.deepEqual(await bob.notices('ERROR', 'RECONNECTING'), [], 'bob goes on');
  });

  scenario('inject-scenario-deploy', { ms: 90_000 }, async t => {
    const { room, alice, bob } = await t.call();
    await bob.sees(alice);
    const since = await alice.now();
    await play(t, room, 'deploy');
    await alice.noticed('RECONNECTING', () => true, { since });
    await alice.noticed('RECONNECTED', () => true, { since, ms: 30_000 });
    await bob.sees(alice, { frames: 15, ms: 40_000 });
    await alice.sees(bob, { frames: 15, ms: 40_000 });
    assert.deepEqual((await alice.notices('ERROR')).filter(n => n.data.isTerminal), []);
    await provoked(t, { room_id: room.id, peer_id: alice.id, type: 'client.disconnected' });
  });

  scenario('inject-scenario-camera-taken', { ms: 60_000 }, async t => {
    const { room, alice, bob } = await t.call();
    await bob.sees(alice);
    const video = await bob.trackOf(alice, 'video');
    await play(t, room, 'camera-taken');
    await bob.noticed('TRACK_MUTED', d => d.id === video);
    await bob.hears(alice);
    assert.deepEqual(await alice.notices('ERROR', 'RECONNECTING'), [], 'her sound went on');
  });

  scenario('inject-refusals', async t => {
    const { rest } = await t.world();
    const { room } = await t.call({ alice: 'host' });
    const refused = async (body: object, status: number, fault: string) => {
      const e = await rest.post('/api/v1/injections', { room: room.id, ...body }).catch(e => e);
      assert.equal(e.status, status, JSON.stringify(e.body ?? e));
      assert.equal(e.body.fault?.id, fault, JSON.stringify(e.body));
    };
    await refused({ fault: 'no.such' }, 404, 'catalogue.unknown');
    await refused({ fault: '3001' }, 422, 'injection.impossible');
    await refused({ fault: '1003', peer: 'nobody' }, 404, 'peer.not_found');
    await refused({ fault: '4005', for: '3h' }, 400, 'request.field_invalid');
    await poll('the list to be empty', async () => (await rest.get('/api/v1/injections')).injections.length === 0);
  });
});
