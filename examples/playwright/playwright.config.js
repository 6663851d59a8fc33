// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

// A Chromium of the system does as well as the one that Playwright downloads.
const system = process.env.CHROMIUM ?? '/usr/bin/chromium';
const port = Number(process.env.PORT ?? 47811);

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  reporter: 'list',
  timeout: 60_000,
  expect: { timeout: 20_000 }, // some failures take the SDK a while to notice
  use: {
    baseURL: `http://127.0.0.1:${port}`,
    launchOptions: {
      executablePath: existsSync(system) ? system : undefined,
      // A camera and a microphone that need neither hardware nor a click.
      args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
    },
  },
  webServer: { command: 'npm start', env: { PORT: String(port) }, port, reuseExistingServer: !process.env.CI },
});
