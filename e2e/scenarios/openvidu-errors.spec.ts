// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Fifteen ways to fail in openvidu-browser, and what its app is given: the number
// and name where the client hands them on, its own name where it has one, and the
// fault beside them.
import { randomUUID } from 'node:crypto';
import { assert, poll } from '../lib/check.ts';
import { backend, OpenViduRole, OpenViduTab, shown, type Shown } from '../lib/openvidu.ts';
import { inEachBrowser, test } from '../lib/scenario.ts';

test.describe('openvidu', () => {
  inEachBrowser('openvidu-errors', async (t, browser) => {
    const office = await backend(t);
    const name = `openvidu-${randomUUID().slice(0, 8)}`;
    const session = await office.createSession({ customSessionId: name });
    const seen: Record<string, Shown> = {};

    // Before somebody is inside.
    const mallory = await OpenViduTab.open(t, 'mallory', { browser });
    seen['a token that is no address'] = shown(await mallory.tryConnect('rubbish'));
    const { token } = await session.createConnection();
    seen['a session that there is not'] = shown(await mallory.tryConnect(token.replace(name, 'nowhere')));
    seen['a token that was never made'] = shown(await mallory.tryConnect(token.replace(/token=\w+/, 'token=tok_guess')));
    seen['publishing before connecting'] = shown(await mallory.attempt('publishUnconnected'));

    const ann = await OpenViduTab.join(t, session, 'ann', { browser, role: OpenViduRole.MODERATOR });
    const bob = await OpenViduTab.join(t, session, 'bob', { browser });
    const eve = await OpenViduTab.join(t, session, 'eve', { browser, role: OpenViduRole.SUBSCRIBER, publish: false });
    await ann.receives(bob.id);

    // What a role may not do.
    seen['publishing as a subscriber'] = shown(await eve.attempt('publish'));
    seen['removing somebody as a publisher'] = shown(await bob.attempt('remove', ann.id));
    await bob.noticed('streamCreated', s => s.connection === ann.id);
    seen['ending a stream as a publisher'] = shown(await bob.attempt('unpublishOther', ann.id));

    // What makes no sense.
    seen['publishing neither sound nor picture'] = shown(await bob.attempt('publishNothing'));
    seen['publishing a second stream'] = shown(await bob.attempt('publishAgain'));
    seen['a signal to nobody'] = shown(await ann.attempt('signalTo', 'con_nobody', 'x'));
    seen['a signal that is too long'] = shown(await ann.attempt('signal', { type: 'chat', data: 'x'.repeat(100_000) }));
    seen['a stream that has ended'] = shown(await ann.attempt('subscribeAgain', bob.id, 'str_CAM_gone'));
    seen['a filter'] = shown(await bob.attempt('filter'));
    seen['speech to text'] = shown(await bob.attempt('transcribe', ann.id));

    // Somebody who has left meanwhile.
    await ann.eval(id => { ov.keep(id); }, eve.id);
    await eve.act('disconnect');
    await ann.noticed('connectionDestroyed', c => c.id === eve.id);
    seen['removing somebody who has gone'] = shown(await ann.attempt('removeKept', eve.id));

    const denied = { code: 401, name: 'USER_UNAUTHORIZED_ERROR_CODE' };
    assert.deepEqual(seen, {
      'a token that is no address': { name: 'Error' },
      'a session that there is not': { code: 202, name: 'ROOM_NOT_FOUND_ERROR_CODE', fault: 'room.not_found' },
      'a token that was never made': { ...denied, fault: 'token.spent' },
      'publishing before connecting': { name: 'OPENVIDU_NOT_CONNECTED' },
      'publishing as a subscriber': { name: 'OPENVIDU_PERMISSION_DENIED' },
      'removing somebody as a publisher': { name: 'OPENVIDU_PERMISSION_DENIED' },
      'ending a stream as a publisher': { name: 'OPENVIDU_PERMISSION_DENIED' },
      'publishing neither sound nor picture': { name: 'NO_INPUT_SOURCE_SET' },
      'publishing a second stream': { code: 106, name: 'USER_ALREADY_STREAMING_ERROR_CODE', fault: 'stream.published' },
      'a signal to nobody': { code: 601, name: 'SIGNAL_TO_INVALID_ERROR_CODE', fault: 'peer.not_found' },
      'a signal that is too long': { code: 600, name: 'SIGNAL_FORMAT_INVALID_ERROR_CODE', fault: 'message.too_large' },
      'a stream that has ended': { code: 105, name: 'USER_NOT_STREAMING_ERROR_CODE', fault: 'stream.not_published' },
      'a filter': { code: 999, name: 'GENERIC_ERROR_CODE', fault: 'feature.unsupported' },
      'speech to text': { code: 997, name: 'WRONG_OPENVIDU_EDITION_ERROR_CODE', fault: 'feature.unsupported' },
      'removing somebody who has gone': { code: 102, name: 'USER_NOT_FOUND_ERROR_CODE', fault: 'peer.not_found' },
    });
    assert.equal(Object.keys(seen).length, 15);

    // Whoever was refused is inside as before.
    await Promise.all([ann.receives(bob.id), bob.receives(ann.id)]);
    await poll('the session to be whole', async () => { await session.fetch(); return session.activeConnections.length === 2; });
  }, { long: true });
});
