// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The 100ms server SDK for Node, unmodified: its address is fixed, and a proxy in
// the environment leads it to the server, as docs/rest.md says.
import { readFileSync } from 'node:fs';
import * as HMS from '@100mslive/server-sdk';
import { root } from './setup.ts';
import type { Address } from './world.ts';

export type SDK = HMS.SDK;

// withSDK runs something with the SDK's calls led to a server. The SDK reads the
// environment with each call.
export async function withSDK<T>({ url, info }: Address, run: (sdk: SDK) => Promise<T>): Promise<T> {
  const before = process.env.HTTPS_PROXY;
  process.env.HTTPS_PROXY = url;
  try {
    const sdk = new HMS.SDK(info.access_key, info.secret);
    sdk.setLogLevel('silent');
    return await run(sdk);
  } finally {
    if (before === undefined) delete process.env.HTTPS_PROXY;
    else process.env.HTTPS_PROXY = before;
  }
}

// methods lists every public method of the SDK, as "rooms.create".
export function methods(sdk: SDK): string[] {
  const parts = Object.entries(sdk).filter(([name]) => name !== 'api'); // of any call: no method of its own
  return parts.flatMap(([part, service]) => Object.getOwnPropertyNames(Object.getPrototypeOf(service))
    .filter(name => name !== 'constructor' && !inner.has(name)).map(name => `${part}.${name}`)).sort();
}

const inner = new Set(['generateToken', 'isTokenExpired', 'signAndGetJwt']); // private in its types

// documented is what docs/rest.md says of each method.
export function documented(): Record<string, string> {
  const [, page] = readFileSync(`${root}/docs/rest.md`, 'utf8').split('## The server SDK of 100ms\n');
  return Object.fromEntries([...page.split('\n## ')[0].matchAll(/^\| `(\w+\.\w+)` \| ([^|]+?) \|/gm)].map(([, method, what]) => [method, what]));
}
