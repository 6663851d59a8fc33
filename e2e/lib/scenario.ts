// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The suite's test: scenarios, and what each is given.
import { mkdir } from 'node:fs/promises';
import { test as base, type TestInfo } from '@playwright/test';
import type { Kind } from './browser.ts';
import { Exchange } from './lines.ts';
import { Limit } from './patience.ts';
import { Run } from './run.ts';
import { names, setup } from './setup.ts';
import { World } from './world.ts';

interface WorkerFixtures {
  // shared is a world for all scenarios of a worker, exchange an exchange for
  // them; each is there from when one asks for it.
  shared: () => Promise<World>;
  exchange: () => Promise<Exchange>;
}

// lazy opens something when it is first asked for, and closes it if it was.
async function lazy<T extends { close(): Promise<void> }>(open: () => Promise<T>, use: (get: () => Promise<T>) => Promise<void>) {
  let opened: Promise<T> | undefined;
  await use(() => (opened ??= open()));
  await (await opened?.catch(() => undefined))?.close();
}

// limited gives a scenario its time, as the machine is from second to second. It
// begins with the scenario and holds for what is closed after it, too.
function limited(info: TestInfo) {
  let timer: NodeJS.Timeout | undefined;
  return {
    begin(ms: number) {
      const began = Date.now();
      const limit = new Limit(ms);
      const set = () => {
        info.setTimeout(Date.now() - began + limit.left + 1);
        if (limit.over) clearInterval(timer); // what is closed now has a time of its own
      };
      set();
      timer = setInterval(set, 1000);
    },
    end: () => clearInterval(timer),
  };
}

export const test = base.extend<{ t: Run; limit: { begin(ms: number): void } }, WorkerFixtures>({
  shared: [({}, use, { workerIndex }) => lazy(() => World.start(`${setup().dir}/world-${workerIndex}`), use), { scope: 'worker', timeout: 180_000 }],
  exchange: [({}, use, { workerIndex }) => lazy(() => Exchange.open(`${setup().dir}/exchange-${workerIndex}`), use), { scope: 'worker', timeout: 180_000 }],

  limit: async ({}, use, info) => {
    const limit = limited(info);
    await use(limit);
    limit.end();
  },

  t: async ({ shared, exchange, limit: _ }, use, info) => {
    await mkdir(info.outputDir, { recursive: true });
    const t = new Run({ name: info.title, dir: info.outputDir, shared, exchange });
    await use(t);
    await t.close({ failed: info.status !== info.expectedStatus });
  },
});

export interface Options {
  idle?: boolean; // mostly waits, may overlap others
  alone?: boolean; // wants the machine for itself, once all others are done
  ms?: number; // its time limit
  long?: boolean; // only when it is asked for: by name, or with REDIAL_E2E_LONG
}

// scenario declares one check.
export function scenario(name: string, run: (t: Run) => Promise<unknown>): void;
export function scenario(name: string, options: Options, run: (t: Run) => Promise<unknown>): void;
export function scenario(name: string, ...rest: [(t: Run) => Promise<unknown>] | [Options, (t: Run) => Promise<unknown>]) {
  const [{ idle, alone, ms = 60_000, long }, run] = rest.length === 2 ? rest : [{} as Options, ...rest];
  const left = long && !process.env.REDIAL_E2E_LONG && !names.includes(name);
  (left ? test.skip : test)(name, { tag: alone ? '@alone' : idle ? '@idle' : '@busy' }, async ({ t, limit }) => {
    limit.begin(ms);
    await run(t);
    await t.check();
  });
}

// inEachBrowser declares a scenario for Chromium, and one for Firefox whose name
// begins with "firefox-", a long one where Firefox has no words or ways of its own.
export function inEachBrowser(name: string, run: (t: Run, browser: Kind) => Promise<unknown>, { long = false } = {}) {
  scenario(name, t => run(t, 'usual'));
  scenario(`firefox-${name}`, { ms: 120_000, long }, t => run(t, 'firefox'));
}
