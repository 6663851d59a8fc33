// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Prints what public suites and apps came to, once all have run.
import type { Reporter, TestCase, TestResult } from '@playwright/test/reporter';

interface Row { suite: string; part: string; passed: number; of: number; note?: string }

export default class Table implements Reporter {
  readonly #rows: Row[] = [];

  printsToStdio() { return false; }

  onTestEnd(_: TestCase, { annotations }: TestResult) {
    for (const a of annotations) if (a.type === 'app') this.#rows.push(JSON.parse(a.description!));
  }

  onEnd() {
    if (this.#rows.length === 0) return;
    const wide = (field: 'suite' | 'part') => Math.max(...this.#rows.map(r => r[field].length));
    const [a, b] = [wide('suite'), wide('part')];
    console.log('');
    for (const { suite, part, passed, of, note } of this.#rows) {
      console.log(`${suite.padEnd(a)}  ${part.padEnd(b)}  ${`${passed} of ${of}`.padStart(9)}${note ? `  ${note}` : ''}`);
    }
    console.log('');
  }
}
