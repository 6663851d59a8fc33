// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Injections asked for with the command, as a person would.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { EventFilter, InjectionRule, RedialEvent } from '@redial-rtc/testing';
import { assert } from './check.ts';
import type { Room, Run } from './run.ts';

const exec = promisify(execFile);

// inject starts a fault in a room and returns the injection.
export async function inject(t: Run, room: Room, fault: string, ...flags: string[]): Promise<InjectionRule> {
  const { server } = await t.world();
  const { stdout } = await exec(t.setup.bin, ['inject', fault, '-room', room.id, '-json', ...flags], {
    env: { ...process.env, REDIAL_SERVER: server.url, REDIAL_TOKEN: server.managementToken },
  });
  return JSON.parse(stdout);
}

// provoked waits for an event of a peer and checks that it is marked.
export async function provoked(t: Run, filters: EventFilter, match?: (event: RedialEvent) => unknown): Promise<RedialEvent> {
  const { rest } = await t.world();
  const event = await rest.event(filters, match, 40_000);
  assert.equal(event.redial?.injected, true, `marked as injected: ${JSON.stringify(event)}`);
  return event;
}
