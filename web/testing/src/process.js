// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The server as a child process. It holds the other end of the child's standard
// input, so the child ends when this process does, however that happens; and
// nothing of it keeps this process alive.
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const tailSize = 16 << 10; // of the log: enough for the story of one failure

const runnable = path => {
  if (!statSync(path).isFile()) throw new Error('it is not a file');
  accessSync(path, constants.X_OK);
};

// findBinary returns the path of the program to run.
export function findBinary(named) {
  const [path, who] = named ? [named, 'binary'] : [process.env.REDIAL_BINARY, 'REDIAL_BINARY'];
  const file = process.platform === 'win32' ? 'redial.exe' : 'redial';
  if (path) {
    try {
      runnable(path);
    } catch (e) {
      throw new Error(`${who} names ${JSON.stringify(path)}, which cannot be run: ${e.code === 'ENOENT' ? 'there is no such file' : e.message}`);
    }
    return resolve(path);
  }
  for (const dir of (process.env.PATH ?? '').split(delimiter)) {
    try {
      runnable(join(dir, file));
      return resolve(dir, file);
    } catch {
      // Not there.
    }
  }
  throw new Error(`there is no program redial to run. Do one of these:
  - build it into PATH, in a clone of Redial's repository: go build -o "$HOME/bin/redial" ./cmd/redial
  - set REDIAL_BINARY to its path
  - give its path: startRedial({ binary: '...' })`);
}

export class Process {
  #options; #child; #ended; #wanted = false; #owned; #log = '';

  constructor(options) {
    this.#options = { address: '127.0.0.1:0', args: [], command: [], timeout: 20_000, ...options };
    this.binary = findBinary(options.binary);
    if (!options.dataDir) this.#options.dataDir = this.#owned = mkdtempSync(join(tmpdir(), 'redial-testing-'));
  }

  get log() { return this.#log.trimEnd(); }

  // start runs the program and returns what it says when it answers.
  async start() {
    const { command, args, address, dataDir, timeout, env } = this.#options;
    const line = [...command, this.binary, 'dev', '-json', '-until-eof', '-http', address, '-data', dataDir, ...args];
    const child = spawn(line[0], line.slice(1), { stdio: 'pipe', env: { ...process.env, ...env } });
    this.#child = child;
    this.#wanted = false;
    child.stdin.on('error', () => {}); // it has ended, which is noticed below
    let ready;
    const said = new Promise(resolve => { ready = resolve; });
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', text => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const one of lines) {
        const answer = parse(one);
        if (answer?.http) ready(answer);
        else this.#keep(`${one}\n`); // not ours: another program perhaps
      }
    });
    child.stderr.setEncoding('utf8').on('data', text => this.#keep(text));
    this.#ended = new Promise(resolve => {
      child.once('error', error => resolve({ how: error.message, failed: true }));
      child.once('close', (code, signal) => resolve({ how: signal ? `signal ${signal}` : `exit code ${code}`, failed: code !== 0 }));
      // Somebody else may hold the pipes open; what was said by then is enough.
      child.once('exit', (code, signal) => setTimeout(() => resolve({ how: signal ? `signal ${signal}` : `exit code ${code}`, failed: code !== 0 }), 300));
    });
    let timer;
    const late = new Promise(resolve => { timer = setTimeout(resolve, timeout); });
    const outcome = await Promise.race([
      said.then(ready => ({ ready })), this.#ended.then(end => ({ end })), late.then(() => ({})),
    ]);
    clearTimeout(timer);
    if (outcome.ready) {
      this.#options.address = new URL(outcome.ready.http).host; // a restart comes back there
      for (const one of [child, child.stdin, child.stdout, child.stderr]) one.unref();
      return outcome.ready;
    }
    if (outcome.end) throw new Error(`"${line.join(' ')}" ended before it was ready: ${this.#story(outcome.end)}`);
    await this.kill();
    throw new Error(`"${line.join(' ')}" was not ready after ${timeout} ms; it said last:\n${this.log}`);
  }

  #keep(text) {
    this.#options.onLog?.(text);
    this.#log += text;
    if (this.#log.length > tailSize) this.#log = this.#log.slice(-tailSize).replace(/^.*\n/, '');
  }

  #story(end) { return `${end.how}; it said ${this.#log ? `last:\n${this.log}` : 'nothing'}`; }

  // death tells how the child has ended by itself, or is just ending; undefined
  // when it runs or was told to end.
  async death() {
    if (!this.#child || this.#wanted) return undefined;
    const end = await Promise.race([this.#ended, new Promise(resolve => setTimeout(resolve, 500))]);
    return end && this.#story(end);
  }

  // stop ends the child gracefully, and fails when it had ended by itself.
  async stop() {
    if (!this.#child || this.#wanted) return;
    this.#wanted = true;
    const early = this.#child.exitCode !== null || this.#child.signalCode !== null;
    this.#child.stdin.end();
    let timer;
    const late = new Promise(resolve => { timer = setTimeout(resolve, this.#options.timeout); });
    const end = await Promise.race([this.#ended, late]);
    clearTimeout(timer);
    if (!end) {
      await this.kill();
      throw new Error(`the server had not stopped after ${this.#options.timeout} ms and was killed; it said last:\n${this.log}`);
    }
    if (early || end.failed) throw new Error(`the server ended by itself: ${this.#story(end)}`);
  }

  // kill ends the child at once, as a crash would.
  async kill() {
    if (!this.#child) return;
    this.#wanted = true;
    this.#child.ref();
    this.#child.kill('SIGKILL');
    this.#child.stdin.destroy(); // of one behind a command that a signal does not reach
    await this.#ended;
  }

  // remove ends what runs and takes away what it kept.
  async remove() {
    try {
      await this.stop();
    } finally {
      if (this.#owned) rmSync(this.#owned, { recursive: true, force: true });
    }
  }
}

function parse(line) {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
