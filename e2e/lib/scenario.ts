// The suite's test: scenarios, and what each is given.
import { mkdir } from 'node:fs/promises';
import { test as base } from '@playwright/test';
import { patience } from './check.ts';
import { Exchange } from './lines.ts';
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

export const test = base.extend<{ t: Run }, WorkerFixtures>({
  shared: [({}, use, { workerIndex }) => lazy(() => World.start(`${setup().dir}/world-${workerIndex}`), use), { scope: 'worker', timeout: 60_000 }],
  exchange: [({}, use, { workerIndex }) => lazy(() => Exchange.open(`${setup().dir}/exchange-${workerIndex}`), use), { scope: 'worker', timeout: 60_000 }],

  t: async ({ shared, exchange }, use, info) => {
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
  (left ? test.skip : test)(name, { tag: alone ? '@alone' : idle ? '@idle' : '@busy' }, async ({ t }) => {
    test.setTimeout(ms * patience());
    await run(t);
    await t.check();
  });
}
