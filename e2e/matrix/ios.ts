// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The errors of the guide for iOS, in the Go client, which is built after that
// guide: its words are the client's own, in the vocabulary of that SDK.
import { chmodSync, copyFileSync, readdirSync, statSync } from 'node:fs';
import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { assert, poll, sleep } from '../lib/check.ts';
import { GoClient, probe, spoken, type GoOptions, type Line } from '../lib/goclient.ts';
import { inject } from '../lib/inject.ts';
import { ports } from '../lib/lines.ts';
import { Relay } from '../lib/relay.ts';
import type { Room, Run } from '../lib/run.ts';
import { signed } from '../lib/tokens.ts';
import type { Row, Seen, WantedRecord } from './row.ts';

interface Who { room: Room; role: string; userId: string }
interface Key { access?: string; secret?: string }

const agent: WantedRecord['agent'] = seen => {
  assert.ok(seen, 'the event has an agent');
  assert.equal(seen.sdk, 'go', `agent of the event: ${JSON.stringify(seen)}`);
  assert.equal(seen.os, 'linux');
  assert.match(seen.sdk_version ?? '', /^\d+\.\d+\.\d+$/);
};

// shown reads an error off a line of the client's. What it says of the end of
// the session must be so.
async function shown(go: GoClient, line: Line): Promise<Seen & { who: GoClient }> {
  const { ios, fault, message } = line.problem;
  assert.equal(line.problem.terminal, ios.terminal, JSON.stringify(line));
  if (line.event === 'error' && !ios.terminal) {
    await sleep(500);
    assert.ok(!go.over, `${go.name} stays in the call after an error that is not terminal`);
  } else {
    await poll(`${go.name} to be gone`, () => go.over, { ms: 8000 });
  }
  return { shown: { code: ios.code, name: ios.name, terminal: ios.terminal, retry: ios.can_retry, fault, says: message, at: Date.parse(line.at) }, who: go };
}

// refused joins as somebody who does not get in.
async function refused(t: Run, room: Room, name: string, options?: GoOptions) {
  const go = await GoClient.run(t, room, name, options);
  return shown(go, await go.heard('failed'));
}

// told waits for an error that the listener hears of.
const told = async (go: GoClient, match: (problem: any) => unknown, options?: { ms?: number }) => shown(go, await go.heard('error', l => match(l.problem), options));

// delivered lets somebody join with the reports that a session has left behind,
// and with its token, which proves that they are about themselves.
async function delivered(t: Run, go: GoClient, options?: GoOptions) {
  const since = Date.now();
  const after = await GoClient.run(t, go.room, go.name, { ...options, token: go.token, at: go.at, flags: ['-duration', '6s'] }); // reports go one after the other, in 2 s on a busy machine not all of them
  await after.heard('left');
  return since;
}

const event = (type: string, code: number, name: string, action: string, terminal: boolean, fault: string): WantedRecord => ({ type, code, name, action, terminal, fault, agent });

// door is a row of somebody whose token the server does not accept. token makes
// it and may change the person or the room that the record is to name.
const door = (row: string, code: number, fault: string, how: string, says: RegExp,
  token: (given: { key: Key; who: Who; claims: object }) => [Key, object]): Row => ({
  row, client: 'go', by: 'real', how, says,
  expect: { code: 401, name: '', terminal: true, retry: false, fault },
  event: event('client.connect.failed', code, 'ServerErrors', 'INIT', true, fault),
  async provoke(t) {
    const { server } = await t.world();
    const who: Who = { room: await t.room(), role: 'guest', userId: 'user-eve' };
    const key = { access: server.info.access_key, secret: server.info.secret };
    const { room, role, userId } = who;
    const made = signed(...token({ key, who, claims: { room_id: room.id, role, user_id: userId } }));
    return refused(t, who.room, 'eve', { role: who.role, userId: who.userId, token: made });
  },
});

// exchange is a row of somebody whose app asks for a token for the wrong room.
const exchange = (row: string, code: number, fault: string, how: string, says: RegExp,
  meant: (t: Run) => string | Promise<string>): Row => ({
  row, client: 'go', by: 'real', how, says,
  expect: { code: 400, name: '', terminal: true, retry: false, fault },
  event: event('client.connect.failed', code, 'ServerErrors', 'GET_TOKEN', true, fault),
  async provoke(t) {
    const { rest, server } = await t.world();
    const room = await t.room();
    const { data } = await rest.post(`/v2/room-codes/room/${room.id}`);
    const { code: roomCode } = data.find((c: { role: string }) => c.role === 'guest');
    const other = await meant(t);
    const seen: Seen = await refused(t, room, 'eve', {
      role: 'guest', command: go => [t.setup.bin, 'join', '-json', '-name', go.name, '-user', go.userId, '-code', roomCode, '-room', other, server.url],
    });
    seen.who.id = undefined; // whoever gets no token has not said which peer it is
    return seen;
  },
});

// carried is somebody who is in a call and sees another's picture, through a
// relay that spoils what the server sends once it is armed.
async function carried(t: Run) {
  const { server } = await t.world();
  const relay = spoken([probe(t), 'relay', server.url], { log: `${t.dir}/relay.log` });
  t.cleanup(() => relay.child.kill());
  const { url } = await poll('the relay', () => relay.lines.find(l => l.event === 'ready'));
  const room = await t.room();
  const alice = await watching(t, room, 'alice', { at: url });
  await fetch(`${url}/arm`, { method: 'POST' });
  await GoClient.join(t, room, 'carol', { flags: ['-publish', 'pattern'] });
  return alice;
}

// watching joins and receives the picture of somebody else, on paths of media
// that work, therefore.
async function watching(t: Run, room: Room, name: string, { at, flags = [], netns, bob }: GoOptions & { bob?: GoOptions } = {}) {
  const dir = `${t.dir}/seen-by-${name}`;
  const go = await GoClient.join(t, room, name, { at, netns, flags: ['-record', dir, '-publish', 'tone', ...flags] });
  await GoClient.join(t, room, 'bob', { ...bob, flags: ['-publish', 'pattern'] });
  await poll(`${name} to receive bob's picture`, () => readdirSync(dir).some(f => statSync(`${dir}/${f}`).size > 1000), { ms: 20_000 });
  return go;
}

// far is a server and a client with a network of its own between them.
async function far(t: Run) {
  const x = await t.exchange({ browser: false });
  const alice = await x.client({ browser: false });
  return { x, line: alice.line, steady: { netns: x.steady.line.name } };
}

const window = ['-window', '8s'];

export const rows: Row[] = [
  {
    row: 'I001', client: 'go', by: 'real', idle: true, ms: 90_000,
    how: 'the network resets the socket and then carries nothing at all, for longer than the client tries; the report comes with the next session',
    expect: { code: 1003, name: 'websocketConnectionLost', terminal: true, retry: true, fault: 'signal.lost' },
    event: event('client.disconnected', 1003, 'WebSocketConnectionLost', 'RECONNECT_SIGNAL', true, 'signal.lost'),
    async provoke(t) {
      const { line, steady } = await far(t);
      const room = await t.room();
      const alice = await watching(t, room, 'alice', { netns: line.name, flags: window, bob: steady });
      await line.client.resetTCP(ports.http);
      await alice.heard('reconnecting');
      await line.lose('');
      await line.client.heal();
      const seen = await told(alice, p => p.terminal, { ms: 40_000 });
      await line.heal();
      return { ...seen, since: await delivered(t, alice, { netns: line.name }) };
    },
  },
  {
    row: 'I002', client: 'go', by: 'real', how: 'the app gives the address of something that is no web server', says: /want: http/,
    expect: { code: 2002, name: 'invalidEndpointUrl', terminal: true, retry: false, fault: 'endpoint.invalid' },
    event: { none: 'there is no server to report to' },
    provoke: async t => refused(t, await t.room(), 'eve', { at: 'ftp://video.example.org' }),
  },
  {
    row: 'I003', client: 'go', by: 'real', how: 'nothing listens at the address for a while; the report comes with the next session', says: /stage: refused/,
    expect: { code: 2003, name: 'endpointUnreachable', terminal: true, retry: true, fault: 'endpoint.unreachable' },
    event: event('client.connect.failed', 2003, 'EndpointUnreachable', 'INIT', true, 'endpoint.unreachable'),
    async provoke(t) {
      const { server } = await t.world();
      const relay = await Relay.open(server);
      t.cleanup(() => relay.close());
      await relay.cut();
      const seen = await refused(t, await t.room(), 'eve', { role: 'guest', at: new URL(relay.init).origin });
      await relay.heal();
      return { ...seen, since: await delivered(t, seen.who, { role: 'guest' }) };
    },
  },
  {
    row: 'I004', client: 'go', by: 'real', how: 'the app passes something that is no token', says: /parts: 1/,
    expect: { code: 2004, name: 'invalidTokenFormat', terminal: true, retry: false, fault: 'token.malformed' },
    event: { none: 'the client refuses it by itself, and without a token it may not report' },
    provoke: async t => refused(t, await t.room(), 'eve', { token: 'not-a-token' }),
  },
  {
    row: 'I005', client: 'go', by: 'real', how: 'the file that stands for a camera may no longer be read, as when a permission is withdrawn in a call (EACCES)',
    expect: { code: 3001, name: 'cantAccessCaptureDevice', terminal: false, retry: false, fault: 'capture.denied' },
    event: event('client.publish.failed', 3001, 'CantAccessCaptureDevice', 'PUBLISH', false, 'capture.denied'),
    async provoke(t) {
      const room = await t.room();
      const camera = `${t.dir}/camera.ivf`;
      await t.world();
      // The superuser may read everything but for this.
      const before = process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search', '--inh-caps', '-all'] : [];
      copyFileSync(fileURLToPath(new URL('../../client/pattern/low.ivf', import.meta.url)), camera);
      const alice = await GoClient.join(t, room, 'alice', { before, flags: ['-publish', camera] });
      await alice.heard('publishing');
      chmodSync(camera, 0);
      const seen = await told(alice, p => p.code === 3001);
      // Whoever is denied from the start does not even begin.
      const late = await GoClient.run(t, room, 'late', { before, flags: ['-publish', camera] });
      const { problem } = await late.heard('failed');
      assert.equal(problem.ios.code, 3001, JSON.stringify(problem));
      return seen;
    },
  },
  {
    row: 'I006', client: 'go', by: 'unreachable',
    how: 'iOS tells apps of it (AVAudioSession.mediaServicesWereResetNotification). Nothing on Linux resets all devices of a program at once, the Go client opens none but reads files, and a server cannot cause it: an injection is refused with that reason',
    async provoke(t) {
      const refusal = await inject(t, await t.room(), 'device.subsystem_reset').catch(e => e);
      assert.match(refusal.stderr ?? '', /injection\.impossible/, String(refusal));
    },
  },
  {
    row: 'I007', client: 'go', by: 'real', how: 'the process may not list the network interfaces (AF_NETLINK is closed to it, as in a hardened unit of systemd), so that no offer can be made',
    expect: { code: 4001, name: 'createOfferFailed', terminal: true, retry: true, fault: 'sdp.create_offer' },
    event: event('client.join.failed', 4001, 'CreateOfferFailed', 'JOIN', true, 'sdp.create_offer'),
    provoke: async t => refused(t, await t.room(), 'alice', { before: [probe(t), 'confine'] }),
  },
  {
    row: 'I008', client: 'go', by: 'injection', how: 'a relay puts two tracks into one section of the offer, as servers did before Unified Plan; it can be applied and not be answered',
    expect: { code: 4002, name: 'createOfferFailed', terminal: false, retry: true, fault: 'sdp.create_answer' },
    event: event('client.subscribe.failed', 4002, 'CreateAnswerFailed', 'SUBSCRIBE', false, 'sdp.create_answer'),
    provoke: async t => told(await carried(t), p => p.code === 4002),
  },
  {
    row: 'I009', client: 'go', by: 'real', how: 'the app names a track with a line break in it, which ends a line of the description that the client makes',
    expect: { code: 4003, name: 'createOfferFailed', terminal: false, retry: true, fault: 'sdp.set_local' },
    event: event('client.publish.failed', 4003, 'SetLocalDescriptionFailed', 'PUBLISH', false, 'sdp.set_local'),
    async provoke(t) {
      const alice = await GoClient.run(t, await t.room(), 'probe', { command: go => [probe(t), 'name', go.at, go.token, go.id] });
      const seen = await told(alice, p => p.code === 4003);
      await alice.heard('publishing');
      return seen;
    },
  },
  {
    row: 'I010', client: 'go', by: 'injection', how: 'the server sends half a session description',
    expect: { code: 4004, name: 'createOfferFailed', terminal: false, retry: true, fault: 'sdp.set_remote' },
    event: event('client.subscribe.failed', 4004, 'SetRemoteDescriptionFailed', 'SUBSCRIBE', false, 'sdp.set_remote'),
    async provoke(t) {
      const room = await t.room();
      const alice = await watching(t, room, 'alice');
      await inject(t, room, '4004', '-peer', alice.id, '-count', '1');
      return told(alice, p => p.code === 4004);
    },
  },
  {
    row: 'I011', client: 'go', by: 'real', idle: true, ms: 90_000, how: 'a firewall begins to drop media in a running call and lets signalling through, for longer than the client tries',
    expect: { code: 4005, name: 'iceFailure', terminal: true, retry: true, fault: 'ice.failed' },
    event: event('client.disconnected', 4005, 'ICEFailure', 'RECONNECT_SIGNAL', true, 'ice.failed'),
    async provoke(t) {
      const { line, steady } = await far(t);
      const alice = await watching(t, await t.room(), 'alice', { netns: line.name, flags: ['-window', '4s'], bob: steady });
      await line.lose('meta l4proto udp');
      await line.lose(`tcp dport ${ports.tcp}`, { down: false });
      await line.lose(`tcp sport ${ports.tcp}`, { up: false });
      return told(alice, p => p.terminal, { ms: 40_000 });
    },
  },
  {
    row: 'I012', client: 'go', by: 'real', how: 'the app joins again with what it has joined with; the call goes on',
    expect: { code: 5001, name: 'alreadyJoined', terminal: false, retry: false, fault: 'client.already_joined' },
    event: event('client.join.failed', 5001, 'AlreadyJoined', 'JOIN', false, 'client.already_joined'),
    async provoke(t) {
      const alice = await GoClient.run(t, await t.room(), 'probe', { command: go => [probe(t), 'twice', go.at, go.token, go.id] });
      return told(alice, () => true);
    },
  },
  {
    row: 'I013', client: 'go', by: 'injection', how: 'the server sends a candidate that cannot be read ahead of an offer to somebody in a call',
    expect: { code: 6002, name: 'unknown', terminal: false, retry: true, fault: 'media.renegotiation' },
    event: event('client.subscribe.failed', 6002, 'Unknown', 'SUBSCRIBE', false, 'media.renegotiation'),
    async provoke(t) {
      const room = await t.room();
      const alice = await watching(t, room, 'alice');
      await inject(t, room, '6002', '-peer', alice.id, '-count', '1');
      return told(alice, p => p.code === 6002);
    },
  },
  door('I014', 40101, 'token.access_key', 'a backend signs with an access key the server does not know', /access_key: stranger/,
    ({ claims }) => [{ access: 'stranger', secret: randomUUID() }, claims]),
  door('I015', 40102, 'token.room', 'the token is for a room that never was', /room_id: /, ({ key, who, claims }) => {
    who.room = { id: randomBytes(12).toString('hex') };
    return [key, { ...claims, room_id: who.room.id }];
  }),
  door('I016', 40103, 'token.auth_id', 'the token names an authentication record of another key', /auth_id: /,
    ({ key, claims }) => [key, { ...claims, auth_id: randomUUID() }]),
  door('I017', 40104, 'token.app_id', 'the token names an app the server does not know', /app_id: /,
    ({ key, claims }) => [key, { ...claims, app_id: randomUUID() }]),
  door('I018', 40105, 'token.customer_id', 'the token names another customer than that of its key', /customer_id: /,
    ({ key, claims }) => [key, { ...claims, customer_id: randomUUID() }]),
  door('I019', 40107, 'token.user', 'the user id in the token has a line break in it', /control characters/, ({ key, who, claims }) => {
    who.userId = 'user-eve\n';
    return [key, { ...claims, user_id: who.userId }];
  }),
  door('I020', 40108, 'token.role', 'the token is for a role the template does not have', /role: emperor/, ({ key, who, claims }) => {
    who.role = 'emperor';
    return [key, { ...claims, role: who.role }];
  }),
  door('I021', 40109, 'token.signature', 'the token was signed by somebody without the secret', /HS256/,
    ({ key, claims }) => [{ ...key, secret: randomUUID() }, claims]),
  door('I022', 40100, 'token.kind', 'a backend mints a token of the kind that manages rooms for somebody who wants to join one; the guide has no word for it', /want: app/,
    ({ key, claims }) => [key, { ...claims, type: 'management' }]),
  exchange('I023', 40001, 'room.not_found', 'the app asks for the token of a room that never was', /room_id: /, () => randomBytes(12).toString('hex')),
  exchange('I024', 40002, 'token.room_mismatch', 'the app asks for the token of one room with the code of another', /room_id: /, async t => (await t.room()).id),
  {
    row: 'I025', client: 'go', by: 'real', how: 'somebody else joins as a peer that is in the room', says: /peer: /,
    expect: { code: 400, name: '', terminal: true, retry: false, fault: 'peer.already_joined' },
    event: event('client.connect.failed', 40004, 'ServerErrors', 'INIT', true, 'peer.already_joined'),
    async provoke(t) {
      const room = await t.room();
      const alice = await GoClient.join(t, room, 'alice');
      const seen: Seen = await refused(t, room, 'eve', { role: 'guest', id: alice.id });
      seen.who.id = undefined; // the peer is not hers, and the record does not say so
      return seen;
    },
  },
  {
    row: 'I026', client: 'go', by: 'real', how: 'her network is away; meanwhile she goes on elsewhere as the same peer, with the same token, and leaves from there; then the network comes back',
    expect: { code: 410, name: '', terminal: true, retry: true, fault: 'peer.gone' },
    event: event('client.disconnected', 41001, 'ServerErrors', 'RECONNECT_SIGNAL', true, 'peer.gone'),
    async provoke(t) {
      const { server, rest } = await t.world();
      const relay = await Relay.open(server);
      t.cleanup(() => relay.close());
      const room = await t.room();
      const alice = await GoClient.join(t, room, 'alice', { at: new URL(relay.init).origin });
      await relay.cut();
      await alice.heard('reconnecting');
      const elsewhere = await GoClient.join(t, room, 'elsewhere', { id: alice.id, userId: alice.userId, token: alice.token });
      await elsewhere.leave();
      await elsewhere.heard('left');
      await relay.heal();
      const seen = await told(alice, p => p.terminal);
      // The server saw it as well; its account and hers become one.
      await rest.event({ room_id: room.id, peer_id: alice.id, type: 'client.disconnected' }, e => e.data.error_code === 41001 && e.redial?.source === 'both');
      return seen;
    },
  },
];
