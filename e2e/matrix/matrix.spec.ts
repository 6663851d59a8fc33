// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import { test } from '@playwright/test';
import { scenario } from '../lib/scenario.ts';
import { names, openTok, openTokRow } from '../lib/setup.ts';
import { play } from './opentok-play.ts';
import { annotation, type Outcome } from './outcomes.ts';
import { check } from './row.ts';
import { rows } from './rows.ts';

const became = (outcomes: Outcome[]) => test.info().annotations.push(...outcomes.map(o => ({ type: annotation, description: JSON.stringify(o) })));

test.describe('matrix', () => {
  for (const row of rows) {
    const { idle, ms } = row;
    scenario(`matrix-${row.row}`, { idle, ms }, async t => {
      became([await check(t, row)]);
    });
  }
  // Those of OpenTok play in one session.
  scenario(openTok, { ms: 120_000 }, async t => { became(await play(t, names.filter(openTokRow))); });
});
