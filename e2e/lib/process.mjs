// Starts and ends child processes, each with its output in a file of its own.
// Only processes started here are ever signalled, by their own handle.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

const running = new Set();

// start runs a command, optionally inside a network namespace, and returns its
// handle. onLine sees every line of standard output.
export function start(command, args, { netns, log, onLine, ipc = false, env, cwd } = {}) {
  const [file, argv] = netns ? ['ip', ['netns', 'exec', netns, command, ...args]] : [command, args];
  const child = spawn(file, argv, {
    stdio: ipc ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    cwd,
  });
  const sink = createWriteStream(log, { flags: 'a' });
  child.stderr.pipe(sink, { end: false });
  createInterface({ input: child.stdout }).on('line', line => {
    sink.write(`${line}\n`);
    onLine?.(line);
  });
  // A process has ended when its last line has been read, unless somebody else
  // holds its output open.
  child.ended = new Promise(resolve => {
    child.once('error', error => resolve({ error }));
    child.once('close', (code, signal) => resolve({ code, signal }));
    child.once('exit', (code, signal) => setTimeout(() => resolve({ code, signal }), 2000).unref());
  });
  child.once('close', () => sink.end());
  running.add(child);
  child.ended.then(() => running.delete(child));
  return child;
}

// stop asks a process to end and insists after a grace period.
export async function stop(child, { signal = 'SIGTERM', grace = 5000 } = {}) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), grace);
  await child.ended;
  clearTimeout(timer);
}

// The last resort when the runner itself is ended: no child outlives it.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
