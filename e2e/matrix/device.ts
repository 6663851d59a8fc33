// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Cameras, microphones and loudspeakers, in browsers in which they fail.
import { poll } from '../lib/check.ts';
import type { Run } from '../lib/run.ts';
import type { TabOptions } from '../lib/tab.ts';
import { told, type Row } from './row.ts';

// capture is a row of somebody whose camera or microphone fails as they join.
const capture = (row: string, code: number, name: string, retry: boolean, how: string, options: TabOptions, by: Row['by'] = 'real'): Row => ({
  row, client: 'sdk', by, how,
  expect: { code, name, terminal: false, retry },
  event: { type: 'client.publish.failed', code, name, terminal: false },
  async provoke(t: Run) {
    const dora = await t.join(await t.room(), 'dora', 'guest', options);
    return told(dora, 'ERROR', e => e.code === code);
  },
});

// inUse runs in the page: another program has the camera.
const inUse = () => {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('Could not start video source', 'NotReadableError'));
};

export const rows: Row[] = [
  capture('S005', 3001, 'CantAccessCaptureDevice', false, 'Chromium has no permission for camera and microphone', { browser: 'no-permission' }),
  capture('S006', 3002, 'DeviceNotAvailable', false, 'Chromium finds no camera and no microphone', { browser: 'no-devices' }),
  capture('S007', 3003, 'DeviceInUse', false, '`getUserMedia` rejects as Chromium does for a camera in use; its test cameras can always be read', { before: inUse }, 'stub'),
  {
    row: 'S008', client: 'sdk', by: 'real', how: 'a viewer who has touched nothing yet hears nothing: Chromium blocks autoplay',
    expect: { code: 3008, name: 'AutoplayBlocked', terminal: false, retry: false },
    event: { none: 'the SDK reports autoplayError, which is no error event' },
    async provoke(t) {
      const room = await t.room();
      await t.join(room, 'alice', 'host');
      const { server, rest } = await t.world();
      const token = await rest.token(room.id, 'viewer', 'user-vera');
      // A script of ours in the page would count as a touch, so the page joins
      // by itself, and nobody asks it anything before it has spoken.
      const vera = await t.open(room, 'vera', 'viewer', {
        token, browser: 'untouched',
        before: config => addEventListener('load', () => {
          tab.hms.getNotifications().onNotification((n: any) => n.type === 'ERROR' && fetch(`/told?${n.data.code}`));
          tab.actions.join(config);
        }),
        beforeArg: { userName: 'vera', authToken: token, initEndpoint: server.init, metaData: '' },
        quiet: true,
        until: page => {
          let spoken = false;
          page.on('request', r => { spoken ||= r.url().includes('/told'); });
          return poll('the page to speak', () => spoken, { ms: 20_000 });
        },
      });
      await vera.refresh();
      return told(vera, 'ERROR', e => e.code === 3008);
    },
  },
  capture('E001', 3002, 'DeviceNotAvailable', false, 'somebody without camera and microphone joins as one who may publish', { browser: 'no-devices' }),
];
