// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Provokes causes of failures, one replay each, and keeps what the server recorded
// of them: make replays. Most of a replay is waiting, so many overlap.
//
//   REDIAL_REPLAYS       where the records go
//   REDIAL_E2E_NAME      replays to run: "stall", or "address" for all that begin with "address-"
//   REDIAL_E2E_LANES     how many run at once (6)
import { defineConfig } from '@playwright/test';
import base from './playwright.config.ts';
import { names } from './lib/setup.ts';

export default defineConfig({
  ...base,
  testDir: './why',
  workers: Number(process.env.REDIAL_E2E_LANES || 6),
  grep: names.length ? new RegExp(` (${names.join('|')})(-\\S+)?$`) : undefined,
  projects: [{ name: 'why' }],
});
