// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import './binary.mjs';
import { connectRedial, RedialError, startRedial } from '@redial-rtc/testing';

let redial;
before(async () => { redial = await startRedial(); });
after(() => redial.stop());

// knock asks to be let in, as the SDK does first, and returns the refusal.
async function knock(token, from = redial) {
  const reply = await fetch(`${from.url}/init?peer_id=${crypto.randomUUID()}`, { headers: { authorization: `Bearer ${token}` } });
  const body = await reply.json();
  return reply.ok ? undefined : body.fault?.id ?? body.fault ?? body;
}

describe('tokens', () => {
  const cases = {
    good: [{}, undefined],
    'of a role': [{ role: 'host', user: 'ann' }, undefined],
    'of a user whose id is awkward in base64': [{ user: '??>>~~ é 😀' }, undefined],
    'of a room that does not exist': [{ room: '6b024ea3d5091e006b0db37f' }, 'token.room'],
    'of a role the room does not have': [{ role: 'pope' }, 'token.role'],
    expired: [{ lifetime: '-5m' }, 'token.expired'],
    'not yet good': [{ begins: '1h' }, 'token.not_yet_valid'],
    revoked: [{ revoked: true }, 'token.revoked'],
    forged: [{ forged: true }, 'token.signature'],
  };
  for (const [name, [claims, want]] of Object.entries(cases)) {
    test(name, async () => {
      const room = await redial.createRoom();
      const token = await redial.token({ room: room.id, ...claims });
      assert.match(token.split('.')[1], /^[A-Za-z0-9+/]*$/, 'the payload is base64 that atob reads');
      assert.equal(await knock(token), want);
    });
  }
});

test('a room code is exchanged for a token that is good', async () => {
  const room = await redial.createRoom();
  const code = await redial.roomCode({ room: room.id, role: 'host' });
  const { token } = await redial.request('POST', '/v2/token', { code, user_id: 'ann' }, { token: null });
  assert.equal(await knock(token), undefined);
  await assert.rejects(redial.roomCode({ room: room.id, role: 'pope' }), { fault: 'role.not_found' });
});

test('an injection is met, on record, and over when it is cleared', async () => {
  const room = await redial.createRoom({ name: 'closed' });
  const token = await redial.token({ room: room.id, user: 'ann' });
  const injection = await redial.inject({ fault: 'room.locked', room: 'closed', user: 'ann', for: 90_000, probability: 1 });
  assert.equal(injection.fault, 'room.locked');
  assert.ok(Date.parse(injection.ends) - Date.parse(injection.begins) === 90_000);
  assert.equal(await knock(token), 'room.locked');
  assert.equal(await knock(await redial.token({ room: room.id, user: 'bob' })), undefined);
  const event = await redial.waitForEvent({ room_id: room.id, error: true });
  assert.equal(event.data.error_code, 403);
  assert.equal(event.redial.injected, true);
  assert.deepEqual((await redial.events({ room_id: room.id, error: true })).map(e => e.id), [event.id]);
  await injection.clear();
  await injection.clear(); // no harm
  assert.equal(await knock(token), undefined);

  const scoped = await redial.inject({ fault: 'room.locked', room: room.id, for: '1h' });
  await scoped[Symbol.asyncDispose]();
  await redial.inject({ fault: 'room.locked', room: room.id, for: '1h' });
  assert.equal(await redial.clearInjections({ room: room.id }), 1);
  assert.equal(await knock(token), undefined);
});

describe('tokens of OpenTok apps', () => {
  const cases = {
    good: [{ role: 'moderator', data: 'ann' }, 200],
    expired: [{ lifetime: '-5m' }, 403, 'token.expired'],
    forged: [{ forged: true }, 403, 'token.signature'],
    'of a role that there is not': [{ role: 'pope' }, 403, 'token.role'],
  };
  for (const [name, [claims, status, fault]] of Object.entries(cases)) {
    test(name, async () => {
      const { apiKey, sessionId, room } = await redial.openTokSession();
      const reply = await fetch(`${redial.url}/opentok/v1/sessions/${sessionId}`, { headers: { 'x-api-key': apiKey, authorization: `Bearer ${redial.openTokToken({ session: sessionId, ...claims })}` } });
      const body = await reply.json();
      assert.deepEqual([reply.status, body.fault], [status, fault], JSON.stringify(body));
      if (!fault) {
        assert.deepEqual([body.role, body.connection_data], ['moderator', 'ann']);
        assert.equal((await redial.inject({ fault: 'OT_STREAM_CREATE_FAILED', room, user: 'x', for: '1s' })).fault, 'stream.create_failed');
      }
    });
  }
  test('of a server whose project is not known', () => assert.throws(() => connectRedial({ url: redial.url, managementToken: 'x' }).openTokToken({ session: 'x' }), /openTok/));
});

test('an event that is yet to come is told as it comes', async () => {
  const room = await redial.createRoom();
  const token = await redial.token({ room: room.id, lifetime: '-1m', user: 'late' });
  const told = new Set();
  // The record is read at once and a second later; the stream is quicker.
  const waiting = redial.waitForEvent({ room_id: room.id }, { match: e => told.add(e.id).size > 1, timeout: 20_000 });
  await knock(token);
  await knock(token);
  assert.equal((await waiting).data.user_id, 'late');
});

test('waiting in vain says what is there instead', async () => {
  const room = await redial.createRoom();
  await knock(await redial.token({ room: room.id, forged: true, user: 'eve' }));
  await redial.waitForEvent({ room_id: room.id });
  await assert.rejects(redial.waitForEvent({ room_id: room.id, fault: 'room.full' }, { timeout: 300 }),
    /no event matched room_id=\w+&fault=room\.full within 300 ms. On record\n.*fault=token\.signature user=eve/);
  await assert.rejects(redial.waitForEvent({ room_id: room.id }, { match: () => { throw new Error('from the test'); } }), /^Error: from the test$/);
});

test('events are read to the end', async () => {
  const room = await redial.createRoom();
  await knock(await redial.token({ room: room.id, forged: true }));
  const event = await redial.waitForEvent({ room_id: room.id });
  const copies = Array.from({ length: 104 }, () => ({ ...event, id: crypto.randomUUID() }));
  assert.equal((await redial.request('POST', '/api/v1/events', copies)).refused, 0);
  const all = await redial.events({ room_id: room.id });
  assert.equal(new Set(all.map(e => e.id)).size, 105);
  assert.equal((await redial.events({ room_id: room.id, limit: 5 })).length, 5);
});

test('refusals are errors with the fault in them', async () => {
  await assert.rejects(redial.request('GET', '/v2/rooms/nowhere'), e => {
    assert.ok(e instanceof RedialError);
    assert.equal(e.status, 404);
    assert.equal(e.fault, 'room.not_found');
    assert.match(e.message, /^GET \/v2\/rooms\/nowhere: 404 The room does not exist/);
    return true;
  });
  await assert.rejects(redial.inject({ fault: 'no.such', room: 'demo' }), { fault: 'catalogue.unknown' });
  await assert.rejects(redial.inject({ fault: '4005', room: 'demo', for: 'ages' }), /for is "ages"/);
  await assert.rejects(redial.token({}), /room is missing/);
  await assert.rejects(redial.token({ room: 'r', lifetime: 'long' }), /lifetime is "long"/);
  await assert.rejects(redial.request('GET', '/v2/rooms', undefined, { token: null }), { fault: 'token.missing' });
});

test('a server that runs elsewhere', async () => {
  const { url, managementToken, accessKey, secret } = redial;
  const there = connectRedial({ url: `${url}/`, managementToken, accessKey, secret });
  const room = await there.createRoom();
  assert.equal(await knock(await there.token({ room: room.id }), there), undefined);
  await assert.rejects(there.kill(), /was not started here/);
  await there.stop(); // nothing of ours to stop
  const stranger = connectRedial({ url, managementToken: 'x' });
  await assert.rejects(stranger.createRoom(), { status: 401 });
  await assert.rejects(stranger.token({ room: room.id }), /give them to connectRedial/);
});
