// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Runs the scenarios and the rows of the error matrix: all of them, or those
// that are named.
//
//   REDIAL_E2E_NAME      scenarios to run: "chat" is that one and "codec" all that begin with
//                        "codec-"; several apart by spaces. A row of the matrix is "S013".
//   REDIAL_E2E_LONG      runs the long ones of bad networks as well
//   REDIAL_E2E_BIN       an existing binary of the server
//   REDIAL_E2E_CHROMIUM  another /usr/bin/chromium
//   REDIAL_E2E_FIREFOX   another /usr/bin/firefox-esr
//   REDIAL_E2E_TRANSPORT what carries media: own or pion (own)
//   REDIAL_E2E_LANES     how many working scenarios run at once (one for two processors)
//   REDIAL_E2E_PATIENCE  multiplies all limits of time (default: as busy and slow as the machine is)
//   REDIAL_E2E_OUTPUT    where the evidence of failures goes (e2e/test-results)
//   REDIAL_E2E_MATRIX    where to write the page of the error matrix
//   REDIAL_E2E_ROUNDS    how often each library joins in the scenario first-frame (10)
//   REDIAL_E2E_CROWD     how many publish in the scenario crowd (48)
//   REDIAL_E2E_SHOW      prints what scenarios of bad networks see
import { availableParallelism } from 'node:os';
import { defineConfig } from '@playwright/test';
import { names, openTok, openTokRow } from './lib/setup.ts';

const lanes = Number(process.env.REDIAL_E2E_LANES) || Math.max(1, availableParallelism() >> 1);
const waiting = 2;

// tagged matches the titles of scenarios with a tag, which Playwright puts behind
// their name, and with one of the names asked for.
const tagged = (tag: string) => {
  const escaped = names.map(n => (openTokRow(n) ? openTok : n).replace(/[^\w-]/g, '\\$&'));
  const name = names.length ? `(?:matrix-)?(?:${escaped.join('|')})(?:-\\S+)?` : '\\S+';
  return new RegExp(` ${name} ${tag}$`);
};

export default defineConfig({
  testMatch: '**/*.spec.ts',
  outputDir: process.env.REDIAL_E2E_OUTPUT ?? 'test-results',
  preserveOutput: 'failures-only',
  globalSetup: './lib/global.ts',
  reporter: './lib/reporter.ts',
  forbidOnly: true,
  // Clicks and the like are limited by their scenario, whose time stretches with
  // the load; a fixed time of their own would not.
  use: { actionTimeout: 0, navigationTimeout: 0 },
  retries: 0, // a scenario that fails now and then fails
  fullyParallel: true,
  workers: lanes + waiting,
  // Working scenarios share the processor, so few run at once; those that mostly
  // wait for a timeout overlap with everything. They come first: when there are no
  // more of them, a worker of theirs takes working scenarios, as would else nobody.
  projects: [
    { name: 'idle', grep: tagged('@idle'), workers: waiting, teardown: 'alone' },
    { name: 'busy', grep: tagged('@busy'), workers: lanes + 1, teardown: 'alone' },
    // As a teardown of the others it comes when they are done, failed or not; what
    // depends on them would be left out after a failure.
    { name: 'alone', grep: tagged('@alone'), workers: 1 },
  ],
});
