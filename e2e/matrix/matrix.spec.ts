// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import { test } from '@playwright/test';
import { scenario } from '../lib/scenario.ts';
import { annotation } from './outcomes.ts';
import { check } from './row.ts';
import { rows } from './rows.ts';

test.describe('matrix', () => {
  for (const row of rows) {
    const { idle, ms } = row;
    scenario(`matrix-${row.row}`, { idle, ms }, async t => {
      test.info().annotations.push({ type: annotation, description: JSON.stringify(await check(t, row)) });
    });
  }
});
