// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A network namespace with nothing but its own loopback: server and browser run
// inside it, so cutting their network touches nobody else on the machine.
import { execFile, execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { namespaces } from './setup.ts';

const exec = promisify(execFile);
const made = new Set<string>();
let count = 0;

export class Namespace {
  readonly name: string;

  static async create(): Promise<Namespace> {
    const ns = new Namespace(`${namespaces()}${process.pid}-${++count}`);
    try {
      await exec('ip', ['netns', 'add', ns.name]);
    } catch (e) {
      throw new Error(`network namespaces are needed to cut a network and are not permitted here: ${(e as { stderr?: string }).stderr || (e as Error).message}`);
    }
    made.add(ns.name);
    await exec('ip', ['-n', ns.name, 'link', 'set', 'lo', 'up']);
    await ns.nft('add table inet cut', 'add chain inet cut out { type filter hook output priority 0; policy accept; }');
    return ns;
  }

  constructor(name: string) {
    this.name = name;
  }

  async ip(...args: string[]) {
    await exec('ip', ['-n', this.name, ...args]);
  }

  async nft(...commands: string[]) {
    await exec('ip', ['netns', 'exec', this.name, 'nft', commands.join('; ')]);
  }

  // cutUDP drops every datagram without a word, as a strict firewall does.
  cutUDP() {
    return this.nft('add rule inet cut out meta l4proto udp drop');
  }

  // cutMedia closes every media path but leaves the given TCP ports, so that
  // signalling and pages still work. UDP vanishes; TCP vanishes too, or with
  // refuse is answered with a reset, as firewalls differ.
  cutMedia(ports: number[], { refuse = false } = {}) {
    const open = `{ ${ports.join(', ')} }`;
    const end = refuse ? 'tcp flags & rst == 0 reject with tcp reset' : 'drop';
    return this.nft(
      'add rule inet cut out meta l4proto udp drop',
      `add rule inet cut out tcp dport != ${open} tcp sport != ${open} ${end}`,
    );
  }

  // resetTCP answers every packet to or from a server's port with a reset:
  // connections die at once on both sides and new ones are refused until heal.
  // The resets themselves must pass.
  resetTCP(port: number) {
    const rule = (side: 'dport' | 'sport') => `add rule inet cut out tcp flags & rst == 0 tcp ${side} ${port} reject with tcp reset`;
    return this.nft(rule('dport'), rule('sport'));
  }

  heal() {
    return this.nft('flush chain inet cut out');
  }

  async remove() {
    if (!made.delete(this.name)) return;
    await exec('ip', ['netns', 'del', this.name]);
  }
}

// A Line joins a client's namespace to a server's: a cable with an address at
// each end. Packets are dropped where they arrive, so that nobody is told.
export class Line {
  readonly server: Namespace;
  readonly far: string; // its end in the server's namespace
  readonly client: Namespace;
  readonly name: string; // of the client's namespace
  readonly etc: string;
  here = ''; // the client's address
  there = ''; // the other end's

  constructor(server: Namespace, far: string, client: Namespace) {
    this.server = server;
    this.far = far;
    this.client = client;
    this.name = client.name;
    this.etc = `/etc/netns/${client.name}`;
  }

  // lay makes line number n to the server at an address in its namespace.
  static async lay(server: Namespace, address: string, n: number): Promise<Line> {
    const line = new Line(server, `line${n}`, await Namespace.create());
    const [here, there] = [`10.77.${n}.2`, `10.77.${n}.1`];
    [line.here, line.there] = [here, there];
    await line.client.ip('link', 'add', 'net0', 'type', 'veth', 'peer', 'name', line.far, 'netns', server.name);
    await line.client.ip('addr', 'add', `${here}/24`, 'dev', 'net0');
    await line.client.ip('link', 'set', 'net0', 'up');
    await server.ip('addr', 'add', `${there}/24`, 'dev', line.far);
    await server.ip('link', 'set', line.far, 'up');
    await line.client.ip('route', 'add', 'default', 'via', there);
    const chain = '{ type filter hook prerouting priority -300; policy accept; }';
    await line.client.nft('add table inet line', `add chain inet line arriving ${chain}`);
    await server.nft(`add table inet ${line.far}`, `add chain inet ${line.far} arriving ${chain}`);
    // "ip netns exec" shows this file to what runs inside as /etc/resolv.conf.
    await mkdir(line.etc, { recursive: true });
    await writeFile(`${line.etc}/resolv.conf`, `nameserver ${address}\noptions timeout:1 attempts:2\n`);
    laid.add(line.etc);
    return line;
  }

  // lose drops what matches an nftables expression, in the given directions as
  // the client sees them; '' is everything.
  async lose(match: string, { up = true, down = true } = {}) {
    if (up) await this.server.nft(`add rule inet ${this.far} arriving iifname ${this.far} ${match} counter drop`);
    if (down) await this.client.nft(`add rule inet line arriving iifname net0 ${match} counter drop`);
  }

  // reset answers every packet of TCP to or from a port with a reset, so that
  // both sides know at once.
  async reset(port: number) {
    const rule = (side: 'dport' | 'sport') => `tcp flags & rst == 0 tcp ${side} ${port} counter reject with tcp reset`;
    await this.server.nft(`add rule inet ${this.far} arriving iifname ${this.far} ${rule('dport')}`);
    await this.client.nft(`add rule inet line arriving iifname net0 ${rule('sport')}`);
  }

  // firewall lets nobody in whom the client did not speak to first, as a router
  // at home does. It stays until the line is removed.
  async firewall() {
    await this.client.nft(
      'add chain inet line door { type filter hook input priority 0; policy accept; }',
      'add rule inet line door iifname net0 ct state new counter drop',
    );
  }

  // forget loses every TCP connection to a port that is open now, and no later
  // one: what becomes of a mapping that a router has forgotten.
  async forget(port: number) {
    const { stdout } = await exec('ip', ['netns', 'exec', this.name, 'ss', '-Htn', 'dport', '=', `:${port}`]);
    const open = [...stdout.matchAll(/\s\S+:(\d+)\s+\S+:\d+\s*$/gm)].map(m => m[1]);
    if (open.length === 0) throw new Error(`no connection to port ${port} in ${this.name}: ${stdout}`);
    await this.lose(`tcp sport { ${open.join(', ')} }`, { down: false });
    await this.lose(`tcp dport { ${open.join(', ')} }`, { up: false });
  }

  // pids are the processes that use the line.
  async pids(): Promise<number[]> {
    const { stdout } = await exec('ip', ['netns', 'pids', this.name]);
    return stdout.trim().split('\n').map(Number);
  }

  // command is the name of a process.
  async command(pid: number): Promise<string> { return readFile(`/proc/${pid}/comm`, 'utf8').catch(() => ''); }

  // move gives the client another address in place of its own, which is gone then.
  async move() {
    const [before, after] = [`${this.here}/24`, this.here.replace(/\d+$/, '77')];
    await this.client.ip('addr', 'add', `${after}/24`, 'dev', 'net0');
    await this.client.ip('addr', 'del', before, 'dev', 'net0');
    // The second address of a network goes with the first unless it is promoted.
    await this.client.ip('addr', 'replace', `${after}/24`, 'dev', 'net0');
    await this.client.ip('route', 'replace', 'default', 'via', this.there);
    this.here = after;
  }

  async heal() {
    await this.server.nft(`flush chain inet ${this.far} arriving`);
    await this.client.nft('flush chain inet line arriving');
  }

  // dropped is how many packets have been lost each way since the last heal.
  async dropped() {
    const count = async (ns: string, table: string): Promise<number> => {
      const { stdout } = await exec('ip', ['netns', 'exec', ns, 'nft', '-j', 'list', 'table', 'inet', table]);
      return JSON.parse(stdout).nftables.flatMap((x: any) => x.rule?.expr ?? []).reduce((n: number, e: any) => n + (e.counter?.packets ?? 0), 0);
    };
    return { up: await count(this.server.name, this.far), down: await count(this.name, 'line') };
  }

  async remove() {
    if (!laid.delete(this.etc)) return;
    await this.server.nft(`delete table inet ${this.far}`).catch(() => {}); // it may be gone already
    await this.client.remove();
    await rm(this.etc, { recursive: true, force: true });
  }
}

const laid = new Set<string>();

process.on('exit', () => {
  for (const etc of laid) rmSync(etc, { recursive: true, force: true });
  for (const name of made) {
    try {
      execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
    } catch {
      // Already gone; nothing is left to undo.
    }
  }
});
