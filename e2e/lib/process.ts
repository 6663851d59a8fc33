// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Starts and ends child processes, each with its output in a file of its own.
// Only processes started here are ever signalled, by their own handle.
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

const running = new Set<ChildProcess>();

export type Child = ChildProcess & { ended: Promise<{ code?: number | null; signal?: string | null; error?: Error }> };

export interface StartOptions {
  netns?: string;
  log: string;
  onLine?: (line: string) => void;
  ipc?: boolean;
  env?: Record<string, string>;
  cwd?: string;
}

// start runs a command, optionally inside a network namespace, and returns its
// handle. onLine sees every line of standard output.
export function start(command: string, args: string[], { netns, log, onLine, ipc = false, env, cwd }: StartOptions): Child {
  const [file, argv]: [string, string[]] = netns ? ['ip', ['netns', 'exec', netns, command, ...args]] : [command, args];
  const child = spawn(file, argv, {
    stdio: ipc ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    cwd,
  }) as Child;
  const sink = createWriteStream(log, { flags: 'a' });
  child.stderr!.pipe(sink, { end: false });
  createInterface({ input: child.stdout! }).on('line', line => {
    sink.write(`${line}\n`);
    onLine?.(line);
  });
  // A process has ended when its last line has been read and is in the log, unless
  // somebody else holds its output open.
  child.ended = new Promise(resolve => {
    child.once('error', (error: Error) => resolve({ error }));
    child.once('close', (code, signal) => sink.end(() => resolve({ code, signal })));
    child.once('exit', (code, signal) => setTimeout(() => resolve({ code, signal }), 2000).unref());
  });
  running.add(child);
  child.ended.then(() => running.delete(child));
  return child;
}

// stop asks a process to end and insists after a grace period.
export async function stop(child: Child | undefined, { signal = 'SIGTERM' as NodeJS.Signals, grace = 5000 } = {}) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), grace);
  await child.ended;
  clearTimeout(timer);
}

// The last resort when a worker is ended: no child outlives it. What outlives a
// worker that was killed is the global teardown's.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
