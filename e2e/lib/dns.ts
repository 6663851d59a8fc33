// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A name server in a namespace: programs/dns.ts.
import { start, type Child } from './process.ts';
import { setup } from './setup.ts';

// serveNames starts it and returns its process once it listens.
export async function serveNames(names: Record<string, string>, { netns, address, log }: { netns: string; address: string; log: string }): Promise<Child> {
  let ready = () => {};
  const listening = new Promise<void>(resolve => { ready = resolve; });
  const child = start(process.execPath, [setup().program('dns'), address, JSON.stringify(names)], { netns, log, onLine: () => ready() });
  await Promise.race([listening, child.ended.then(() => { throw new Error(`the name server ended early; see ${log}`); })]);
  return child;
}
