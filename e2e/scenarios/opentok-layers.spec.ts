// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A camera is sent in layers, and each receiver chooses.
import { assert, poll } from '../lib/check.ts';
import { talk, talking } from '../lib/opentok.ts';
import { scenario, test } from '../lib/scenario.ts';

test.describe('opentok', () => {
  scenario('opentok-layers', { ms: 60_000 }, async t => {
    const session = await talking(t);
    const [ann, bob] = await Promise.all([talk(t, session, 'ann', { publish: { resolution: '640x480' } }), talk(t, session, 'bob', { publish: false })]);
    await bob.noticed('subscriber.connected');
    const layers = await ann.eval(async () => {
      const report: RTCStatsReport = (await ot.publishers.get('cam')!.getRtcStatsReport())[0]!.rtcStatsReport;
      return [...report.values()].filter(s => s.type === 'outbound-rtp' && s.kind === 'video').map(s => s.rid).sort();
    });
    assert.deepEqual(layers, ['f', 'h'], 'a camera of 640x480 is sent in two layers');
    const width = () => bob.eval(id => ot.subscribers.get(id)!.videoWidth(), ann.id!);
    await poll('the whole picture', async () => await width() === 640, { ms: 30_000 });
    await bob.eval(id => ot.subscribers.get(id)!.setPreferredResolution({ width: 320, height: 240 }), ann.id!);
    await poll('the smaller layer', async () => await width() === 320, { ms: 30_000 });
    await bob.eval(id => { ot.subscribers.get(id)!.setPreferredResolution({ width: 640, height: 480 }); }, ann.id!);
    await poll('the whole picture again', async () => await width() === 640, { ms: 30_000 });
    await bob.eval(id => { ot.subscribers.get(id)!.restrictFrameRate(true); }, ann.id!);
    await poll('the smallest layer', async () => await width() === 320, { ms: 30_000 });
  });
});
