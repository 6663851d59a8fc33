// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Runs public apps, unchanged, from checkouts that a developer has; see apps/.
// They listen on ports of their own choosing, so one runs at a time.
import { defineConfig } from '@playwright/test';
import base from './playwright.config.ts';

export default defineConfig({
  ...base, testDir: './apps', testMatch: '**/*.apps.ts', fullyParallel: false, workers: 1, projects: [{ name: 'apps' }],
  reporter: [[base.reporter as string], ['./apps/table.ts']],
});
