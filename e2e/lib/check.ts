// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Assertions and waiting. A wait always names what it waited for and says what
// it saw last.
import assert from 'node:assert/strict';
import type { EventAgent, RedialEvent } from '@redial-rtc/testing';
import { Limit } from './patience.ts';
import type { Person } from './tab.ts';

export { assert };

type Truthy<T> = Exclude<T, false | null | undefined | 0 | ''>;

export const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms));

export interface Wait { ms?: number; step?: number; detail?: () => unknown }

export async function poll<T>(what: string, fn: () => T | Promise<T>, { ms = 10_000, step = 100, detail }: Wait = {}): Promise<Truthy<T>> {
  const began = Date.now();
  const limit = new Limit(ms);
  let last: unknown;
  for (;;) {
    try {
      last = undefined;
      const value = await fn();
      if (value) return value as Truthy<T>;
    } catch (e) {
      last = e;
    }
    if (limit.over) break;
    await sleep(step);
  }
  const more = [await detail?.(), last && `last error: ${last instanceof Error ? last.message : last}`].filter(Boolean).join('; ');
  throw new Error(`waited ${((Date.now() - began) / 1000).toFixed(1)} s for ${what}${more ? ` (${more})` : ''}`);
}

// checkEvent holds a recorded event against the documented shape and against
// who and where it should be about.
export interface WantedEvent {
  type?: string;
  tab?: Person;
  role?: string;
  code?: number;
  name?: string;
  action?: string;
  terminal?: boolean;
  agent?: unknown; // false where it is not to be checked
}

export function checkEvent(event: RedialEvent, want: WantedEvent) {
  const data: Record<string, unknown> & { agent?: EventAgent } = event.data;
  assert.equal(event.version, '2.0', 'event version');
  assert.match(event.id, /\S/, 'event id');
  assert.match(event.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/, 'event timestamp is RFC 3339 in UTC');
  if (want.type) assert.equal(event.type, want.type, 'event type');
  if (want.tab) {
    const { tab } = want;
    assert.equal(data.peer_id, tab.id, 'event peer_id');
    assert.equal(data.user_id, tab.userId, 'event user_id');
    if (tab.wasIn) assert.equal(data.user_name, tab.name, 'event user_name');
    assert.equal(data.role, want.role ?? tab.role, 'event role');
    assert.equal(data.room_id, tab.room.id, 'event room_id');
    assert.equal(data.room_name, tab.room.name, 'event room_name');
    assert.equal(data.template_id, tab.room.template_id, 'event template_id');
    if (tab.wasIn) assert.ok(data.session_id, 'event session_id');
    assert.match(String(data.account_id ?? ''), /\S/, 'event account_id');
  }
  for (const [key, field] of [['code', 'error_code'], ['name', 'error_name'], ['action', 'action'], ['terminal', 'is_terminal']] as const) {
    if (want[key] !== undefined) assert.deepEqual(data[field], want[key], `event ${field} of ${JSON.stringify(data)}`);
  }
  for (const field of ['error_name', 'error_message', 'action']) {
    if (want.code !== undefined) assert.equal(typeof data[field], 'string', `event ${field}`);
  }
  if (want.agent !== false) checkAgent(data.agent);
}

export function checkAgent(agent: EventAgent | undefined) {
  assert.ok(agent, 'the event has an agent');
  assert.equal(agent.sdk, 'web', `agent of the event: ${JSON.stringify(agent)}`);
  assert.equal(agent.sdk_version, '0.15.2');
  assert.match(agent.os ?? '', /^web_Linux/);
  assert.match(agent.device_model ?? '', /^Chrom/);
  assert.match(agent.string ?? '', /sdk_version:0\.15\.2/);
}
