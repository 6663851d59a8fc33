// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Every error that OpenTok documents, as an app on the library sees it.
import { readFileSync } from 'node:fs';
import { assert } from '../lib/check.ts';
import { openTalker, talk, talking } from '../lib/opentok.ts';
import { scenario, test } from '../lib/scenario.ts';
import { root } from '../lib/setup.ts';
import { openTok } from '../matrix/conditions.ts';
import { rows, type Row, type Stage } from '../matrix/opentok.ts';

// The document lists an error of the token for a call that takes none.
const unreachable = ['O025'];

const ids = (row: Row) => row.rows.split(' ');
const seen = new Set(rows.flatMap(ids));
const by = (way: Row['by']) => new Set(rows.filter(r => r.by === way).flatMap(ids).filter(id => way === 'real' || !rows.some(r => r.by === 'real' && ids(r).includes(id)))).size;

test.describe('opentok', () => {
  scenario('opentok-errors', { ms: 120_000 }, async t => {
    assert.deepEqual([...openTok.keys()].filter(id => !seen.has(id) && !unreachable.includes(id)), [], 'every documented row is provoked');
    const doc = readFileSync(`${root}/docs/opentok.md`, 'utf8');
    const claim = `${seen.size} of ${openTok.size} documented errors`;
    assert.ok(doc.includes(claim) && doc.includes(`${by('real')} by a real cause`), `docs/opentok.md says "${claim}" and "${by('real')} by a real cause"`);

    const session = await talking(t);
    const canvas = { canvas: true, audioSource: null };
    const [mod, bob, out, sub, denied, empty] = await Promise.all([
      talk(t, session, 'mod', { role: 'moderator', publish: canvas }), talk(t, session, 'bob', { publish: canvas }),
      openTalker(t, 'out'), talk(t, session, 'sub', { role: 'subscriber', publish: false }),
      talk(t, session, 'denied', { kind: 'no-permission', publish: false }), talk(t, session, 'empty', { kind: 'no-devices', publish: false }),
    ]);
    await out.eval(({ key, id }) => ot.init(key, id), session);
    for (const tab of [mod, bob, denied, sub]) await tab.noticed('subscriber.connected');
    const stage: Stage = { session, mod, bob, out, sub, denied, empty };

    const failed: string[] = [];
    const play = async (row: Row) => {
      const shown = await row.run(stage).catch(e => ({ name: String(e), code: undefined, own: undefined }));
      for (const id of ids(row)) {
        const { code, name } = openTok.get(id)!;
        if (code ? shown?.code !== code : shown?.name !== name) failed.push(`${id} (${row.how}): wants ${code || name}, shows ${JSON.stringify(shown)}`);
      }
      if (shown && shown.own === false) failed.push(`${row.rows}: not an Error`);
    };
    const waiting = rows.filter(r => r.idle).map(play);
    for (const row of rows.filter(r => !r.idle)) await play(row);
    await Promise.all(waiting);
    assert.deepEqual(failed, []);
    // Nobody has to catch anything.
    for (const tab of [mod, bob, out, sub, denied, empty]) assert.deepEqual(await tab.eval(() => probe.uncaught), [], `errors nobody caught in ${tab.name}'s page`);
  });
});
