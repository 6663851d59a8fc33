// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Apps on wtsdk, and the backend that asks for their tokens.
import { randomUUID } from 'node:crypto';
import { assert } from './check.ts';
import { AppTab } from './apptab.ts';
import type { Kind } from './browser.ts';
import type { Run } from './run.ts';
import { World } from './world.ts';

export interface Watching { token: string; room: string } // a session, and the room it is

// watching is a session of its own.
export async function watching(t: Run, name = `watch-${randomUUID().slice(0, 8)}`): Promise<Watching> {
  const world = await t.world();
  assert.ok(world instanceof World, 'a backend calls the server itself');
  const { url, key, secret } = world.server.sceenic;
  const res = await fetch(`${url}/stream/token/v2/?session=${name}`, { headers: { 'auth-api-key': key, 'auth-api-secret': secret } });
  assert.equal(res.status, 200, await res.clone().text());
  const { token } = await res.json() as { token: string };
  return { token, room: claims(token).rid };
}

export const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());

export const openWatcher = (t: Run, name: string, options: { kind?: Kind; before?: () => void } = {}) => AppTab.open(t, 'watch.html', name, options);

// stage is pages that a worker keeps, since loading them takes longer than what most
// rows of the matrix do on them. They are as new.
export async function stage(t: Run, ...names: string[]): Promise<AppTab[]> {
  const world = await t.world();
  assert.ok(world instanceof World, 'people are where the server is');
  const kept = stages.get(world) ?? new Map<string, Promise<AppTab>>();
  stages.set(world, kept);
  return Promise.all(names.map(async name => {
    if (!kept.has(name)) kept.set(name, AppTab.open(t, 'watch.html', name, { keptIn: world.dir }));
    const tab = await kept.get(name)!;
    await tab.act('reset');
    tab.id = '';
    t.cleanup(() => tab.act('reset').catch(() => {})); // a call that nobody looks at would go on for the rest of the run
    return tab;
  }));
}

const stages = new WeakMap<World, Map<string, Promise<AppTab>>>();

// connect joins and learns its own id.
export async function connect(tab: AppTab, { token }: Watching, { name = tab.name, constraints, metadata }: { name?: string; constraints?: object; metadata?: object } = {}) {
  await tab.act('connect', token, name, constraints, metadata);
  tab.id = (await tab.noticed('streamCreated', s => s.local)).participantId;
  return tab;
}
