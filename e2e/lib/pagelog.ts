// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What a page says and asks for, as lines of a file that is kept when its scenario
// fails.
import { appendFileSync } from 'node:fs';
import type { Page } from '@playwright/test';

// logPage writes all of it, but for what the page itself prints if it is quiet.
export function logPage(page: Page, file: string, { quiet = false } = {}) {
  const write = (text: string) => appendFileSync(file, `${new Date().toISOString()} ${text}\n`);
  if (!quiet) page.on('console', m => write(`console ${m.type()} ${m.text()}`));
  page.on('pageerror', e => write(`pageerror ${e.stack}`));
  page.on('requestfailed', r => write(`request failed ${r.method()} ${r.url()} ${r.failure()?.errorText}`));
  page.on('response', r => write(`response ${r.status()} ${r.request().method()} ${r.url().slice(0, 160)}`));
  page.on('websocket', ws => {
    write(`socket open ${ws.url().slice(0, 120)}`);
    ws.on('framesent', f => write(`--> ${String(f.payload).slice(0, 4000)}`));
    ws.on('framereceived', f => write(`<-- ${String(f.payload).slice(0, 4000)}`));
    ws.on('close', () => write('socket closed'));
  });
}
