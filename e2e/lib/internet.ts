// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// An Internet joins machines and clients, each in a network of its own, by a router
// that has a name server and the authority of certificates that everybody uses:
// e2e/authority.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { launch } from './browser.ts';
import { groups, populated, removeGroup } from './cgroup.ts';
import { poll } from './check.ts';
import { Line, Namespace } from './netns.ts';
import { start, stop } from './process.ts';
import { root } from './setup.ts';
import { Site } from './site.ts';
import type { Place } from './world.ts';

const address = '10.77.0.1'; // of the name server and the authority

export class Internet {
  readonly dir: string;
  readonly authority: string; // the file with what vouches for certificates that it issues
  #router!: Namespace; #lines: Line[] = []; #closers: (() => unknown)[] = [];

  constructor(dir: string) {
    this.dir = dir;
    this.authority = `${dir}/issued.pem`;
  }

  // open makes an internet in which a name is the first machine.
  static async open(dir: string, name: string): Promise<Internet> {
    mkdirSync(dir, { recursive: true });
    const net = new Internet(dir);
    try {
      await net.#open(name);
      return net;
    } catch (e) {
      await net.close();
      throw e;
    }
  }

  async #open(name: string) {
    const bin = `${this.dir}/authority`;
    execFileSync('go', ['build', '-o', bin, './e2e/authority'], { cwd: root, stdio: 'inherit' });
    this.#router = await Namespace.create();
    this.#closers.push(() => this.#router.remove());
    await this.#router.ip('addr', 'add', `${address}/32`, 'dev', 'lo');
    execFileSync('ip', ['netns', 'exec', this.#router.name, 'sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward']);
    const first = await this.line();
    let ready = () => {};
    const answers = new Promise<void>(resolve => { ready = resolve; });
    const authority = start(bin, [address, this.dir, `${name}=${first.here}`], {
      netns: this.#router.name, log: `${this.dir}/authority.log`, env: { PEBBLE_VA_NOSLEEP: '1' }, onLine: () => ready(),
    });
    this.#closers.push(() => stop(authority));
    await Promise.race([answers, authority.ended.then(() => { throw new Error(`the authority ended early; see ${this.dir}/authority.log`); })]);
  }

  // line is a network with a cable to the router.
  async line(): Promise<Line> {
    const line = await Line.lay(this.#router, address, this.#lines.length + 1);
    this.#lines.push(line);
    this.#closers.push(() => line.remove());
    return line;
  }

  // machine is a fresh Debian at the first line, with files in /root.
  async machine(files: Record<string, string>): Promise<Machine> {
    const machine = await Machine.boot(this.#lines[0], this.dir, files);
    this.#closers.push(() => machine.close());
    return machine;
  }

  // client is a browser with a network of its own.
  async client(url: string): Promise<Place & { line: Line }> {
    const line = await this.line();
    const dir = `${this.dir}/${line.name}`;
    mkdirSync(dir, { recursive: true });
    const site = await Site.start({ netns: line.name, log: `${dir}/site.log` });
    this.#closers.push(() => site.close());
    await site.target(url);
    const browser = await launch({ netns: line.name, dir, site });
    this.#closers.push(() => browser.close().catch(() => {}));
    return { line, site, server: { url, init: url, port: 443, managementToken: '', info: { rooms: [] } }, browserOf: () => browser };
  }

  async close() {
    for (const fn of this.#closers.splice(0).reverse()) await fn();
  }
}

// Machine is a Debian that e2e/vps/boot.sh has booted, and root's shell there, in
// which variables live on from one piece of text to the next.
export class Machine {
  readonly name: string;
  #pid = 0; #shell!: ChildProcess; #said = ''; #closers: (() => unknown)[] = [];

  constructor(name: string) {
    this.name = name;
  }

  static async boot(line: Line, dir: string, files: Record<string, string>): Promise<Machine> {
    mkdirSync(`${dir}/root`);
    for (const [name, from] of Object.entries(files)) cpSync(from, `${dir}/root/${name}`);
    writeFileSync(`${dir}/resolv.conf`, `nameserver ${address}\n`);
    writeFileSync(`${dir}/web.pem`, readFileSync(`${dir}/web.pem`, 'utf8') + readFileSync(`${dir}/issued.pem`, 'utf8'));
    const machine = new Machine(line.name);
    try {
      await machine.#boot(dir);
      return machine;
    } catch (e) {
      await machine.close();
      throw e;
    }
  }

  async #boot(dir: string) {
    const groupsDir = groups();
    if (!groupsDir) throw new Error('a machine needs control groups (cgroup2), and none are mounted');
    const group = `${groupsDir}/${this.name}`;
    mkdirSync(group);
    this.#closers.push(async () => {
      await poll(`${group} to be empty`, () => !populated(group));
      removeGroup(group);
    });
    const run = `echo $$ >${group}/cgroup.procs && exec ip netns exec ${this.name} unshare --pid --mount --uts --ipc --cgroup --fork --kill-child ${root}/e2e/vps/boot.sh ${dir}`;
    const log = `${dir}/boot.log`;
    const child = start('sh', ['-c', run], { log });
    this.#closers.push(() => stop(child, { signal: 'SIGKILL' })); // which ends all that runs there
    let ended = false;
    void child.ended.then(() => { ended = true; });
    this.#pid = await poll('the machine to boot', () => {
      if (ended) throw new Error(`it did not boot: ${readFileSync(log, 'utf8')}`);
      const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim());
      if (!pid || readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'systemd') return 0;
      execFileSync('nsenter', ['-t', String(pid), '-a', 'systemctl', 'is-system-running', '--wait'], { stdio: 'pipe' });
      return pid;
    }, { ms: 60_000 });
    this.#shell = spawn('nsenter', ['-t', String(this.#pid), '-a', 'env', '-i', 'HOME=/root', 'TERM=dumb', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'bash', '--norc'], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#closers.push(() => stop(Object.assign(this.#shell, { ended: new Promise<{}>(resolve => this.#shell.once('close', () => resolve({}))) })));
    for (const out of [this.#shell.stdout!, this.#shell.stderr!]) out.setEncoding('utf8').on('data', text => { this.#said += text; });
    await this.run('cd /root; exec 2>&1');
  }

  // run types text into the shell and returns what is printed. It fails when one
  // of the commands does.
  async run(text: string, { ms = 60_000 } = {}): Promise<string> {
    const mark = `--${Math.random().toString(36).slice(2)}--`;
    this.#said = '';
    this.#shell.stdin!.write(`wrong=; trap 'wrong="$wrong $BASH_COMMAND;"' ERR\n${text}\ntrap - ERR; printf '\\n%s%s\\n' "${mark}" "$wrong"\n`);
    await poll(`the machine to do: ${text}`, () => this.#said.includes(`${mark}`) && this.#said.endsWith('\n'), { ms, detail: () => this.#said.slice(-2000) });
    const [said, wrong] = this.#said.split(`\n${mark}`);
    if (wrong.trim()) throw new Error(`on the machine failed${wrong.trimEnd()} which said:\n${said}`);
    return said;
  }

  async close() {
    for (const fn of this.#closers.splice(0).reverse()) await fn();
  }
}
