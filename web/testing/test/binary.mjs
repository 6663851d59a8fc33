// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The program under test: REDIAL_BINARY, or built from this checkout.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

if (!process.env.REDIAL_BINARY) {
  const dir = mkdtempSync(join(tmpdir(), 'redial-testing-binary-'));
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
  process.env.REDIAL_BINARY = join(dir, 'redial');
  execFileSync('go', ['build', '-o', process.env.REDIAL_BINARY, './cmd/redial'], {
    cwd: fileURLToPath(new URL('../../..', import.meta.url)), stdio: 'inherit',
  });
}
export const binary = process.env.REDIAL_BINARY;
