// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The page server beside a server: programs/site.ts.
import { start, stop, type Child } from './process.ts';
import { setup } from './setup.ts';

// What the harness asks of the process, and what it gets.
export interface Fetched { status: number; headers: Record<string, string>; body: string }
export interface Report { at: number; method: string; path: string; status: number; event?: string; peer?: string; code?: number }
type Question = { op: 'target'; to: string } | { op: 'fetch'; url: string; init?: RequestInit } | { op: 'reports' };
export type Call = Question & { id: number };
export interface Answer { id: number; value?: unknown; error?: string }

// Site is the harness's handle on that process.
export class Site {
  static async start({ netns, log }: { netns?: string; log: string }): Promise<Site> {
    const child = start(process.execPath, [setup().program('site'), setup().pageDir, setup().certDir], {
      netns, log, ipc: true, env: { NODE_EXTRA_CA_CERTS: `${setup().certDir}/cert.pem` }, // of a server that speaks https
    });
    const site = new Site(child);
    const ready = await Promise.race([
      new Promise<{ page: number; tls: number }>(resolve => child.once('message', m => resolve((m as any).ready))),
      child.ended.then(({ error }) => { throw new Error(`the page server ended early: ${error?.message || `see ${log}`}`); }),
    ]);
    child.on('message', m => site.#settle(m as Answer));
    child.ended.then(() => site.#fail());
    site.origin = `http://127.0.0.1:${ready.page}`;
    site.pagePort = ready.page;
    site.tlsPort = ready.tls;
    return site;
  }

  origin = '';
  pagePort = 0;
  tlsPort = 0;
  #child: Child; #calls = new Map<number, { resolve(value: any): void; reject(error: Error): void }>(); #next = 0;

  constructor(child: Child) {
    this.#child = child;
  }

  #call(question: Question): Promise<any> {
    const id = ++this.#next;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#child.send({ id, ...question });
    });
  }

  #settle({ id, value, error }: Answer) {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (error) call?.reject(new Error(error));
    else call?.resolve(value);
  }

  #fail() {
    for (const { reject } of this.#calls.values()) reject(new Error('the page server has ended'));
    this.#calls.clear();
  }

  target(to: string): Promise<void> { return this.#call({ op: 'target', to }); }
  fetch(url: string, init?: RequestInit): Promise<Fetched> { return this.#call({ op: 'fetch', url, init }); }
  reports(): Promise<Report[]> { return this.#call({ op: 'reports' }); }
  close() { return stop(this.#child); }
}
