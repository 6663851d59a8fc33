// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Errors of OpenTok that a person provokes with the command, as an app on the library sees them.
import { assert } from '../lib/check.ts';
import { inject } from '../lib/inject.ts';
import { openTalker, talk, talking, tokenOf } from '../lib/opentok.ts';
import { scenario, test } from '../lib/scenario.ts';

interface Shown { name?: string; code?: number }

test.describe('opentok', () => {
  scenario('opentok-injected', { idle: true, ms: 90_000 }, async t => {
    const session = await talking(t);
    const room = { id: Buffer.from(session.id.slice(2), 'base64url').toString().split('~')[6]!.split('.')[0]! };
    const [ann, bob, out] = await Promise.all([
      talk(t, session, 'ann', { role: 'moderator', publish: false }), talk(t, session, 'bob', { publish: { canvas: true, audioSource: null } }), openTalker(t, 'out'),
    ]);
    await ann.noticed('subscriber.connected');
    const [mine, his] = await Promise.all([ann, bob].map(tab => tab.eval(() => ot.session.connection!.connectionId)));

    const failed: string[] = [];
    const shows = async (word: string, flags: string[], run: () => Promise<Shown | undefined>, name: string, code: number) => {
      await inject(t, room, word, ...flags);
      const shown = await run();
      if (shown?.name !== name || shown.code !== code) failed.push(`${word}: ${JSON.stringify(shown)}`);
    };
    const publish = () => ann.eval(async () => (await ot.publish(`x${Math.random()}`, { canvas: true, audioSource: null })).error);
    const subscribe = () => ann.eval(async () => {
      const id = [...ot.subscribers.keys()][0]!;
      ot.session.unsubscribe(ot.subscribers.get(id)!);
      return (await ot.subscribe(id)).error;
    });
    const call = async (action: string, argument: unknown) => (await ann.attempt('call', action, argument)).error;
    const connect = async () => (await out.attempt('connect', session.key, session.id, tokenOf(session), {})).error;

    const once = ['-connection', mine!, '-count', '1'];
    const unexpected = 'OT_UNEXPECTED_SERVER_RESPONSE';
    await shows(`opentok:publish:${unexpected}`, once, publish, unexpected, 2001);
    await shows('OT_STREAM_CREATE_FAILED', once, publish, 'OT_STREAM_CREATE_FAILED', 1500);
    await shows(`opentok:subscribe:${unexpected}`, once, subscribe, unexpected, 2001);
    await shows('OT_STREAM_NOT_FOUND', once, subscribe, 'OT_STREAM_NOT_FOUND', 1600);
    await shows('opentok:signal:OT_RATE_LIMIT_EXCEEDED', once, () => call('session.signal', { data: 'x' }), 'OT_RATE_LIMIT_EXCEEDED', 429);
    await shows('opentok:forceDisconnect:OT_PERMISSION_DENIED', once, () => call('session.forceDisconnect', { $connection: his }), 'OT_PERMISSION_DENIED', 1520);
    await shows('OT_REPORT_ISSUE_FAILED', once, async () => (await ann.attempt('call', 'OT.reportIssue')).error, 'OT_REPORT_ISSUE_FAILED', 2011);
    await shows('OT_TERMS_OF_SERVICE_FAILURE', ['-count', '1'], connect, 'OT_TERMS_OF_SERVICE_FAILURE', 1026);
    await shows(`opentok:connect:${unexpected}`, ['-count', '1'], connect, unexpected, 2001);
    // A browser may ask again by itself on another connection, so this goes on.
    await shows('OT_CONNECT_FAILED', ['-for', '60s'], connect, 'OT_CONNECT_FAILED', 1006);
    assert.deepEqual(failed, []);
    // What was provoked once is over, and nobody has to catch anything.
    assert.equal((await ann.attempt('call', 'session.signal', { data: 'x' })).error, undefined);
    for (const tab of [ann, bob, out]) assert.deepEqual(await tab.eval(() => probe.uncaught), [], `errors nobody caught in ${tab.name}'s page`);
  });
});
