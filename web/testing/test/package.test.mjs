// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as index from '@redial-rtc/testing';

const here = name => fileURLToPath(new URL(name, import.meta.url));
const types = readFileSync(here('../index.d.ts'), 'utf8');

test('the types name what there is, and nothing else', () => {
  const exported = [...types.matchAll(/^export (?:function|class) (\w+)/gm)].map(m => m[1]);
  assert.deepEqual(exported.sort(), Object.keys(index).sort());
  const body = /export class Redial implements[^]*?\n}/.exec(types)[0];
  const methods = [...body.matchAll(/^ {2}(?:\[Symbol\.(\w+)\]|(\w+))\(/gm)].map(m => m[1] ?? m[2]);
  const real = Reflect.ownKeys(index.Redial.prototype).filter(k => k !== 'constructor' && k !== 'log').map(k => typeof k === 'symbol' ? 'asyncDispose' : k);
  assert.deepEqual(methods.sort(), real.sort());
});

const tsc = here('../../node_modules/typescript/bin/tsc');
test('programs in TypeScript compile', { skip: !existsSync(tsc) && 'needs: npm --prefix web ci' }, () => {
  execFileSync(process.execPath, [tsc, '-p', here('.')], { stdio: 'inherit' });
});

test('the package holds what is needed and no more', () => {
  const [packed] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: here('..'), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  assert.deepEqual(packed.files.map(f => f.path).sort(), [
    'LICENSE', 'README.md', 'admin.d.ts', 'index.d.ts', 'package.json',
    'src/duration.js', 'src/error.js', 'src/events.js', 'src/index.js', 'src/opentok.js', 'src/process.js', 'src/redial.js', 'src/start.js', 'src/token.js',
  ]);
  assert.equal(readFileSync(here('../LICENSE'), 'utf8'), readFileSync(here('../../../LICENSE'), 'utf8'));
  const manifest = JSON.parse(readFileSync(here('../package.json')));
  assert.equal(manifest.dependencies, undefined, 'no dependencies');
});
