// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Apps on the library for OpenTok, and the backend that makes their sessions and tokens.
import { createHmac, randomUUID } from 'node:crypto';
import { AppTab, type AppOptions } from './apptab.ts';
import { assert } from './check.ts';
import type { Run } from './run.ts';
import { World } from './world.ts';

export interface Talk { key: string; secret: string; url: string; id: string }

const encode = (x: object) => Buffer.from(JSON.stringify(x)).toString('base64url');

// signed is a JWT (RFC 7519) of a project.
export function signed(secret: string, claims: object): string {
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

const now = () => Math.floor(Date.now() / 1000);

// backend calls the API as a project.
export async function backend({ key, secret, url }: Omit<Talk, 'id'>, method: string, path: string, body?: string): Promise<Response> {
  return fetch(url + path, {
    method, body,
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', 'x-opentok-auth': signed(secret, { iss: key, ist: 'project', iat: now(), exp: now() + 300, jti: randomUUID() }) },
  });
}

// talking is a session of its own.
export async function talking(t: Run): Promise<Talk> {
  const world = await t.world();
  assert.ok(world instanceof World, 'a backend calls the server itself');
  const { url, apiKey: key, apiSecret: secret } = world.server.openTok;
  const res = await backend({ key, secret, url }, 'POST', '/session/create', 'p2p.preference=disabled');
  assert.equal(res.status, 200, await res.clone().text());
  const [{ session_id: id }] = await res.json() as any;
  return { key, secret, url, id };
}

// roomOf is the id of the room that a session is.
export const roomOf = ({ id }: Talk) => Buffer.from(id.slice(2), 'base64url').toString().split('~')[6]!.split('.')[0]!;

interface Claims { role?: string; data?: string; expires?: number }

// tokenOf is a token as the server SDKs make it, without asking the server.
export const tokenOf = ({ key, secret, id }: Talk, { role = 'publisher', data, expires = now() + 3600 }: Claims = {}) => signed(secret, {
  iss: key, ist: 'project', iat: now() - 1, exp: expires, expire_time: expires, create_time: now() - 1, nonce: Math.random(), session_id: id, role, scope: 'session.connect',
  initial_layout_class_list: '', ...(data ? { connection_data: data } : {}),
});

export const openTalker = (t: Run, name: string, options: AppOptions = {}) => AppTab.open(t, 'opentok.html', name, options);

interface Joining extends Claims, AppOptions { publish?: boolean | object; receive?: boolean | object }

// talk opens the page and connects; whoever publishes does so at once. The tab's id is the stream's.
export async function talk(t: Run, session: Talk, name: string, { publish = true, receive = true, role, data = name, expires, ...page }: Joining = {}): Promise<AppTab> {
  const tab = await openTalker(t, name, page);
  await tab.act('connect', session.key, session.id, tokenOf(session, { role, data, expires }), { receive });
  if (publish) {
    await tab.act('publish', 'cam', { name, ...(publish === true ? {} : publish) });
    tab.id = (await tab.eval(() => ot.idOf('cam')))!;
  }
  return tab;
}
