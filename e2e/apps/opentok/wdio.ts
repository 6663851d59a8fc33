// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Does in Chromium what a test file for WebdriverIO asks for (wdio.mjs).
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Page } from '@playwright/test';
import { sleep } from '../../lib/check.ts';
import { patience } from '../../lib/patience.ts';

export interface Result { name: string; error?: string }

// runSpec plays a test file in pages that open makes, which are at base until told otherwise.
export async function runSpec(file: string, base: string, open: () => Promise<Page>): Promise<Result[]> {
  const tabs = new Map<string, Page>();
  let now = '';
  const page = () => tabs.get(now)!;
  const add = async () => {
    const made = await open();
    tabs.set(now = `tab-${tabs.size}`, made);
    return made;
  };
  await add();
  const long = (ms = 10_000) => ms * patience();
  const one = (selector: string) => page().locator(selector).first();
  const does: Record<string, (...args: any[]) => unknown> = {
    url: path => page().goto(new URL(path, base).href).then(() => {}),
    title: () => page().title(),
    address: () => page().url(),
    tabs: () => [...tabs.keys()],
    switchTab: (id = tabs.keys().next().value) => { now = id; return page().bringToFront(); },
    newWindow: async path => {
      const to = new URL(path, page().url()).href;
      await (await add()).goto(to);
    },
    pause: ms => sleep(ms),
    patient: ms => long(ms),
    waitFor: (selector, state, ms) => one(selector).waitFor({ state, timeout: long(ms) }),
    click: selector => one(selector).click({ timeout: long() }),
    isEnabled: selector => one(selector).isEnabled(),
    attribute: (selector, name) => one(selector).evaluate((e, name) => e.getAttribute(name) ?? String((e as any)[name]), name),
    select: (selector, which) => one(selector).selectOption(which, { timeout: long() }).then(() => {}),
    css: (selector, name) => one(selector).evaluate((e, name) => getComputedStyle(e).getPropertyValue(name), name),
    execute: text => page().evaluate(text).then(() => {}),
    type: async (selector, text: string) => {
      await one(selector).fill('', { timeout: long() });
      await one(selector).pressSequentially(text);
    },
    text: selector => one(selector).textContent(),
    count: selector => page().locator(selector).count(),
  };

  const { port1, port2 } = new MessageChannel();
  const flag = new SharedArrayBuffer(4);
  const thread = new Worker(new URL('./wdio.mjs', import.meta.url), { workerData: { file, port: port2, flag }, transferList: [port2] });
  try {
    return await new Promise<Result[]>((resolve, reject) => {
      thread.on('error', reject);
      port1.on('message', async ({ op, args }) => {
        if (op === 'over') return resolve(args[0]);
        let answer: { value?: unknown; error?: string };
        try {
          answer = { value: await does[op]!(...args) };
        } catch (e) {
          answer = { error: (e as Error).message.split('\n')[0] };
        }
        port1.postMessage(answer);
        Atomics.store(new Int32Array(flag), 0, 1);
        Atomics.notify(new Int32Array(flag), 0);
      });
    });
  } finally {
    port1.close();
    await thread.terminate();
  }
}
