// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Every call of openvidu-node-client, unmodified, with what its types promise of
// the answer. What is not part of this server is refused with the status that
// OpenVidu documents for what is not enabled.
import { randomUUID } from 'node:crypto';
import { ConnectionType, MediaMode, OpenVidu, RecordingMode, Session, VideoCodec, type Connection } from 'openvidu-node-client';
import { assert, poll } from '../lib/check.ts';
import { backend, OpenViduRole, OpenViduTab } from '../lib/openvidu.ts';
import { scenario, test } from '../lib/scenario.ts';

// calls are the methods of a class that are no helpers of its own.
const calls = (of: { prototype: object }, helpers: string[]) =>
  Object.getOwnPropertyNames(of.prototype).filter(name => name !== 'constructor' && !helpers.includes(name)).sort();

test.describe('openvidu', () => {
  scenario('openvidu-backend', async t => {
    const used = new Set<string>();
    // watched notes which methods are called.
    const watched = <T extends object>(one: T): T => new Proxy(one, {
      get(target, name) {
        const value = (target as any)[name];
        if (typeof value !== 'function') return value;
        used.add(String(name));
        return value.bind(target);
      },
    });
    const refused = async (what: string, call: Promise<unknown>, status: string) => {
      const error: Error = await call.then(() => assert.fail(`${what} works`), e => e);
      assert.equal(error.message, status, what);
    };
    const office = watched(await backend(t));

    // Sessions: what is asked for is told, and the same session is found again.
    const customSessionId = `openvidu-${randomUUID().slice(0, 8)}`;
    const asked = { customSessionId, mediaMode: MediaMode.ROUTED, recordingMode: RecordingMode.MANUAL, forcedVideoCodec: VideoCodec.VP8, allowTranscoding: false };
    const made = await office.createSession({ ...asked });
    const session = watched(made);
    const again = await office.createSession({ customSessionId });
    assert.equal(again.createdAt, made.createdAt);
    assert.equal(session.getSessionId(), customSessionId);
    for (const [name, value] of Object.entries(asked)) assert.equal((made.properties as any)[name], value, name);
    await session.fetch();
    assert.equal(await session.fetch(), false, 'nothing has changed');

    // Connections, before somebody has taken them.
    const data = 'from the office';
    const connection = await session.createConnection({ type: ConnectionType.WEBRTC, role: OpenViduRole.SUBSCRIBER, data, record: false, customIceServers: [{ url: 'stun:127.0.0.1:9' }] });
    assert.deepEqual({ ...connection.connectionProperties, status: connection.status }, {
      type: 'WEBRTC', role: 'SUBSCRIBER', data, record: false, status: 'pending', customIceServers: [{ url: 'stun:127.0.0.1:9' }],
      kurentoOptions: null, rtspUri: null, adaptativeBitrate: null, onlyPlayWithSubscribers: null, networkCache: null,
    });
    assert.match(connection.token, /^wss?:\/\/[^?]+\?sessionId=[^&]+&token=tok_\w+$/);
    const token = await session.generateToken({ role: OpenViduRole.MODERATOR, data });
    assert.match(token, /^wss?:\/\//);
    await refused('an IP camera', session.createConnection({ type: ConnectionType.IPCAM, rtspUri: 'rtsp://127.0.0.1/x' }), '501');
    assert.equal(await session.fetch(), true);
    assert.equal(session.connections.length, 2);
    const raised = await session.updateConnection(connection.connectionId, { role: OpenViduRole.PUBLISHER, record: true });
    assert.deepEqual([raised!.connectionProperties.role, raised!.connectionProperties.record], ['PUBLISHER', true]);
    await refused('a role that there is not', session.updateConnection(connection.connectionId, { role: 'KING' as OpenViduRole }), '400');
    await refused('nobody', session.updateConnection('con_nobody', { role: OpenViduRole.PUBLISHER }), '404');

    // Two people.
    const ann = await OpenViduTab.open(t, 'ann');
    await ann.connect(token);
    const bob = await OpenViduTab.open(t, 'bob');
    await bob.connect(connection.token);
    assert.deepEqual(await bob.eval(() => ov.iceServers()), [{ urls: ['stun:127.0.0.1:9'] }], 'the backend names ICE servers');
    await bob.act('publish', { resolution: '640x480' });
    await ann.receives(bob.id);
    assert.equal(await office.fetch(), true);
    assert.equal(await session.fetch(), false, 'both objects are one');
    const of = (id: string): Connection => session.activeConnections.find(c => c.connectionId === id)!;
    const hers = of(ann.id), his = of(bob.id);
    for (const one of [hers, his]) {
      for (const name of ['location', 'ip', 'platform', 'clientData', 'token', 'serverData'] as const) assert.equal(typeof one[name], 'string', name);
      assert.ok(one.activeAt >= one.createdAt && one.status === 'active');
      assert.match(one.platform, /Chrom/);
      assert.equal(one.serverData, data);
    }
    assert.equal(his.clientData, '{"clientData":"bob"}');
    const [published] = his.publishers;
    assert.deepEqual([published.hasAudio, published.hasVideo, published.audioActive, published.videoActive, published.typeOfVideo, published.frameRate], [true, true, true, true, 'CAMERA', 15]);
    assert.equal(published.videoDimensions, '{"width":640,"height":480}');
    assert.deepEqual(hers.subscribers, [published.streamId]);
    const { changes } = await office.fetchWebRtc();
    assert.equal(typeof changes, 'boolean');
    assert.equal((of(bob.id).publishers[0] as any).streamId, published.streamId);

    // Another role, told to who has it; with it go the streams that it may not send.
    await session.updateConnection(bob.id, { role: OpenViduRole.SUBSCRIBER });
    assert.deepEqual(await bob.noticed('connectionPropertyChanged'), { property: 'role', value: 'SUBSCRIBER', old: 'PUBLISHER' });
    await ann.noticed('streamDestroyed', s => s.connection === bob.id && s.reason === 'unpublish');
    assert.equal((await bob.attempt('publish')).error?.name, 'OPENVIDU_PERMISSION_DENIED');
    await session.updateConnection(bob.id, { role: OpenViduRole.PUBLISHER });
    await bob.noticed('connectionPropertyChanged', p => p.value === 'PUBLISHER');
    await bob.act('publish');
    await ann.receives(bob.id);

    // The size of a picture changes, and the app of the other is told.
    await bob.act('resize', 240, 320);
    assert.deepEqual(await ann.noticed('streamPropertyChanged', p => p.property === 'videoDimensions' && p.value.width === 240), {
      connection: bob.id, property: 'videoDimensions', value: { width: 240, height: 320 }, reason: 'deviceRotated',
    });

    // Ending a stream, a connection and the session.
    await session.fetch();
    await session.forceUnpublish(of(bob.id).publishers[0]);
    await poll('bob to be told twice that his stream was ended', async () =>
      (await bob.told()).filter(n => n.kind === 'unpublished' && n.data.reason === 'forceUnpublishByServer').length === 2);
    await session.forceDisconnect(of(bob.id));
    assert.equal((await bob.noticed('sessionDisconnected')).reason, 'forceDisconnectByServer');
    await refused('a stream that has gone', session.forceUnpublish(published.streamId), '404');
    await refused('somebody who has gone', session.forceDisconnect(bob.id), '404');

    // What is not part of this server.
    await refused('recording', office.startRecording(customSessionId), '501');
    await refused('ending a recording', office.stopRecording('r'), '501');
    await refused('a recording', office.getRecording('r'), '501');
    await refused('the recordings', office.listRecordings(), '501');
    await refused('deleting a recording', office.deleteRecording('r'), '501');
    await refused('broadcasting', office.startBroadcast(customSessionId, 'rtmp://127.0.0.1/x'), '501');
    await refused('ending a broadcast', office.stopBroadcast(customSessionId), '501');

    await session.close();
    await ann.noticed('sessionDisconnected', s => s.reason === 'sessionClosedByServer');
    await refused('a session that has ended', session.fetch(), '404');
    await poll('the list to be without it', async () => { await office.fetch(); return !office.activeSessions.some(s => s.sessionId === customSessionId); });

    used.add('enableProdMode'); // by backend
    for (const name of calls(OpenVidu, ['getBasicAuth', 'setHostnameAndPort', 'handleError'])) assert.ok(used.has(name), `OpenVidu.${name} is not called here`);
    for (const name of calls(Session, ['getSessionHttp', 'resetWithJson', 'equalTo', 'removeCircularOpenViduReference', 'updateActiveConnectionsArray', 'sanitizeDefaultSessionProperties', 'formatMediaNodeObjectIfNecessary'])) {
      assert.ok(used.has(name), `Session.${name} is not called here`);
    }
  });

  // A publisher may send layers, and each receiver gets the one that it can take.
  scenario('openvidu-simulcast', async t => {
    const office = await backend(t);
    const session = await office.createSession();
    const ann = await OpenViduTab.join(t, session, 'ann', { publish: { resolution: '1280x720', videoSimulcast: true } });
    const bob = await OpenViduTab.join(t, session, 'bob', { publish: false });
    await bob.receives(ann.id);
    const sent: string[] = await poll('ann to send three layers', async () => {
      const rids: string[] = await ann.eval(() => ov.layers());
      return rids.length === 3 && rids;
    }, { ms: 30_000 });
    assert.deepEqual(sent.sort(), ['rdiv1', 'rdiv2', 'rdiv4']);
  });
});
