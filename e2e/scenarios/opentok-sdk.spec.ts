// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Every call of the official Node SDKs of OpenTok, unmodified: what docs/opentok.md
// says works does, and the rest is refused as it says.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Auth } from '@vonage/auth';
import { Video } from '@vonage/video';
import OpenTok from 'opentok';
import { assert, poll } from '../lib/check.ts';
import { backend, OpenViduTab } from '../lib/openvidu.ts';
import { scenario, test } from '../lib/scenario.ts';
import { root } from '../lib/setup.ts';
import { World } from '../lib/world.ts';

// documented is what docs/opentok.md says of each method.
function documented(): Record<string, string> {
  const [, table] = readFileSync(`${root}/docs/opentok.md`, 'utf8').split(/<!-- \/?sdk -->/);
  const all: Record<string, string> = {};
  for (const [, methods, what] of table!.matchAll(/^\| (`.+?`) \| (.+?) \|$/gm)) for (const [, name] of methods!.matchAll(/`(\w+)`/g)) all[name!] = what!;
  return all;
}

const unsupported = /not part of the server/;

test.describe('opentok', () => {
  scenario('opentok-sdk', async t => {
    const world = await t.world();
    assert.ok(world instanceof World);
    const { url, apiKey, apiSecret } = world.server.openTok;
    const office = new OpenTok(apiKey, apiSecret, url);
    const used = new Map<string, string>();
    // ask makes a call, whose callback is its last argument.
    const ask = (method: string, ...args: unknown[]): Promise<any> => new Promise((settle, fail) => {
      used.set(method, 'works');
      office[method](...args, (error: Error | null, value: unknown) => (error ? fail(error) : settle(value)));
    });
    const refused = async (method: string, ...args: unknown[]) => {
      const error: Error = await ask(method, ...args).then(() => assert.fail(`${method} works`), e => e);
      assert.match(error.message, unsupported, method);
      used.set(method, 'refused: `feature.unsupported`');
    };

    // Sessions and tokens. A session of a name is in the room of that name.
    const name = `opentok-${Date.now()}`;
    const { sessionId } = await ask('createSession', { mediaMode: 'routed', name });
    const relayed = await ask('createSession', {});
    assert.notEqual(relayed.sessionId, sessionId);
    await assert.rejects(ask('createSession', { mediaMode: 'routed', archiveMode: 'always' }), unsupported);
    used.set('generateToken', 'works');
    const enter = (token: string, session = sessionId, key = apiKey) =>
      fetch(`${url}/opentok/v1/sessions/${session}`, { headers: { 'x-api-key': key, authorization: `Bearer ${token}` } });
    for (const old of [false, true]) {
      const reply = await enter(office.generateToken(sessionId, { role: 'moderator', data: 'ann' }, old));
      const info: any = await reply.json();
      assert.deepEqual([reply.status, info.role, info.connection_data, info.capabilities.forceMute], [200, 'moderator', 'ann', 1]);
    }
    const stranger: any = await (await enter(new OpenTok(apiKey, 'x'.repeat(40), url).generateToken(sessionId))).json();
    assert.deepEqual([stranger.code, stranger.name], [1004, 'OT_AUTHENTICATION_ERROR']);

    // Somebody is there, and publishes.
    const session = await (await backend(t)).createSession({ customSessionId: name });
    const ann = await OpenViduTab.join(t, session, 'ann');
    const [stream] = await poll('a stream', async () => {
      const all = await ask('listStreams', sessionId);
      return all.length ? all : undefined;
    });
    assert.deepEqual({ ...(await ask('getStream', sessionId, stream.id)) }, { id: stream.id, videoType: 'camera', name: '', layoutClassList: [] });
    await ask('setStreamClassLists', sessionId, [{ id: stream.id, layoutClassList: ['focus'] }]);
    assert.deepEqual((await ask('listStreams', sessionId))[0].layoutClassList, ['focus']);
    await ask('signal', sessionId, null, { type: 'chat', data: 'hello' });
    await ask('signal', sessionId, ann.id, { type: 'chat', data: 'hello' });
    await assert.rejects(ask('signal', sessionId, 'nobody', { data: 'x' }), /not found/);
    await assert.rejects(ask('signal', sessionId, null, { data: 'x'.repeat(8193) }), /too (long|large)/i);
    await ask('forceMuteStream', sessionId, stream.id);
    await ask('forceMuteAll', sessionId, { excludedStreams: [stream.id] });
    await ask('disableForceMute', sessionId);
    await assert.rejects(ask('forceMuteAll', relayed.sessionId, {}), /not found/i);
    await assert.rejects(ask('getStream', sessionId, 'nothing-like-it'), /not found|404/i);

    // What is not part of this server.
    await refused('playDTMF', sessionId, null, '1');
    await refused('dial', sessionId, 'token', 'sip:user@example.org', {});
    await refused('startArchive', sessionId, {});
    for (const method of ['stopArchive', 'getArchive', 'deleteArchive']) await refused(method, 'id');
    await refused('listArchives', {});
    await refused('setArchiveLayout', 'id', 'pip', null, null);
    for (const what of ['Archive', 'Broadcast']) {
      await refused(`add${what}Stream`, 'id', stream.id, {});
      await refused(`remove${what}Stream`, 'id', stream.id);
    }
    await refused('startBroadcast', sessionId, { outputs: { hls: {} } });
    for (const method of ['stopBroadcast', 'getBroadcast']) await refused(method, 'id');
    await refused('listBroadcasts', {});
    await refused('setBroadcastLayout', 'id', 'pip', null, null);
    await refused('startRender', { sessionId, url: 'https://example.org' });
    for (const method of ['getRender', 'stopRender']) await refused(method, 'id');
    await refused('listRenders', {});
    await refused('startCaptions', sessionId, 'token', {});
    await refused('stopCaptions', 'id');
    await refused('websocketConnect', sessionId, 'token', 'wss://example.org', {});
    await refused('registerCallback', { group: 'connection', event: 'created', url: 'https://example.org' });
    await refused('unregisterCallback', 'id');
    assert.deepEqual(await ask('listCallbacks'), []);

    await ask('forceDisconnect', sessionId, ann.id);
    await poll('nobody is there', async () => (await ask('listStreams', sessionId)).length === 0 || undefined);
    await assert.rejects(ask('forceDisconnect', sessionId, ann.id), /not found/i);

    const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(office)).concat(Object.keys(office).filter(k => typeof office[k] === 'function'))
      .filter(k => k !== 'constructor' && k !== 'generateJwt').sort();
    assert.deepEqual([...used.keys()].sort(), methods, 'every method is called');
    const said = documented();
    assert.deepEqual(Object.fromEntries([...used].map(([k]) => [k, said[k]])), Object.fromEntries(used), 'docs/opentok.md');
  });

  // An application signs with a private key, of which the server has the public half.
  scenario('opentok-vonage', async t => {
    const world = await t.world();
    assert.ok(world instanceof World);
    const { url } = world.server.openTok;
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
    const made = await fetch(`${url}/api/v1/projects`, {
      method: 'POST', headers: { authorization: `Bearer ${world.server.managementToken}`, 'content-type': 'application/json' }, body: JSON.stringify({ public_key: publicKey }),
    });
    const { key }: any = await made.json();
    assert.equal(made.status, 201);
    const office = new Video(new Auth({ applicationId: key, privateKey }), { videoHost: url });
    const { sessionId } = await office.createSession({});
    const token = office.generateClientToken(sessionId, { role: 'moderator' });
    const reply = await fetch(`${url}/opentok/v1/sessions/${sessionId}`, { headers: { 'x-api-key': key, authorization: `Bearer ${token}` } });
    assert.equal(reply.status, 200, await reply.clone().text());
    const nobody = async (what: string, call: Promise<unknown>, status: number) => {
      const error: any = await call.then(() => assert.fail(`${what} works`), e => e);
      assert.equal(error.response?.status, status, `${what}: ${error.message}`);
    };
    await nobody('a signal', office.sendSignal({ type: 'chat', data: 'x' }, sessionId), 404);
    await nobody('a mute', office.forceMuteAll(sessionId, []), 404);
    await nobody('a stream', office.getStreamInfo(sessionId, 'nothing-like-it'), 404);
    await nobody('a disconnect', office.disconnectClient(sessionId, 'nobody'), 404);
    await nobody('archives', office.searchArchives({}), 501);
    await nobody('an archive', office.startArchive(sessionId, {}), 501);
    await nobody('broadcasts', office.searchBroadcasts({}), 501);
    await nobody('captions', office.enableCaptions(sessionId, token), 501);
  });
});
