// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// One room, three kinds of apps.
import { assert } from '../lib/check.ts';
import { GoClient, probe } from '../lib/goclient.ts';
import { backend, OpenViduTab } from '../lib/openvidu.ts';
import { scenario, test, type Options } from '../lib/scenario.ts';
import { connect, openWatcher, watching } from '../lib/sceenic.ts';
import type { Tab } from '../lib/tab.ts';

test.describe('mixed', () => {
  // As many people by each wire. Everybody counts sound and moving pictures of all
  // others; with three by each that is 72 ways.
  const meet = (name: string, each: 2 | 3, options: Options) => scenario(name, { alone: true, ms: 120_000, ...options }, async t => {
    const room = await t.room();
    const session = await (await backend(t)).createSession({ customSessionId: room.name });
    const party = await watching(t, room.name);
    assert.equal(party.room, room.id, 'the sessions are one room');
    // What the office makes is made before the machine has nine people to serve.
    const { rest } = await t.world();
    const tokens: Record<string, string> = {};
    for (const name of ['hugo', 'hal'].slice(0, each - 1)) tokens[name] = await rest.token(room.id, 'host', `user-${name}`);
    for (const name of ['olga', 'ole'].slice(0, each - 1)) tokens[name] = (await session.createConnection()).token!;
    const go = async ([name, token]: [string, string]) => {
      const seat = await GoClient.join(t, room, name, { token, command: go => [probe(t), 'sit', go.at, go.token, go.id] });
      seat.id = seat.lines.find(l => l.event === 'joined')!.peer;
      return seat;
    };

    // All are inside before anybody counts; the pages come one by one, as they are loaded.
    // The SDK asks for what is on the screen, where so many small pictures fit, its own among them.
    const hana = await t.join(room, 'hana', 'host', { before: n => { window.shown = n; }, beforeArg: 3 * each });
    const otto = await OpenViduTab.join(t, session, 'otto');
    const small = { audio: true, video: { width: 160, height: 90, frameRate: 5 } };
    const watchers = [];
    for (const name of ['sia', 'sid', 'sue'].slice(0, each)) watchers.push(await connect(await openWatcher(t, name), party, { constraints: small }));
    const goes: GoClient[] = [];
    for (const seat of Object.entries(tokens)) goes.push(await go(seat)); // who comes next finds the one before publishing
    const people: { id: string; name: string }[] = [hana, otto, ...watchers, ...goes];
    assert.equal(new Set(people.map(p => p.id)).size, 3 * each, 'as many people');

    const ms = 40_000;
    const counted = await Promise.allSettled(people.flatMap(one => people.filter(other => other !== one).map(async other => {
      if (one === hana) {
        await hana.sees(other as Tab, { frames: 5, ms });
        await hana.hears(other as Tab, { ms });
      } else if (one instanceof GoClient) {
        await one.heard('receives', l => l.peer === other.id, { ms });
      } else {
        await (one as OpenViduTab).receives(other.id, { frames: 5, ms });
      }
    })));
    assert.equal(counted.length, 3 * each * (3 * each - 1));
    assert.deepEqual(counted.filter(c => c.status === 'rejected').map(c => String(c.reason.message)), []);
    assert.deepEqual(await hana.notices('ERROR', 'RECONNECTING'), []);
    // The Go client adds its picture to a stream that already is, which so ends and begins
    // anew: whoever was subscribing just then is told, and nobody of anything else.
    const begunAnew = ['subscribe.peer_left', 'stream.not_published'];
    for (const tab of watchers) assert.deepEqual((await tab.told()).filter(n => n.kind === 'error' && !begunAnew.includes(n.data.fault)), []);
  });

  meet('mixed-six', 2, {});
  meet('mixed-nine', 3, { long: true });
});
