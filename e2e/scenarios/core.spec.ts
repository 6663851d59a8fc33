// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// web/core by itself, over the door that it shares with OpenVidu's clients.
import { randomUUID } from 'node:crypto';
import { AppTab } from '../lib/apptab.ts';
import { assert, poll } from '../lib/check.ts';
import { backend, OpenViduRole } from '../lib/openvidu.ts';
import { scenario, test } from '../lib/scenario.ts';

test.describe('core', () => {
  scenario('core-call', async t => {
    const office = await backend(t);
    const session = await office.createSession({ customSessionId: `core-${randomUUID().slice(0, 8)}` });
    const join = async (name: string, role = OpenViduRole.PUBLISHER) => {
      const tab = await AppTab.open(t, 'core.html', name);
      const { token } = await session.createConnection({ role });
      const url = new URL('/openvidu', token);
      tab.id = await tab.act('join', url.href, token, JSON.stringify({ clientData: name }));
      return tab;
    };

    // A stream is published while the camera is still being opened.
    const ann = await join('ann', OpenViduRole.MODERATOR);
    await ann.act('publish');
    const bob = await join('bob');
    await bob.act('publish');
    await Promise.all([ann.receives(bob.id), bob.receives(ann.id)]);
    await ann.noticed('speaking', p => p.id === bob.id && p.speaking); // the camera of the test beeps
    await bob.noticed('speaking', p => p.id === bob.id && p.speaking); // and itself

    await bob.act('mute', 'audio', false);
    await ann.noticed('streamChanged', c => c.participant === bob.id && c.kind === 'audio' && !c.active);
    await ann.noticed('speaking', p => p.id === bob.id && !p.speaking);
    await ann.act('send', 'hello');
    for (const tab of [ann, bob]) assert.equal((await tab.noticed('message', m => m.data === 'hello')).from, ann.id);

    // A socket drops: media goes on, what was said and done meanwhile arrives.
    const connections = () => ann.eval(() => probe.connections.length);
    const had = await connections();
    await ann.dropSocket();
    await bob.act('send', 'are you there');
    await ann.act('mute', 'video', false); // waits for the socket
    await ann.noticed('reconnected');
    await ann.noticed('message', m => m.data === 'are you there');
    await bob.noticed('streamChanged', c => c.participant === ann.id && c.kind === 'video' && !c.active);
    await ann.act('mute', 'video', true);
    await Promise.all([ann.receives(bob.id, { sound: false }), bob.receives(ann.id)]);
    assert.equal(await connections(), had, 'media was left alone');
    assert.ok(!(await bob.told()).some(n => n.kind === 'participantLeft'), 'ann has her place');

    const [sent] = (await bob.act('stats')).filter((s: any) => s.participant === bob.id);
    assert.ok(sent.tracks.some((r: any) => r.direction === 'sent' && r.kind === 'video' && r.packets > 0), JSON.stringify(sent));

    // A stream ends and begins anew; a refusal is a fault of the catalogue.
    await bob.act('unpublish');
    await ann.noticed('streamRemoved', s => s.participant === bob.id);
    await bob.act('publish');
    await ann.receives(bob.id);
    const viewer = await join('eve', OpenViduRole.SUBSCRIBER);
    const refused = await viewer.attempt('publish');
    assert.deepEqual({ fault: refused.error?.fault, explained: refused.error?.explained }, { fault: 'permission.publish', explained: 'permission.publish' }, JSON.stringify(refused));

    await bob.act('leave');
    await ann.noticed('participantLeft', p => p.id === bob.id);
    await session.close();
    assert.equal((await ann.noticed('ended')).fault, 'room.ended');
    await poll('nothing of ann to be open', () => ann.eval(() => probe.connections.every(c => c.signalingState === 'closed')));
    const after = await (await AppTab.open(t, 'core.html', 'late')).attempt('join', 'ws://127.0.0.1:9/openvidu', 'x', '');
    assert.equal(after.error?.fault, 'endpoint.unreachable', JSON.stringify(after));
  });
});
