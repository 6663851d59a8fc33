// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// One line for each scenario as it ends, and the sum alone on the last line.
import { rmSync } from 'node:fs';
import type { FullConfig, FullResult, Reporter, Suite, TestCase, TestError, TestResult } from '@playwright/test/reporter';
import { annotation, type Outcome } from '../matrix/outcomes.ts';
import { writePage } from '../matrix/page.ts';
import { all } from '../matrix/rows.ts';
import { runDir } from './setup.ts';

// listing is playwright test --list: names and nothing else.
const listing = process.argv.includes('--list');

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

export default class Lines implements Reporter {
  #evidence = ''; #chosen: TestCase[] = []; #passed = 0; #errors = 0; #began = Date.now();
  #outcomes = new Map<string, Outcome>(); // of rows
  #failed: string[] = []; // what is said of each at the end

  printsToStdio() { return true; }

  onBegin({ projects }: FullConfig, suite: Suite) {
    this.#evidence = projects[0]?.outputDir ?? '';
    const all = suite.allTests();
    const left = all.filter(s => s.expectedStatus === 'skipped');
    this.#chosen = all.filter(s => s.expectedStatus !== 'skipped');
    if (listing) {
      for (const { title } of all) console.log(title);
      return;
    }
    if (left.length) console.log(`left out, run them with "make e2e-long": ${left.map(s => s.title).join(', ')}`);
    console.log(`e2e: ${this.#chosen.length} scenarios, what is left of those that fail is in ${this.#evidence}`);
  }

  onTestEnd({ title, expectedStatus }: TestCase, { status, duration, errors, annotations }: TestResult) {
    if (expectedStatus === 'skipped') return;
    const passed = status === 'passed';
    if (passed) this.#passed++;
    console.log(`  ${passed ? 'ok   ' : 'FAIL '} ${title} (${seconds(duration)})`);
    for (const error of errors) told(error);
    if (!passed) this.#failed.push(`${title}: ${brief(errors[0], status)}`);
    if (!passed) return;
    for (const { description } of annotations.filter(a => a.type === annotation)) {
      const outcome: Outcome = JSON.parse(description!);
      this.#outcomes.set(outcome.row, { ms: duration, ...outcome });
    }
  }

  onStdOut(chunk: string | Buffer) { process.stdout.write(chunk); }
  onStdErr(chunk: string | Buffer) { process.stderr.write(chunk); }

  // onError tells of what failed outside of a scenario.
  onError(error: TestError) {
    this.#errors++;
    this.#failed.push(`outside of a scenario: ${brief(error)}`);
    console.log('  FAIL  outside of a scenario');
    told(error);
  }

  onEnd({ status }: FullResult) {
    if (listing) return;
    const page = process.env.REDIAL_E2E_MATRIX;
    if (page) writePage(page, all, new Map(all.map(({ row }) => [row, this.#outcomes.get(row) ?? { row, verdict: 'FAIL' }])));
    const dir = process.env[runDir];
    if (dir && status === 'passed') rmSync(dir, { recursive: true, force: true });
    else if (dir) console.log(`e2e: the logs of shared servers are in ${dir}`);
    console.log(`e2e: ${seconds(Date.now() - this.#began)}`);
    // Again, since of a long log people see the end.
    for (const line of this.#failed) console.log(`FAIL  ${line}`);
    console.log(`${this.#passed} passed, ${this.#chosen.length - this.#passed + this.#errors} failed`);
  }
}

// brief is an error on one line.
const brief = (error?: TestError, otherwise = 'unknown') => (error?.message ?? error?.value ?? otherwise)
  .replaceAll(/\x1b\[\d+m/g, '').split('\n').filter(line => line.trim()).slice(0, 3).map(line => line.trim().slice(0, 300)).join(' | ');

// told prints an error under the line of its scenario.
function told({ stack, message, value }: TestError) {
  console.log(`        ${(stack ?? message ?? value ?? '').replaceAll('\n', '\n        ')}`);
}
