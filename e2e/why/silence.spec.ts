// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Causes that end what went well: who fell silent, and on which of the clocks.
import { ports, type Client } from '../lib/lines.ts';
import { sleep } from '../lib/check.ts';
import { probe, spoken, type GoClient } from '../lib/goclient.ts';
import { mediaDown, mediaUp, poll, replay, udp, type Stage } from '../lib/replay.ts';
import type { Tab } from '../lib/tab.ts';

const clocks = ['client.suspended', 'network.lost', 'network.media_lost', 'path.changed', 'client.vanished', 'server.stalled', 'server.restarted', 'signal.cut_by_proxy'];
const not = (...right: string[]) => clocks.filter(c => !right.includes(c));
const publish = 'client.publish.failed', disconnected = 'client.disconnected';

// called has alice in a call with others, whom she receives and who receive her.
async function called(s: Stage, where?: Client): Promise<{ alice: GoClient; others: GoClient[] }> {
  const others = await s.others();
  const alice = await s.go('alice', where ?? s.hers);
  await s.receive(alice, ...others);
  return { alice, others };
}

async function calledInBrowser(s: Stage): Promise<{ alice: Tab; others: GoClient[] }> {
  const others = await s.others();
  const alice = await s.t.join(s.room, 'alice', 'host', { world: s.hers });
  for (const other of others) await other.heard('receives', l => l.peer === alice.id, { ms: 40_000 });
  return { alice, others };
}

// both waits for her media's failure and her socket's end, and then for her word.
async function both(s: Stage, id: string, after: () => unknown, { word = true } = {}) {
  const first = await s.told({ peer_id: id, type: publish });
  await after();
  const second = await s.told({ peer_id: id, type: disconnected }, { both: word });
  return [await s.told({ peer_id: id, type: publish }, { where: e => e.id === first.id }), second];
}

for (const [seconds, heldOut] of [[30, false], [24, true]] as const) {
  replay(`frozen-chromium-${seconds}s`, {
    how: `the processes of her Chromium are stopped for ${seconds} s in a call, and go on`,
    cause: 'client.suspended', wrong: not('client.suspended'), browser: true, heldOut, ms: 240_000,
  }, async s => {
    const { alice } = await calledInBrowser(s);
    s.t.cleanup(() => s.hers.thaw());
    await s.hers.freeze();
    await sleep(seconds * 1000);
    return both(s, alice.id, () => s.hers.thaw());
  });
}

replay('frozen-go', {
  how: 'the process of her Go client is stopped for 30 s in a call, and goes on',
  cause: 'client.suspended', wrong: not('client.suspended'),
}, async s => {
  const { alice } = await called(s);
  alice.child.kill('SIGSTOP');
  s.t.cleanup(() => alice.child.kill('SIGCONT'));
  await sleep(30_000);
  return both(s, alice.id, () => alice.child.kill('SIGCONT'));
});

for (const [seconds, heldOut] of [[30, false], [40, true]] as const) {
  replay(`network-lost-${seconds}s`, {
    how: `nothing passes on her line for ${seconds} s in a call, and then everything does`,
    cause: 'network.lost', wrong: not('network.lost'), heldOut,
  }, async s => {
    const { alice } = await called(s);
    await s.line.lose('');
    await sleep(seconds * 1000);
    return both(s, alice.id, () => s.line.heal());
  });
}

replay('network-lost-chromium', {
  how: 'nothing passes on the line of her Chromium for 30 s in a call, and then everything does',
  cause: 'network.lost', wrong: not('network.lost'), browser: true, heldOut: true, ms: 240_000,
}, async s => {
  const { alice } = await calledInBrowser(s);
  await s.line.lose('');
  await sleep(30_000);
  return both(s, alice.id, () => s.line.heal(), { word: false }); // its SDK may not tell of the socket
});

replay('network-lost-relayed', {
  how: 'media ports are closed to her, so that media goes over the server\'s TURN; then nothing passes on her line for 30 s in a call',
  cause: 'network.lost', wrong: not('network.lost'), heldOut: true, settings: { media: { turn: { enabled: true } } },
}, async s => {
  await s.line.lose(`meta l4proto { udp, tcp } th dport { ${ports.udp}, ${ports.tcp} }`);
  const { alice } = await called(s);
  await s.line.lose('');
  await sleep(30_000);
  return both(s, alice.id, () => s.line.heal());
});

replay('keyframe-missing', {
  how: 'requests for key frames are lost on the way to a Chromium that publishes; somebody comes later and waits for the picture',
  cause: 'keyframe.missing', wrong: ['forward.gated', 'publish.no_media', 'codec.unsupported', 'network.media_lost'], browser: true,
}, async s => {
  await calledInBrowser(s);
  await s.line.lose('meta l4proto udp @th,64,1 1 @th,72,8 206', { up: false });
  const late = await s.go('late', s.x.steady);
  return s.told({ peer_id: late.id, type: 'client.subscribe.failed' });
});

replay('network-lost-for-good', {
  how: 'nothing passes on her line any more from one moment in a call on',
  cause: 'network.lost', wrong: not('network.lost'), ms: 240_000,
}, async s => {
  const { alice } = await called(s);
  await s.line.lose('');
  return both(s, alice.id, () => {}, { word: false });
});

for (const [name, heldOut] of [['go', false], ['chromium', true]] as const) {
  replay(`address-changed-${name}`, {
    how: 'her system gets another address in a call and the first one is gone, as between Wi-Fi and mobile data',
    cause: 'path.changed', wrong: not('path.changed'), heldOut, browser: name === 'chromium', ms: 240_000,
  }, async s => {
    const { alice } = name === 'go' ? await called(s) : await calledInBrowser(s);
    await s.line.move();
    return s.told({ peer_id: alice.id, type: disconnected }, { both: true, ms: 90_000 });
  });
}

for (const [name, heldOut] of [['go', false], ['chromium', true]] as const) {
  replay(`killed-${name}`, {
    how: `the process of her ${name === 'go' ? 'Go client' : 'Chromium'} is killed in a call and nobody starts it again`,
    cause: 'client.vanished', wrong: not('client.vanished'), heldOut, browser: name === 'chromium', ms: 240_000,
  }, async s => {
    const { alice } = name === 'go' ? await called(s) : await calledInBrowser(s);
    if (name === 'go') (alice as GoClient).child.kill('SIGKILL');
    else for (const pid of await s.line.pids()) if (/chrom/.test(await s.line.command(pid))) process.kill(pid, 'SIGKILL');
    return s.told({ peer_id: alice.id, type: disconnected }, { ms: 120_000 });
  });
}

for (const [name, match, directions, browser] of [
  ['both-ways', `meta l4proto { udp, tcp } th dport { ${ports.udp}, ${ports.tcp} }`, {}, false],
  ['up', mediaUp, { down: false }, false],
  ['down', mediaDown, { up: false }, false],
  ['up-chromium', mediaUp, { down: false }, true],
  ['down-chromium', mediaDown, { up: false }, true],
] as const) {
  replay(`media-lost-${name}`, {
    how: `in a call, media passes no more on her line (${name.replace('-chromium', '')}), over UDP and TCP; her socket is well`,
    cause: 'network.media_lost', wrong: not('network.media_lost'), heldOut: browser, browser,
  }, async s => {
    const { alice } = browser ? await calledInBrowser(s) : await called(s);
    await s.line.lose(match, directions);
    return s.told({ peer_id: alice.id, type: publish });
  });
}

for (const [name, heldOut] of [['go', false], ['chromium', true]] as const) {
  replay(`udp-lost-${name}`, {
    how: 'in a call, UDP passes no more on her line; TCP does',
    cause: 'network.udp_blocked', wrong: not(), heldOut, browser: name === 'chromium',
  }, async s => {
    const { alice } = name === 'go' ? await called(s) : await calledInBrowser(s);
    await s.line.lose(udp);
    return s.told({ peer_id: alice.id, type: publish });
  });
}

for (const [seconds, heldOut] of [[6, true], [25, false], [35, true]] as const) {
  replay(`server-stalled-${seconds}s`, {
    how: `the server's process is stopped for ${seconds} s, and goes on`,
    cause: 'server.stalled', wrong: not('server.stalled'), heldOut,
  }, async s => {
    const { alice } = await called(s);
    s.x.process.kill('SIGSTOP');
    s.t.cleanup(() => s.x.process.kill('SIGCONT'));
    await sleep(seconds * 1000);
    s.x.process.kill('SIGCONT');
    return s.told({ peer_id: alice.id }, { where: e => (e as any).redial?.client || e.type === publish });
  });
}

for (const [name, signal, heldOut] of [['killed', 'SIGKILL', false], ['stopped', 'SIGTERM', true]] as const) {
  replay(`server-${name}`, {
    how: `the server's process is ${name} (${signal}) in a call and another is started`,
    cause: 'server.restarted', also: signal === 'SIGTERM' ? ['server.draining'] : [], wrong: not('server.restarted'), heldOut,
  }, async s => {
    const { alice } = await called(s);
    s.x.process.kill(signal);
    await s.x.process.ended;
    s.x.restart();
    await poll('the server to be back', () => s.x.rest.events({}), { ms: 30_000 });
    return s.told({ peer_id: alice.id, type: disconnected }, { ms: 90_000 });
  });
}

for (const [seconds, heldOut] of [[15, false], [7, true]] as const) {
  replay(`proxy-ends-sockets-after-${seconds}s`, {
    how: `a proxy before the server ends every connection after ${seconds} s, while media does not pass through it`,
    cause: 'signal.cut_by_proxy', wrong: not('signal.cut_by_proxy'), heldOut,
  }, async s => {
    await s.others();
    const proxy = spoken([probe(s.t), 'proxy', '10.77.0.1:9090', `10.77.0.1:${ports.http}`, `${seconds}s`], { log: `${s.t.dir}/proxy.log`, netns: s.x.netns.name });
    s.t.cleanup(() => proxy.child.kill());
    await poll('the proxy to listen', () => proxy.lines.length);
    const alice = await s.go('alice', s.hers, { at: 'http://10.77.0.1:9090' });
    const cuts = () => s.all({ peer_id: alice.id, type: disconnected });
    await poll('her socket to be cut four times', async () => (await cuts()).length >= 4, { ms: 120_000, step: 1000 });
    await sleep(3000); // her word of the last
    return (await cuts())[0];
  });
}
