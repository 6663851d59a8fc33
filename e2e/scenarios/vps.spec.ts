// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// docs/vps.md, copied by somebody who has a fresh Debian machine, the package and a
// name: every block of commands on that page, in order, and then the call.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { assert, poll } from '../lib/check.ts';
import { Internet, type Machine } from '../lib/internet.ts';
import type { Line } from '../lib/netns.ts';
import type { Run } from '../lib/run.ts';
import { scenario, test } from '../lib/scenario.ts';
import { root } from '../lib/setup.ts';
import { enter, plays, visit, waitFor } from '../lib/visitor.ts';

const name = 'video.example.org'; // on the page
const page = readFileSync(`${root}/docs/vps.md`, 'utf8');

// blocks are the page's commands, by the heading above them.
function blocks(): Map<string, string> {
  const found = new Map<string, string>();
  for (const section of page.split(/^## /m).slice(1)) {
    const commands = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(m => m[1]).join('');
    if (commands) found.set(section.split('\n')[0], commands);
  }
  return found;
}

// commandsOf counts what is typed: here-documents belong to their command.
function commandsOf(block: string): number {
  const bare = block.replace(/<<'?(\w+)'?(.*?)\n.*?^\1$/gms, '$2');
  return bare.split('\n').filter(line => line.trim() && !line.trim().startsWith('#')).length;
}

// build packs the program as the release does.
function build(t: Run): string {
  const file = /redial_[\d.]+_amd64\.deb/.exec(page)![0];
  const version = `v${file.split('_')[1]}`;
  const out = `build/vps-${process.pid}`;
  t.cleanup(() => rmSync(`${root}/${out}`, { recursive: true, force: true }));
  const arch = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
  execFileSync('go', ['-C', 'release', 'run', '.', '-version', version, '-only', 'deb', '-targets', `linux/${arch}`, '-dirty', '-out', out,
    '-program', t.setup.bin, ...(process.env.REDIAL_E2E_LONG ? [] : ['-quick'])], { cwd: root, stdio: 'pipe' });
  return `${root}/${out}/${file.replace('amd64', arch)}`;
}

// onlyWeb is the firewall of a company: names, and 443/tcp.
async function onlyWeb(line: Line) {
  await line.lose('udp dport != 53', { down: false });
  await line.lose('udp sport != 53', { up: false });
  await line.lose('tcp dport != 443', { down: false });
  await line.lose('tcp sport != 443', { up: false });
}

test.describe('vps', () => {
  scenario('vps-ten-minutes', { ms: 120_000 }, async t => {
    const opened = (text: string) => text.match(/(tcp|udp) dport \{.*?\}/g);
    assert.deepEqual(opened(page), opened(readFileSync(`${root}/docs/firewall.md`, 'utf8')), 'both pages open the same ports');
    const deb = build(t);
    mkdirSync(t.dir, { recursive: true });
    const net = await Internet.open(`${t.dir}/internet`, name);
    t.cleanup(() => net.close());
    const machine = await net.machine({ [basename(deb).replace(/_\w+\.deb/, '_amd64.deb')]: deb });

    const took: [string, number][] = [];
    let said = '';
    const todo = blocks();
    const copy = async (title: string) => {
      const block = todo.get(title) ?? assert.fail(`docs/vps.md has no section "${title}" with commands`);
      todo.delete(title);
      const began = Date.now();
      said = await machine.run(block, { ms: 120_000 });
      took.push([title, Date.now() - began]);
      return said;
    };
    let commands = 0;
    for (const block of todo.values()) commands += commandsOf(block);
    const began = Date.now();

    await copy('1. Install');
    await copy('2. Settings');
    await copy('3. Firewall');
    assert.match(await copy('4. Start'), /certificate +ok/);
    const links = await copy('5. A room');
    const code = (role: string) => new RegExp(`^${role} +https://${name}/#code=(\\S+)$`, 'm').exec(links)?.[1] ?? assert.fail(`no link for ${role} in:\n${links}`);

    // Ann is at home, Bob is behind a firewall that lets nothing but the web out.
    const [ann, bob] = [await net.client(`https://${name}`), await net.client(`https://${name}`)];
    await onlyWeb(bob.line);
    believed(ann.line, net);
    closed(ann.line);
    const host = await enter(t, 'Ann', { code: code('host') }, { place: ann });
    const guest = await enter(t, 'Bob', { code: code('guest') }, { place: bob });
    await plays(host, 'Bob');
    await plays(guest, 'Ann');
    const minutes = Date.now() - began;
    assert.deepEqual([...host.errors, ...guest.errors], []);
    assert.ok((await bob.line.dropped()).up > 0, 'his firewall has stopped what he tried');

    // The link that has expired already, and why it did not work.
    const late = /^ey\S+$/m.exec(await copy('6. A call that fails'))?.[0] ?? assert.fail(`no token in:\n${said}`);
    const eve = await visit(t, 'Eve', { token: late, name: 'Eve' }, { place: ann });
    await waitFor(eve.page.getByText(/expired/i).first(), 20_000);
    const why = todo.get('7. Why it failed') ?? '';
    await poll('the record to have it', async () => /had run out/.test(said = await machine.run(why)), { step: 500, detail: () => said });
    assert.match(await copy('7. Why it failed'), /Eve \(guest\) could not connect/);
    assert.deepEqual([...todo.keys()], [], 'every command of the page was run');

    await hardened(machine);
    await kept(machine);
    if (process.env.REDIAL_E2E_SHOW) {
      for (const [title, ms] of took) console.log(`${title.padEnd(24)} ${(ms / 1000).toFixed(1)} s`);
    }
    console.log(`docs/vps.md: from a bare machine to both videos in ${(minutes / 1000).toFixed(1)} s, ${commands} commands`);
  });
});

// believed looks at the certificate as browsers do, which those of the tests do not.
function believed(line: Line, net: Internet) {
  execFileSync('ip', ['netns', 'exec', line.name, process.execPath, '-e', `fetch('https://${name}/readyz').then(r => process.exit(r.ok ? 0 : 1))`],
    { env: { ...process.env, NODE_EXTRA_CA_CERTS: net.authority } });
}

// closed knocks at a port that the page's firewall does not open: no answer at all.
function closed(line: Line) {
  const knock = (port: number) => {
    try {
      execFileSync('ip', ['netns', 'exec', line.name, 'timeout', '2', 'bash', '-c', `</dev/tcp/${name}/${port}`], { stdio: 'pipe' });
      return 0;
    } catch (e) {
      return (e as { status: number }).status;
    }
  };
  assert.equal(knock(8081), 124, 'the firewall drops what it does not know');
}

// hardened looks at the process as systemd has started it.
async function hardened(machine: Machine) {
  const status = await machine.run('cat /proc/$(systemctl show -p MainPID --value redial)/status');
  const of = (field: string) => new RegExp(`^${field}:\\s+(.*)$`, 'm').exec(status)?.[1];
  assert.notEqual(of('Uid')?.split('\t')[0], '0', 'it is not root');
  assert.equal(of('NoNewPrivs'), '1');
  assert.equal(of('Seccomp'), '2', 'calls of the system are filtered');
  assert.equal(parseInt(of('CapBnd')!, 16), 1 << 10, 'CAP_NET_BIND_SERVICE and no more');
  assert.equal(await machine.run('systemctl show -p NRestarts --value redial').then(s => s.trim()), '0');
}

// kept does what comes later: the steps of docs/upgrade.md, an upgrade onto settings
// that are wrong, and the end of the package, which leaves the record.
async function kept(machine: Machine) {
  const steps = readFileSync(`${root}/docs/upgrade.md`, 'utf8').match(/^\d\. .*$/gm)!.join('\n');
  const step = (verb: string) => new RegExp(`\`(?:\\./)?(redial ${verb}[^\`]*)\``).exec(steps)?.[1] ?? assert.fail(`docs/upgrade.md has no step "redial ${verb}"`);
  assert.match(await machine.run(step('upgrade-check')), /would start as it is/);
  await machine.run(step('backup'));
  await machine.run(`${step('health')} && redial check /var/backups/redial-before`);
  assert.match(await machine.run("echo 'nothing: {like: this}' >>/etc/redial/redial.yaml; sh /var/lib/dpkg/info/redial.postinst configure 0.1.0"), /does not run yet/);
  assert.match(await machine.run('dpkg --purge redial; test ! -e /etc/redial/keys; pgrep -x redial || ls /var/lib/redial'), /^registry\.db$/m);
}
