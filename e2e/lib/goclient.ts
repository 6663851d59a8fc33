// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The Go client as a process: "redial join -json", or another program that prints
// such lines.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { assert, poll } from './check.ts';
import { start, stop, type Child, type StartOptions } from './process.ts';
import type { Room, Run } from './run.ts';
import { root } from './setup.ts';
import type { Person } from './tab.ts';

let made: string | undefined;

// probe builds the program that provokes what "redial join" does not, once.
export function probe(t: Run): string {
  if (!made) {
    made = `${t.setup.dir}/probe-${process.pid}`;
    execFileSync('go', ['build', '-o', made, './e2e/probe'], { cwd: root, stdio: 'inherit' });
  }
  return made;
}

// spoken starts a program and keeps the objects that it prints, line by line.
export interface Line {
  event: string;
  at: string;
  problem?: any; // client.Problem
  [field: string]: any;
}

export function spoken(command: string[], { log, netns, env, cwd }: StartOptions) {
  const lines: Line[] = [];
  const child = start(command[0], command.slice(1), {
    log, netns, env, cwd, onLine: line => { if (line.startsWith('{')) lines.push(JSON.parse(line)); },
  });
  return { child, lines };
}

export interface GoOptions {
  role?: string;
  token?: string;
  userId?: string;
  id?: string;
  at?: string;
  flags?: string[];
  before?: string[];
  command?: (go: GoClient) => string[];
  netns?: string;
  env?: Record<string, string>;
}

export class GoClient implements Person {
  room!: Room;
  name!: string;
  role!: string;
  userId!: string;
  id!: string;
  at!: string;
  token!: string;
  wasIn = false;
  child!: Child;
  lines: Line[] = [];

  // run starts a peer of a room. flags go to "redial join"; command replaces it,
  // and before goes ahead of it. at is where it finds the server.
  static async run(t: Run, room: Room, name: string, {
    role = 'host', token, userId = `user-${name}`, id = randomUUID(), at, flags = [], before = [], command, netns, env,
  }: GoOptions = {}): Promise<GoClient> {
    const world = await t.world();
    const go = new GoClient();
    Object.assign(go, { room, name, role, userId, id, at: at ?? world.server.url });
    go.token = token ?? await world.rest.token(room.id, role, userId);
    const join = [
      t.setup.bin, 'join', '-json', '-token', go.token, '-name', name, '-peer', id, '-reports', `${t.dir}/reports-${name}`, ...flags, go.at,
    ];
    Object.assign(go, spoken([...before, ...(command?.(go) ?? join)], { log: `${t.dir}/${name}.log`, netns, env }));
    t.cleanup(() => go.leave());
    return go;
  }

  // join is run, and returns when the peer is inside.
  static async join(t: Run, room: Room, name: string, options?: GoOptions): Promise<GoClient> {
    const go = await GoClient.run(t, room, name, options);
    await go.heard('joined');
    go.wasIn = true;
    return go;
  }

  // heard waits for a line. A process that has ended says no more.
  async heard(event: string, match: (line: Line) => unknown = () => true, { ms = 15_000 } = {}): Promise<Line> {
    const find = () => this.lines.find(l => l.event === event && match(l));
    const ended = this.child.ended.then(() => true);
    const line = await poll(`${this.name} to say ${event}`, async () => find() ?? (await Promise.race([ended, false]) && 'over' as const), {
      ms, step: 50, detail: () => `said: ${JSON.stringify(this.lines.map(l => l.problem ? { ...l, problem: { fault: l.problem.fault, ios: l.problem.ios } } : l)).slice(0, 1500)}`,
    });
    if (line !== 'over') return line;
    const last = find();
    assert.ok(last, `${this.name} ended without saying ${event}; it said ${JSON.stringify(this.lines)}`);
    return last;
  }

  get over() { return this.child.exitCode !== null || this.child.signalCode !== null; }

  leave() { return stop(this.child); }
}
