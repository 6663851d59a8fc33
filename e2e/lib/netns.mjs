// A network namespace with nothing but its own loopback: server and browser run
// inside it, so cutting their network touches nobody else on the machine.
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const made = new Set();
let count = 0;

export class Namespace {
  static async create() {
    const ns = new Namespace(`redial-e2e-${process.pid}-${++count}`);
    try {
      await exec('ip', ['netns', 'add', ns.name]);
    } catch (e) {
      throw new Error(`network namespaces are needed to cut a network and are not permitted here: ${e.stderr || e.message}`);
    }
    made.add(ns.name);
    await exec('ip', ['-n', ns.name, 'link', 'set', 'lo', 'up']);
    await ns.nft('add table inet cut', 'add chain inet cut out { type filter hook output priority 0; policy accept; }');
    return ns;
  }

  constructor(name) {
    this.name = name;
  }

  async nft(...commands) {
    await exec('ip', ['netns', 'exec', this.name, 'nft', commands.join('; ')]);
  }

  // cutUDP drops every datagram without a word, as a strict firewall does.
  cutUDP() {
    return this.nft('add rule inet cut out meta l4proto udp drop');
  }

  // cutMedia closes every media path but leaves the given TCP ports, so that
  // signalling and pages still work. UDP vanishes; TCP vanishes too, or with
  // refuse is answered with a reset, as firewalls differ.
  cutMedia(ports, { refuse = false } = {}) {
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
  resetTCP(port) {
    const rule = side => `add rule inet cut out tcp flags & rst == 0 tcp ${side} ${port} reject with tcp reset`;
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

process.on('exit', () => {
  for (const name of made) {
    try {
      execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
    } catch {
      // Already gone; nothing is left to undo.
    }
  }
});
