// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Causes before a call begins: names, ports and paths, tokens, and who else one is.
import { randomUUID } from 'node:crypto';
import { sleep } from '../lib/check.ts';
import { probe, spoken } from '../lib/goclient.ts';
import { ports } from '../lib/lines.ts';
import { poll, replay, type Stage } from '../lib/replay.ts';
import { signed } from '../lib/tokens.ts';

const host = '10.77.0.1';
const doors = ['endpoint.name_unresolved', 'endpoint.refused', 'endpoint.wrong_path', 'network.lost', 'network.offline'];
const otherDoors = (right: string) => doors.filter(c => c !== right);
const join = { command: undefined }; // "redial join", which keeps its reports

// later has her Go client fail to connect, and tell of it when she next joins.
// A report goes only to the address that it is about.
async function later(s: Stage, at: string, before: () => unknown, after: () => unknown) {
  await before();
  const failed = await s.go('alice', s.hers, { ...join, at });
  await failed.heard('failed', undefined, { ms: 60_000 });
  await failed.child.ended;
  await after();
  const again = await s.go('alice', s.hers, { ...join, at });
  await again.heard('joined', undefined, { ms: 30_000 });
  return s.told({ type: 'client.connect.failed', room_id: undefined }, { ms: 10_000 });
}

// laterInBrowser is the same in Chromium, whose SDK tries again by itself.
async function laterInBrowser(s: Stage, before: () => unknown, after: () => unknown, config = {}) {
  await before();
  const alice = await s.t.open(s.room, 'alice', 'host', { world: s.hers });
  await alice.tryJoin({ ms: 8000, ...config });
  await after();
  await alice.page.reload();
  await alice.join();
  return s.told({ type: 'client.connect.failed', room_id: undefined }, { ms: 40_000 });
}

const names = 'meta l4proto { udp, tcp } th dport 53';

replay('name-unresolved-go', {
  how: 'her Go client asks a name server that is out of reach; it tells when she next joins',
  cause: 'endpoint.name_unresolved', wrong: otherDoors('endpoint.name_unresolved'),
}, s => later(s, `http://rtc.test:${ports.http}`, () => s.line.lose(names, { down: false }), () => s.line.heal()));

replay('name-unanswered-go', {
  how: 'the answers of the name server do not reach her Go client; it tells when she next joins',
  cause: 'endpoint.name_unresolved', wrong: otherDoors('endpoint.name_unresolved'), heldOut: true,
}, s => later(s, `http://rtc.test:${ports.http}`, () => s.line.lose(names.replace('dport', 'sport'), { up: false }), () => s.line.heal()));

replay('name-unresolved-chromium', {
  how: 'her Chromium asks a name server that is out of reach; it tells when she next joins',
  cause: 'endpoint.name_unresolved', wrong: otherDoors('endpoint.name_unresolved'), browser: true, client: { byName: true }, heldOut: true,
}, s => laterInBrowser(s, () => s.line.lose(names, { down: false }), () => s.line.heal()));

replay('port-refused-go', {
  how: 'the server\'s machine answers her Go client that nothing listens there; it tells when she next joins',
  cause: 'endpoint.refused', wrong: otherDoors('endpoint.refused'),
}, s => later(s, s.x.server.url, () => s.line.reset(ports.http), () => s.line.heal()));

replay('port-refused-chromium', {
  how: 'her Chromium connects to a port at which nothing listens; it tells when she next joins',
  cause: 'endpoint.refused', wrong: otherDoors('endpoint.refused'), browser: true, heldOut: true,
}, s => laterInBrowser(s, () => {}, () => {}, { initEndpoint: `http://${host}:8099/#https://` }));

for (const [client, prefix, heldOut] of [['go', '/rtc', false], ['chromium', '/video/v1', true]] as const) {
  replay(`path-prefixed-${client}`, {
    how: `a proxy before the server puts ${prefix} before every path; it is told when she next joins without it`,
    cause: 'endpoint.wrong_path', wrong: otherDoors('endpoint.wrong_path'), browser: client === 'chromium', heldOut,
  }, async s => {
    const proxy = spoken([probe(s.t), 'prefix', `${host}:9091`, `http://${host}:${ports.http}${prefix}`], { log: `${s.t.dir}/proxy.log`, netns: s.x.netns.name });
    s.t.cleanup(() => proxy.child.kill());
    await poll('the proxy to listen', () => proxy.lines.length);
    if (client === 'go') return later(s, `http://${host}:9091`, () => {}, async () => {
      proxy.child.kill();
      await proxy.child.ended;
      const right = spoken([probe(s.t), 'prefix', `${host}:9091`, `http://${host}:${ports.http}`], { log: `${s.t.dir}/proxy.log`, netns: s.x.netns.name });
      s.t.cleanup(() => right.child.kill());
      await poll('the proxy to listen', () => right.lines.length);
    });
    return laterInBrowser(s, () => {}, () => {}, { initEndpoint: `http://${host}:9091/#https://` });
  });
}

// refused is her join with a token, and what is told of it.
async function refused(s: Stage, name: string, claims: object, key = s.x.key) {
  const before = (await s.all({ room_id: undefined })).map(e => e.id);
  const token = signed(key, { room_id: s.room.id, user_id: `user-${name}`, role: 'host', ...claims });
  const she = await s.go(name, s.hers, { ...join, token, userId: `user-${name}` });
  await she.heard('failed', undefined, { ms: 40_000 });
  await she.child.ended;
  return s.told({ room_id: undefined }, { where: e => !before.includes(e.id) && /join|connect/.test(e.type) });
}

const at = (seconds: number, life: number) => {
  const then = Math.floor(Date.now() / 1000) + seconds;
  return { iat: then, nbf: then, exp: then + life };
};

for (const [hours, life, heldOut] of [[2, 3600, false], [26, 24 * 3600, true]] as const) {
  replay(`token-old-${hours}h`, {
    how: `she comes with a token made ${hours} h ago for ${life / 3600} h, while others come with new ones of the same key`,
    cause: 'token.expired', wrong: ['token.issuer_clock', 'server.clock'], heldOut,
  }, async s => {
    const [bob] = await Promise.all(['bob', 'carol'].map(name => s.go(name, s.x.steady, {
      token: signed(s.x.key, { room_id: s.room.id, user_id: `user-${name}`, role: 'host', ...at(-5, 3600) }),
    })));
    await bob.heard('joined', undefined, { ms: 40_000 });
    return refused(s, 'alice', at(-hours * 3600, life));
  });
}

for (const [name, offset, life, heldOut] of [['behind-2h', -7200, 3600, false], ['behind-8h', -8 * 3600, 600, true]] as const) {
  replay(`issuer-clock-${name}`, {
    how: `three people come one after the other, each with a token made just now by an issuer whose clock is ${-offset / 3600} h behind, for ${life / 60} min`,
    cause: 'token.issuer_clock', wrong: ['token.expired', 'server.clock'], heldOut,
  }, async s => {
    await refused(s, 'carol', at(offset, life));
    await refused(s, 'bob', at(offset, life));
    return refused(s, 'alice', at(offset, life));
  });
}

for (const [name, offset, heldOut] of [['ahead-10min', 600, false], ['ahead-1h', 3600, true]] as const) {
  replay(`issuer-clock-${name}`, {
    how: `she comes with a token made just now by an issuer whose clock is ${offset / 60} min ahead, while others come with tokens that are right`,
    cause: 'token.issuer_clock', wrong: ['token.expired', 'server.clock'], heldOut,
  }, async s => {
    await s.others();
    return refused(s, 'alice', at(offset, 24 * 3600));
  });
}

replay('token-wrong-key', {
  how: 'she comes with a token that another secret signed',
  cause: 'token.signature', wrong: ['token.issuer_clock', 'token.expired'],
}, s => refused(s, 'alice', {}, { access: s.x.key.access, secret: 'another-secret-of-sufficient-length-0123456789' }));

replay('room-unknown', {
  how: 'she comes with a good token for a room that does not exist',
  cause: 'token.room', also: ['room.not_found'], wrong: ['token.expired', 'endpoint.refused'], heldOut: true,
}, s => refused(s, 'alice', { room_id: '6b0895c7ffe65b4abfa53864' }));

const identities = ['peer.own_ghost', 'peer.second_login', 'peer.id_shared', 'room.role_full'];

// single is a room in which one person may be a guest.
async function single(s: Stage) {
  const template = await s.t.template(made => { made.roles.guest.maxPeerCount = 1; });
  return s.t.room({ template });
}

for (const [name, client, heldOut] of [['', 'go', false], ['-chromium', 'chromium', true]] as const) {
  replay(`own-ghost${name}`, {
    how: `her ${client} client's socket is lost without a word and the client is ended; she comes again ${client === 'go' ? '25 s later' : 'at once'}, and her role's only seat is still hers`,
    cause: 'peer.own_ghost', wrong: identities.filter(c => c !== 'peer.own_ghost'), heldOut, browser: client === 'chromium',
  }, async s => {
    const room = await single(s);
    if (client === 'go') {
      const first = await s.go('alice', s.hers, { ...join, role: 'guest', room });
      await first.heard('joined', undefined, { ms: 30_000 });
      await s.line.forget(ports.http);
      first.child.kill('SIGKILL');
      await sleep(25_000);
      const again = await s.go('alice', s.hers, { ...join, role: 'guest', room });
      await again.heard('failed', undefined, { ms: 30_000 });
    } else {
      const first = await s.t.join(room, 'alice', 'guest', { world: s.hers });
      await s.line.forget(ports.http);
      await first.context.close();
      const again = await s.t.open(room, 'alice-again', 'guest', { world: s.hers, userId: 'user-alice' });
      await again.tryJoin({ ms: 20_000 });
    }
    return s.told({ room_id: undefined }, { where: e => (e as any).redial?.fault === 'room.role_full' });
  });
}

for (const [client, heldOut] of [['go', false], ['chromium', true]] as const) {
  replay(`second-login-${client}`, {
    how: `she is in the room, alive, and comes a second time from another network with ${client}; her role has one seat`,
    cause: 'peer.second_login', wrong: identities.filter(c => c !== 'peer.second_login'), heldOut, browser: client === 'chromium',
  }, async s => {
    const room = await single(s);
    const first = await s.go('alice', s.x.steady, { ...join, role: 'guest', room });
    await first.heard('joined', undefined, { ms: 30_000 });
    if (client === 'go') {
      const again = await s.go('alice', s.hers, { ...join, role: 'guest', room });
      await again.heard('failed', undefined, { ms: 30_000 });
    } else {
      const again = await s.t.open(room, 'alice-again', 'guest', { world: s.hers, userId: 'user-alice' });
      await again.tryJoin({ ms: 20_000 });
    }
    return s.told({ room_id: undefined }, { where: e => (e as any).redial?.fault === 'room.role_full' });
  });
}

for (const [name, heldOut] of [['two-networks', false], ['one-network', true]] as const) {
  replay(`peer-id-shared-${name}`, {
    how: `two Go clients on ${name.replace('-', ' ')} join as one peer, and each takes the other's place`,
    cause: 'peer.id_shared', wrong: identities.filter(c => c !== 'peer.id_shared'), heldOut,
  }, async s => {
    const id = randomUUID();
    const token = await s.x.rest.token(s.room.id, 'host', 'user-alice');
    const first = await s.go('alice', s.hers, { id, token });
    await first.heard('joined', undefined, { ms: 30_000 });
    const second = await s.go('alice', name === 'one-network' ? s.hers : s.x.steady, { id, token });
    await second.heard('joined', undefined, { ms: 30_000 });
    const ends = () => s.all({ peer_id: id, type: 'client.disconnected' });
    await poll('them to put each other out', async () => (await ends()).length >= 4, { ms: 60_000, step: 500 });
    return (await ends())[1];
  });
}
