// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Calls in which nothing fails: healthy ones, and trouble that a call outlives.
// No failure may be recorded, so that there is nothing to give a cause for.
import { sleep } from '../lib/check.ts';
import type { GoClient } from '../lib/goclient.ts';
import { assert, replay, udp, type About, type Stage } from '../lib/replay.ts';
import type { Tab } from '../lib/tab.ts';

interface Call { s: Stage; alice: GoClient; others: GoClient[] }

// control has her in a call with a Go client; before it trouble may begin.
function control(name: string, how: string, trouble: (c: Call) => unknown = () => sleep(3000), { before, ...about }: Partial<About> & { before?: (s: Stage) => unknown } = {}) {
  replay(`control-${name}`, { how, ...about }, async s => {
    const others = await s.others();
    await before?.(s);
    const alice = await s.go('alice', s.hers);
    await s.receive(alice, ...others);
    await trouble({ s, alice, others });
    await nothing(s);
  });
}

function inBrowser(name: string, how: string, trouble: (s: Stage, alice: Tab, others: GoClient[]) => unknown, { before, ...about }: Partial<About> & { before?: (s: Stage) => unknown } = {}) {
  replay(`control-${name}`, { how, browser: true, ...about }, async s => {
    const others = await s.others(1);
    await before?.(s);
    const alice = await s.t.join(s.room, 'alice', 'host', { world: s.hers });
    for (const other of others) await other.heard('receives', l => l.peer === alice.id, { ms: 60_000 });
    await trouble(s, alice, others);
    await nothing(s);
  });
}

// nothing waits for what might still be told, and holds that it is nothing.
async function nothing(s: Stage) {
  await sleep(10_000);
  assert.deepEqual((await s.all()).map(e => [e.type, e.redial]), [], 'no failure is recorded');
}

control('healthy', 'three Go clients in a call');
control('leaves', 'she leaves the call', ({ alice }) => alice.leave());
control('comes-again', 'she leaves and comes again as the same user', async ({ s, alice, others }) => {
  await alice.leave();
  const again = await s.go('alice', s.hers);
  await s.receive(again, ...others);
});
for (const percent of [5, 10, 20]) {
  control(`loss-${percent}`, `${percent} % of her datagrams are lost both ways`, async ({ s }) => {
    await s.line.lose(`${udp} numgen random mod 100 < ${percent}`);
    await sleep(25_000);
  }, { heldOut: percent === 10 });
}
control('udp-blocked', 'UDP of hers is blocked from the start and TCP carries the call', undefined, { before: s => s.line.lose(udp) });
control('udp-blocked-up', 'UDP of hers is blocked on the way to the server and TCP carries the call', undefined, { before: s => s.line.lose(udp, { down: false }), heldOut: true });
const stopped = async (s: Stage, seconds: number) => {
  s.x.process.kill('SIGSTOP');
  await sleep(seconds * 1000);
  s.x.process.kill('SIGCONT');
};
control('server-stopped-3s', "the server's process is stopped for 3 s", ({ s }) => stopped(s, 3), { heldOut: true });
// A Go client tells of an interruption after 5 s already, and the cause is the server's.
replay('control-chromium-server-stopped-5s', { how: "the server's process is stopped for 5 s in a call of two people in Chromium", browser: true }, async s => {
  const bob = await s.t.join(s.room, 'bob', 'host', { world: s.hers });
  const alice = await s.t.join(s.room, 'alice', 'host', { world: s.hers });
  await alice.sees(bob, { ms: 30_000 });
  await stopped(s, 5);
  await alice.sees(bob, { ms: 30_000 });
  await nothing(s);
});
control('client-stopped-3s', 'the process of her client is stopped for 3 s', async ({ alice }) => {
  alice.child.kill('SIGSTOP');
  await sleep(3000);
  alice.child.kill('SIGCONT');
});
control('line-dead-2s', 'nothing passes on her line for 2 s', async ({ s }) => {
  await s.line.lose('');
  await sleep(2000);
  await s.line.heal();
});
control('narrow', 'her line carries 60 kB a second each way and drops the rest', () => sleep(15_000), { before: s => s.line.lose('limit rate over 60 kbytes/second'), heldOut: true });
control('gaps', 'UDP of hers is lost for half a second, four times', async ({ s }) => {
  for (let i = 0; i < 4; i++) {
    await s.line.lose(udp);
    await sleep(500);
    await s.line.heal();
    await sleep(2500);
  }
}, { heldOut: true });
control('somebody-leaves', 'another person leaves the call', ({ others }) => others[0].leave());
control('somebody-comes', 'another person comes late', async ({ s, alice }) => {
  const late = await s.go('late', s.x.steady);
  await s.receive(late, alice);
}, { heldOut: true });
control('firewalled', 'her router lets nobody in', undefined, { before: s => s.line.firewall() });
inBrowser('chromium', 'a healthy call of a Chromium', () => sleep(5000));
inBrowser('chromium-loss-10', '10 % of the datagrams of her Chromium are lost both ways', async s => {
  await s.line.lose(`${udp} numgen random mod 100 < 10`);
  await sleep(20_000);
});
inBrowser('chromium-muted', 'she takes camera and microphone out and puts them back', async (_, alice) => {
  for (const on of [false, true]) {
    await alice.act('setLocalVideoEnabled', on);
    await alice.act('setLocalAudioEnabled', on);
    await sleep(1500);
  }
}, { heldOut: true });
inBrowser('chromium-leaves', 'she leaves, and her page is closed', async (_, alice) => {
  await alice.leave();
  await alice.context.close();
});
inBrowser('chromium-stopped-3s', 'the processes of her Chromium are stopped for 3 s', async s => {
  await s.hers.freeze();
  await sleep(3000);
  await s.hers.thaw();
}, { heldOut: true });
inBrowser('chromium-dtls-1200', 'datagrams of the handshake over 1,200 bytes are lost, which none is', () => sleep(3000), { before: s => s.line.lose(`${udp} udp length > 1208 @th,64,8 20-63`) });
inBrowser('chromium-only-name', 'her Chromium offers only a .local name, and UDP and TCP pass', () => sleep(3000), { heldOut: true });
