// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Backends with the 100ms server SDK: each of its methods works, or is refused as
// the reference says.
import { randomUUID } from 'node:crypto';
import { assert } from '../lib/check.ts';
import { scenario, test } from '../lib/scenario.ts';
import { documented, methods, withSDK } from '../lib/serversdk.ts';

const nowhere = { meeting_url: 'https://app.example/meeting', rtmp_urls: ['rtmp://stream.example/live/key'] };

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of list) found.push(one);
  return found;
}

test.describe('server-sdk', () => {
  scenario('server-sdk', async t => {
    const { server } = await t.world();
    const { room: { id: room }, alice, bob } = await t.call({ alice: 'host', bob: 'guest' });
    await alice.knows(bob);
    await withSDK(server, async sdk => {
      const outcome: Record<string, string> = {};
      // does makes a call that works, and returns what came back.
      const does = async <T>(method: string, call: Promise<T>): Promise<T> => {
        const result = await call;
        outcome[method] = 'works';
        return result;
      };
      // refused makes a call that the server has words for.
      const refused = async (method: string, call: Promise<unknown>) => {
        await assert.rejects(call, (e: { code: number; message: string }) => {
          assert.equal(e.code, 400, `${method}: ${JSON.stringify(e)}`);
          assert.match(e.message, /^This feature is not part of the server \(feature: (recording|HLS streaming|RTMP streaming)/);
          return true;
        });
        outcome[method] = '`feature.unsupported`';
      };
      const empty = async (method: string, list: AsyncIterable<unknown>) => {
        assert.deepEqual(await all(list), [], method);
        outcome[method] = 'empty';
      };

      // Tokens, which the SDK signs itself.
      const { token } = await does('auth.getAuthToken', sdk.auth.getAuthToken({ roomId: room, role: 'guest', userId: 'carl' }));
      const answer = await fetch(`${server.url}/init?peer_id=${randomUUID()}`, { headers: { Authorization: `Bearer ${token}` } });
      assert.equal(answer.status, 200, 'a token of the SDK opens the door');
      await does('auth.getManagementToken', sdk.auth.getManagementToken());

      const name = `sdk-${Date.now()}`;
      const made = await does('rooms.create', sdk.rooms.create({ name, description: 'by a backend', recording_info: { enabled: false } }));
      assert.equal((await does('rooms.retrieveById', sdk.rooms.retrieveById(made.id))).name, name);
      assert.equal((await does('rooms.retrieveByName', sdk.rooms.retrieveByName(name))).id, made.id);
      assert.equal((await does('rooms.update', sdk.rooms.update(made.id, { description: 'changed' }))).description, 'changed');
      assert.equal((await does('rooms.enableOrDisable', sdk.rooms.enableOrDisable(made.id, false))).enabled, false);
      const off = await does('rooms.list', all(sdk.rooms.list({ enabled: false })));
      assert.ok(off.some(r => r.id === made.id) && off.every(r => !r.enabled));
      assert.ok(made.created_at instanceof Date);
      await sdk.rooms.enableOrDisable(made.id, true);
      await assert.rejects(sdk.rooms.create({ recording_info: { enabled: true } }), { code: 400 });

      const codes = await does('roomCodes.create', sdk.roomCodes.create(made.id));
      assert.deepEqual(codes.map(c => c.role).sort(), ['guest', 'host', 'viewer']);
      assert.equal((await does('roomCodes.list', all(sdk.roomCodes.list(made.id)))).length, 3);
      const code = await does('roomCodes.createForRole', sdk.roomCodes.createForRole(made.id, 'guest'));
      assert.equal((await does('roomCodes.enableOrDisable', sdk.roomCodes.enableOrDisable(code.code, false))).enabled, false);

      const active = await does('activeRooms.retrieve', sdk.activeRooms.retrieve(room));
      assert.ok(active.session.peers.includes(bob.id));
      assert.ok(bob.id in await does('activeRooms.retrieveActivePeers', sdk.activeRooms.retrieveActivePeers(room)));
      const details = await does('activeRooms.retrievePeerDetails', sdk.activeRooms.retrievePeerDetails(room, alice.id));
      assert.ok(Object.keys(details.tracks).length > 0, 'with its tracks');
      await does('activeRooms.sendMessage', sdk.activeRooms.sendMessage(room, { message: 'from the SDK', type: 'notice' }));
      await alice.noticed('NEW_MESSAGE', m => m.message === 'from the SDK');
      await does('activeRooms.updatePeer', sdk.activeRooms.updatePeer(room, bob.id, { name: 'Robert' }));
      await alice.until('bob is called Robert', id => tab.state().peers[id].name === 'Robert', bob.id);

      const session = await does('sessions.retrieveActiveByRoom', sdk.sessions.retrieveActiveByRoom(room));
      assert.equal(session.id, alice.sessionId);
      assert.equal((await does('sessions.retrieveById', sdk.sessions.retrieveById(session.id))).room_id, room);
      assert.ok((await does('sessions.list', all(sdk.sessions.list({ room_id: room })))).some(s => s.id === session.id));

      const tracks = await does('analytics.listTrackEvents', all(sdk.analytics.listTrackEvents({ room_id: room, type: ['track.add.success', 'track.remove.success'] })));
      assert.ok(tracks.length > 0 && tracks.every(e => e.data.room_id === room));
      await empty('analytics.listRecordingEvents', sdk.analytics.listRecordingEvents({ room_id: room, type: 'beam.recording.success' }));

      await does('activeRooms.removePeer', sdk.activeRooms.removePeer(room, { peer_id: bob.id, reason: 'enough' }));
      await bob.noticed('ROOM_ENDED');
      await does('activeRooms.end', sdk.activeRooms.end(room, { reason: 'night', lock: false }));
      await alice.noticed('ROOM_ENDED');

      await empty('recordings.list', sdk.recordings.list());
      await empty('recordingAssets.list', sdk.recordingAssets.list({ room_id: room }));
      await empty('liveStreams.list', sdk.liveStreams.list());
      await empty('externalStreams.list', sdk.externalStreams.list({ room_id: room }));
      await refused('recordings.retrieve', sdk.recordings.retrieve('x'));
      await refused('recordings.start', sdk.recordings.start(room, nowhere));
      await refused('recordings.stop', sdk.recordings.stop('x'));
      await refused('recordings.stopAll', sdk.recordings.stopAll(room));
      await refused('recordingAssets.retrieve', sdk.recordingAssets.retrieve('x'));
      await refused('recordingAssets.generatePreSignedURL', sdk.recordingAssets.generatePreSignedURL('x', 60));
      await refused('liveStreams.retrieve', sdk.liveStreams.retrieve('x'));
      await refused('liveStreams.start', sdk.liveStreams.start(room, nowhere));
      await refused('liveStreams.sendTimedMetadata', sdk.liveStreams.sendTimedMetadata('x', { payload: 'hi', duration: 2 }));
      await refused('liveStreams.pauseRecording', sdk.liveStreams.pauseRecording('x'));
      await refused('liveStreams.resumeRecording', sdk.liveStreams.resumeRecording('x'));
      await refused('liveStreams.stop', sdk.liveStreams.stop('x'));
      await refused('liveStreams.stopAll', sdk.liveStreams.stopAll(room));
      await refused('externalStreams.retrieve', sdk.externalStreams.retrieve('x'));
      await refused('externalStreams.start', sdk.externalStreams.start(room, nowhere));
      await refused('externalStreams.stop', sdk.externalStreams.stop('x'));
      await refused('externalStreams.stopAll', sdk.externalStreams.stopAll(room));

      assert.deepEqual(Object.keys(outcome).sort(), methods(sdk), 'every method was called');
      assert.deepEqual(outcome, documented(), 'docs/rest.md says what each does');
      assert.equal(methods(sdk).length, 45);
    });
  });
});
