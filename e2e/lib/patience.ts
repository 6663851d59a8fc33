// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Time limits on a machine that is busy or slow. A limit is no pause: more of it
// makes no check weaker.
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';

const most = 10;
const quiet = 0.45; // ms that work takes on a processor with nothing else to do

// patience is how many times longer than on a quiet machine things may take now:
// as much as the processors are oversubscribed and as much as they are slower.
export function patience(): number {
  if (process.env.REDIAL_E2E_PATIENCE) return Number(process.env.REDIAL_E2E_PATIENCE);
  look();
  const crowded = Math.max(runnable, loadavg()[0]) / availableParallelism() / 2;
  return Math.min(Math.max(crowded, 1) * Math.max(pace, 1), most);
}

let looked = 0, runnable = 0, pace = 1;
const paces: number[] = [];

// look takes the machine's pulse, at most twice a second.
function look() {
  const now = performance.now();
  if (now - looked < 500) return;
  looked = now;
  // The average of a minute is late when load rises.
  runnable += (running() - runnable) / 4;
  paces.push(work() / quiet);
  if (paces.length > 9) paces.shift();
  pace = [...paces].sort((a, b) => a - b)[paces.length >> 1];
}

// running is how many processes and threads have something to do right now.
function running(): number {
  try {
    return Number(readFileSync('/proc/loadavg', 'utf8').split(/[ /]/)[3]) || 0;
  } catch {
    return 0; // no Linux
  }
}

// work is always the same, and how long it took in ms.
function work(): number {
  const began = performance.now();
  let n = 1;
  for (let i = 0; i < 400_000; i++) n = Math.imul(n ^ i, 0x9e3779b1);
  return n === 0 ? 0 : performance.now() - began;
}

// Limit is a time limit in ms of a quiet machine. It is measured against patience
// while it runs, so it also stretches for load that comes later.
export class Limit {
  #left: number; #at = performance.now();

  constructor(ms: number) {
    this.#left = ms;
  }

  // left is how long it still is if nothing changes, in whole ms.
  get left(): number {
    const now = performance.now();
    const slower = patience();
    this.#left -= (now - this.#at) / slower;
    this.#at = now;
    return Math.max(Math.ceil(this.#left * slower), 0);
  }

  get over(): boolean { return this.left === 0; }
}

// within waits with something that knows only fixed timeouts, as Playwright and
// waitForEvent do, and again as long as the limit is not over.
export async function within<T>(ms: number, wait: (timeout: number) => Promise<T>): Promise<T> {
  const limit = new Limit(ms);
  for (;;) {
    try {
      return await wait(Math.max(limit.left, 1));
    } catch (e) {
      const { name, message } = e as Error;
      if (limit.over || !(name === 'TimeoutError' || message.startsWith('no event matched'))) throw e;
    }
  }
}
