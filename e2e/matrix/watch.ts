// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Sceenic's errors, on its wire: by wtsdk where an app's call can lead there, else
// by frames as a program of somebody else's may send them.
import { randomBytes, randomUUID } from 'node:crypto';
import type { RedialError } from '@redial-rtc/testing';
import { fault, wording } from '../../web/faults/index.ts';
import type { AppTab } from '../lib/apptab.ts';
import { assert } from '../lib/check.ts';
import { inject } from '../lib/inject.ts';
import type { Run } from '../lib/run.ts';
import { claims, connect, stage, watching, type Watching } from '../lib/sceenic.ts';
import type { Answer } from '../page/raw.ts';
import type { Row, Seen } from './row.ts';

// Stored failures are those of joining, publishing and subscribing.
const unheard = { none: 'the server never hears of it' };
const untyped = (what: string) => ({ none: `the record has no type for a refused ${what}` });
const joinFailed = { type: 'client.join.failed' };
const turnedAway = { type: 'client.connect.failed' };
const subscribeFailed = { type: 'client.subscribe.failed' };

interface Scene { t: Run; session: Watching; ann: AppTab; bob: AppTab }

// row is a row on two pages that the worker keeps, in a session of its own.
const row = (id: string, client: Row['client'], fault: string, event: Row['event'], how: string,
  run: (s: Scene) => Promise<Seen>, more: Partial<Row> = {}): Row => ({
  row: id, client, by: 'real', how, event, expect: { fault },
  async provoke(t) {
    const [ann, bob] = await stage(t, 'ann', 'bob');
    return run({ t, session: await watching(t), ann, bob });
  },
  ...more,
});

const who = (session: Watching, id?: string) => ({ id, userId: '', role: 'guest', room: { id: session.room } });

// failed is a call of the SDK that must fail; the app is told the same.
async function failed(session: Watching, tab: AppTab, run: () => Promise<any>): Promise<Seen> {
  const since = await tab.now();
  const outcome = await run();
  assert.equal(outcome.ok, false, `${tab.name} must be refused: ${JSON.stringify(outcome)}`);
  const { code } = await tab.noticed('error', e => e.code === outcome.error.code, { since });
  assert.equal(code, outcome.error.code);
  return { shown: of(outcome.error), who: who(session, tab.id) };
}

// told is an error that the app is told of.
async function told(session: Watching, tab: AppTab, code: number, ms?: number): Promise<Seen> {
  return { shown: of(await tab.noticed('error', e => e.code === code, { ms })), who: who(session, tab.id) };
}

function of(error: any) {
  assert.equal(error.own, true, 'error.error is the error, as older apps read it');
  return { code: error.code, name: error.name, terminal: false, fault: error.fault, says: error.says, at: error.at };
}

// refusal is what the answer to frames says.
function refusal(session: Watching, { error, at, id }: Answer): Seen {
  assert.ok(error, 'it is refused');
  assert.equal(error.name, error.data.name);
  return { shown: { code: error.code, name: error.name, terminal: false, fault: error.data.fault, says: error.message, at }, who: who(session, id || undefined) };
}

// frames sends frames in the page. What run gives back is the last answer.
const frames = async (session: Watching, tab: AppTab, run: (a: { token: string; url: string; other: string }) => Promise<Answer>, other = '') =>
  refusal(session, await tab.eval(run, { token: session.token, url: claims(session.token).wsUrl, other }));

// silent has somebody whose sound stays announced and does not come any more, and
// returns their id.
const silent = (tab: AppTab, session: Watching) => tab.eval(async ({ token, url }) => {
  const door = await watch.raw('silent', url);
  const probe = await watch.raw('probe', url);
  await door.join(token, 'silent');
  await probe.join(token, 'probe');
  await door.vanish(probe);
  return door.id;
}, { token: session.token, url: claims(session.token).wsUrl });

// altered is a token with another payload; nobody but the server looks at the signature.
const altered = ({ token }: Watching, payload: string) => token.replace(/\.[^.]*\./, `.${payload}.`);
const claiming = (session: Watching, change: object) =>
  altered(session, Buffer.from(JSON.stringify({ ...claims(session.token), ...change })).toString('base64url'));

const refused = (id: string, fault: string, how: string, token: (s: Watching) => string) =>
  row(id, 'watch', fault, unheard, how, ({ session, ann }) => failed(session, ann, () => ann.attempt('connect', token(session), 'ann')));

// injected is a refusal that the server is told to make, of a call of the SDK.
const injected = (id: string, fault: string, event: Row['event'], how: string, run: (s: Scene) => Promise<Seen>, ...flags: string[]) =>
  row(id, 'watch', fault, event, how, async s => {
    await inject(s.t, { id: s.session.room }, fault, ...flags);
    return run(s);
  }, { by: 'injection' });

export const rows: Row[] = [
  row('W001', 'watch', 'peer.type_invalid', untyped('change of type'), 'the app changes to a type of participant that there is not', async ({ session, ann }) => {
    await connect(ann, session);
    return failed(session, ann, () => ann.attempt('call', 'Session.setLocalParticipantType', 'EMPEROR'));
  }),
  row('W002', 'watch', 'peer.unavailable', subscribeFailed, 'somebody loses the network, sound and socket; another one joins meanwhile and wants to hear them', async ({ session, ann, bob }) => {
    const id = await silent(bob, session);
    await bob.eval(async () => (await watch.raw('silent')).drop());
    await ann.act('connect', session.token, 'ann');
    ann.id = (await ann.noticed('streamCreated', s => s.local)).participantId;
    assert.notEqual(ann.id, id);
    return told(session, ann, 101);
  }),
  row('W003', 'raw', 'ice.candidate_limit', untyped('candidate'), 'a client sends more candidates than are kept before there is a connection for them', ({ session, ann }) =>
    frames(session, ann, async ({ token, url }) => {
      const door = await watch.raw('flood', url);
      await door.join(token, 'flood');
      const candidate = { endpointName: door.id, candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 };
      let last = await door.call('onIceCandidate', candidate);
      for (let i = 0; i < 300 && !last.error; i++) last = await door.call('onIceCandidate', candidate);
      return last;
    })),
  row('W004', 'watch', 'client.not_connected', unheard, 'the app sends a message before it has connected', ({ session, ann }) =>
    failed(session, ann, () => ann.attempt('call', 'Session.sendMessage', 'hello'))),
  row('W005', 'raw', 'peer.not_found', subscribeFailed, 'a client wants to receive somebody who is not in the session', ({ session, ann }) =>
    frames(session, ann, async ({ token, url }) => {
      const door = await watch.raw('asker', url);
      await door.join(token, 'asker');
      return door.call('prepareReceiveVideoFrom', { sender: 'par_NOBODY' });
    })),
  row('W006', 'watch', 'subscribe.peer_left', subscribeFailed, 'somebody whose sound does not come leaves while another one waits for it', async ({ session, ann, bob }) => {
    await silent(bob, session);
    await connect(ann, session);
    await bob.eval(async () => (await watch.raw('silent')).call('leaveRoom'));
    return told(session, ann, 103);
  }),
  row('W007', 'raw', 'negotiation.peer_left', subscribeFailed, 'somebody leaves while a client makes its answer to the offer of their stream', async ({ session, ann, bob }) => {
    await connect(bob, session);
    const asked = await ann.eval(async ({ token, url, id }) => {
      const door = await watch.raw('slow', url);
      await door.join(token, 'slow');
      return (await door.call('prepareReceiveVideoFrom', { sender: id })).result?.sdpOffer;
    }, { token: session.token, url: claims(session.token).wsUrl, id: bob.id });
    assert.ok(asked, 'the server offers');
    const state = await bob.act('call', 'Session.getSessionState');
    const stream = state.participants.find((p: any) => p.id === bob.id).streams[0].id;
    await bob.act('call', 'Session.disconnect');
    await ann.until('the server to have told that bob left', async () => (await watch.raw('slow')).told.includes('participantLeft'));
    return frames(session, ann, async ({ other }) => {
      const door = await watch.raw('slow');
      const [id, offer] = JSON.parse(other);
      return door.answer(id, offer);
    }, JSON.stringify([stream, asked]));
  }),
  row('W008', 'watch', 'peer.name_taken', joinFailed, 'somebody joins under a name that is in the session', async ({ session, ann, bob }) => {
    await connect(bob, session, { name: 'ann' });
    return failed(session, ann, () => ann.attempt('connect', session.token, 'ann'));
  }),
  row('W009', 'watch', 'capture.nothing_requested', unheard, 'the app connects to send, and wants neither audio nor video', ({ session, ann }) =>
    failed(session, ann, () => ann.attempt('connect', session.token, 'ann', { audio: false, video: false }))),
  row('W010', 'raw', 'sdp.answer_unexpected', subscribeFailed, 'a client answers an offer that was never made', async ({ session, ann, bob }) => {
    await connect(bob, session);
    return frames(session, ann, async ({ token, url, other }) => {
      const door = await watch.raw('hasty', url);
      const { result } = await door.join(token, 'hasty');
      const stream = result.value.find((p: any) => p.id === other).streams[0].id;
      return door.call('receiveVideoFrom', { sender: stream, sdpAnswer: 'v=0\r\n' });
    }, bob.id);
  }),
  row('W011', 'raw', 'stream.not_published', subscribeFailed, 'a client wants to receive somebody who only watches', async ({ session, ann, bob }) => {
    await bob.act('call', 'Session.connectAsAViewer', session.token, 'bob');
    return frames(session, ann, async ({ token, url }) => {
      const door = await watch.raw('asker', url);
      const { result } = await door.join(token, 'asker');
      return door.call('prepareReceiveVideoFrom', { sender: result.value[0].id });
    });
  }),
  row('W012', 'watch', 'permission.sync', untyped('message'), 'somebody who is not the synchroniser says where the player is', async ({ session, ann, bob }) => {
    await connect(bob, session);
    await connect(ann, session);
    return failed(session, ann, () => ann.attempt('call', 'Session.sendPlayerData', 1234));
  }),
  row('W013', 'raw', 'reconnect.secret', { ...turnedAway, roomless: true }, 'a client comes back with a secret that nobody was given', ({ session, ann }) =>
    frames(session, ann, async ({ token, url, other }) => {
      const door = await watch.raw('forger', url);
      return door.join(token, 'forger', { oldParticipantSecret: other });
    }, randomUUID())),
  row('W014', 'watch', 'room.locked', turnedAway, 'the backend has locked the session', async ({ t, session, ann }) => {
    const { rest } = await t.world();
    await rest.post(`/v2/rooms/${session.room}`, { locked: true });
    return failed(session, ann, () => ann.attempt('connect', session.token, 'ann'));
  }),
  injected('W015', 'server.invariant', joinFailed, 'the server is told to fail as for a counter that does not add up; it would take a bug of the server', ({ session, ann }) =>
    failed(session, ann, () => ann.attempt('connect', session.token, 'ann')), '-method', 'joinRoom'),
  row('W016', 'http', 'room.already_locked', untyped('call of the REST API'), 'the backend locks a session that it has locked; words by the catalogue', async ({ t, session }) => {
    const { rest } = await t.world();
    await rest.post(`/v2/rooms/${session.room}/lock`);
    const { fault: id = '', message: says } = await rest.post(`/v2/rooms/${session.room}/lock`).then(() => assert.fail('locked twice'), e => e as RedialError);
    const { isTerminal: terminal, canRetry: retry } = fault(id)!;
    return { shown: { ...wording('sceenic', 'room.already_locked')!, terminal, retry, fault: id, says }, who: who(session) };
  }, { expect: { code: 201, terminal: false, retry: false, fault: 'room.already_locked' } }),
  row('W017', 'watch', 'room.ended', { none: 'that a backend ends a session is no failure' }, 'the backend ends the session', async ({ t, session, ann }) => {
    await connect(ann, session);
    const { rest } = await t.world();
    await rest.post(`/v2/active-rooms/${session.room}/end-room`, { reason: 'over', lock: false });
    return told(session, ann, 203);
  }),
  row('W018', 'watch', 'room.streaming_full', { type: 'client.publish.failed', times: 3 }, // each track, and the call
    'one more than may stream joins to stream; somebody who only watches does not count', async ({ t, session, ann, bob }) => {
    const { rest } = await t.world();
    await rest.post(`/v2/rooms/${session.room}`, { max_streaming: 1 });
    await connect(bob, session);
    await ann.act('call', 'Session.connectAsAViewer', session.token, 'ann');
    await ann.act('reset');
    return failed(session, ann, () => ann.attempt('connect', session.token, 'ann'));
  }),
  row('W019', 'raw', 'subscribe.duplicate', subscribeFailed, 'a client asks again for a stream that it receives', async ({ session, ann, bob }) => {
    await connect(bob, session);
    return frames(session, ann, async ({ token, url, other }) => {
      const door = await watch.raw('twice', url);
      const { result } = await door.join(token, 'twice');
      const stream = result.value.find((p: any) => p.id === other).streams[0].id;
      const { result: { sdpOffer } } = await door.call('prepareReceiveVideoFrom', { sender: stream });
      const { error } = await door.answer(stream, sdpOffer);
      if (error) throw new Error(JSON.stringify(error));
      return door.call('prepareReceiveVideoFrom', { sender: stream });
    }, bob.id);
  }),
  row('W020', 'raw', 'negotiation.in_progress', subscribeFailed, 'a client asks again for a stream before it has answered the offer', async ({ session, ann, bob }) => {
    await connect(bob, session);
    return frames(session, ann, async ({ token, url, other }) => {
      const door = await watch.raw('twice', url);
      await door.join(token, 'twice');
      await door.call('prepareReceiveVideoFrom', { sender: other });
      return door.call('prepareReceiveVideoFrom', { sender: other });
    }, bob.id);
  }),
  row('W021', 'watch', 'negotiation.timeout', subscribeFailed, 'the sound that somebody announced does not come, and another one waits for it', async ({ session, ann, bob }) => {
    await silent(bob, session);
    await connect(ann, session);
    return told(session, ann, 303, 15_000);
  }, { idle: true }),
  injected('W022', 'media_node.unreachable', { type: 'client.publish.failed' }, 'the media engine is told not to be there', ({ session, ann }) =>
    failed(session, ann, () => ann.attempt('connect', session.token, 'ann')), '-at', 'engine'),
  injected('W023', 'media_node.response', { type: 'client.publish.failed' }, 'the media engine is told to answer nonsense', ({ session, ann }) =>
    failed(session, ann, () => ann.attempt('connect', session.token, 'ann')), '-at', 'engine'),
  row('W024', 'raw', 'signal.method_unknown', untyped('call that there is not'), 'a client calls a method that there is not', ({ session, ann }) =>
    frames(session, ann, async ({ token, url }) => {
      const door = await watch.raw('newer', url);
      await door.join(token, 'newer');
      return door.call('makeCoffee');
    })),
  row('W025', 'watch', 'request.field_missing', { ...turnedAway, roomless: true }, 'the app connects without a name', ({ session, ann }) =>
    failed(session, ann, () => ann.attempt('connect', session.token, ''))),
  injected('W026', 'server.internal', joinFailed, 'the server is told to fail by itself', ({ session, ann }) =>
    failed(session, ann, () => ann.attempt('connect', session.token, 'ann')), '-at', 'call', '-method', 'joinRoom'),
  row('W027', 'watch', 'join.abandoned', joinFailed, 'the app disconnects while it is joining', ({ session, ann }) =>
    failed(session, ann, () => ann.eval(token => watch.abandon(token), session.token))),
  row('W028', 'raw', 'feature.unsupported', untyped('call'), 'a client asks for a filter on its video', ({ session, ann }) =>
    frames(session, ann, async ({ token, url }) => {
      const door = await watch.raw('vain', url);
      await door.join(token, 'vain');
      return door.call('applyFilter', { streamId: 'x' });
    })),
  row('W029', 'watch', 'token.signature', { none: 'of tokens that nobody has signed the record keeps counts' }, 'the token was signed by somebody without the secret', ({ session, ann }) =>
    failed(session, ann, () => ann.attempt('connect', session.token.replace(/[^.]*$/, randomBytes(32).toString('base64url')), 'ann'))),
  refused('W030', 'token.payload', 'the payload of the token is not base64url', s => altered(s, '%%%')),
  refused('W031', 'token.payload_json', 'the payload of the token is no JSON', s => altered(s, Buffer.from('rid=1').toString('base64url'))),
  refused('W032', 'endpoint.invalid', 'the token names the address of a page for that of a socket', s => claiming(s, { wsUrl: 'https://example.org' })),
  refused('W033', 'ice.server_invalid', 'the token names an ICE server that is none', s => claiming(s, { iceServers: [{ urls: 'example.org' }] })),
];
