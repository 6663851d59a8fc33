// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Stands for a Firefox that runs in a network namespace: what steers it connects
// to a port here, and each connection is carried into the namespace.
//
//   node firefox.mjs NAMESPACE FIREFOX ARGUMENT...
import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';

const [netns, executable, ...args] = process.argv.slice(2);
const inside = (command: string, ...rest: string[]) => ['netns', 'exec', netns, command, ...rest];

// carry is a program that joins its own input and output to a port.
const carry = `
  const far = require("node:net").connect(+process.argv[1], "127.0.0.1");
  process.stdin.pipe(far);
  far.pipe(process.stdout);
  for (const end of ["close", "error"]) far.on(end, () => process.exit());
`;

const server = createServer(near => {
  const far = spawn('ip', inside(process.execPath, '-e', carry, String(port())), { stdio: ['pipe', 'pipe', 'inherit'] });
  near.pipe(far.stdin);
  far.stdout.pipe(near);
  for (const end of ['close', 'error']) near.on(end, () => far.kill());
  far.stdin.on('error', () => near.destroy());
  far.on('exit', () => near.destroy());
});
const port = () => (server.address() as AddressInfo).port;

// Firefox answers only to its own address, so it listens on the same port there.
server.listen(0, '127.0.0.1', () => {
  const its = args.map(word => word === '--remote-debugging-port=0' ? `--remote-debugging-port=${port()}` : word);
  const browser = spawn('ip', inside(executable, ...its), { stdio: ['ignore', 'inherit', 'inherit'] });
  browser.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => browser.kill(signal));
});
