// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// From the call that joins to the first picture on the screen: viewers with the 100ms
// SDK and with the OpenTok library, in turn, of the same stream on one server
// (make bench-first-frame). Pages are loaded before; each round has new ones.
import { openTalker, tokenOf } from '../lib/opentok.ts';
import { assert } from '../lib/check.ts';
import { scenario, test } from '../lib/scenario.ts';

const rounds = Number(process.env.REDIAL_E2E_ROUNDS || 10);

// shown has the page say how long after begin the first frame of a video was presented.
function timing() {
  Object.assign(window, {
    firstFrame: (begin: () => unknown) => new Promise<number>(resolve => {
      const began = performance.now();
      const watched = new Set<HTMLVideoElement>();
      const look = setInterval(() => {
        for (const video of document.querySelectorAll('video')) {
          if (watched.has(video)) continue;
          watched.add(video);
          video.requestVideoFrameCallback(now => { clearInterval(look); resolve(now - began); });
        }
      }, 5);
      void begin();
    }),
  });
}

const middle = (all: number[]) => [...all].sort((a, b) => a - b)[all.length >> 1]!;

test.describe('first frame', () => {
  scenario('first-frame', { alone: true, long: true, ms: 60_000 + rounds * 12_000 }, async t => {
    const world = await t.ownWorld();
    const { openTok: { apiKey: key, apiSecret: secret, sessionId: id, url }, info: { rooms: [demo] } } = world.server;
    await t.join(demo!, 'hana');
    const took: Record<string, number[]> = { '100ms SDK': [], 'OpenTok library': [] };
    const ways: Record<string, (n: number) => Promise<number>> = {
      '100ms SDK': async n => {
        const tab = await t.open(demo!, `viewer-${n}`, 'viewer');
        await tab.eval(timing);
        const ms = await tab.eval(c => (window as any).firstFrame(() => window.tab.actions.join(c)) as Promise<number>, { userName: tab.name, authToken: tab.token, initEndpoint: world.server.init, metaData: '' });
        await tab.context.close();
        return ms;
      },
      'OpenTok library': async n => {
        const tab = await openTalker(t, `talker-${n}`);
        await tab.eval(timing);
        const ms = await tab.eval(([key, id, token]) => (window as any).firstFrame(() => ot.connect(key!, id!, token!)) as Promise<number>, [key, id, tokenOf({ key, secret, id, url }, { role: 'subscriber' })]);
        await tab.page.context().close();
        return ms;
      },
    };
    for (let n = 0; n < rounds; n++) {
      const order = Object.keys(ways);
      for (const way of n % 2 ? order.reverse() : order) took[way]!.push(await ways[way]!(n));
    }
    const row = (all: number[]) => ({ 'median, ms': Math.round(middle(all)), 'from, ms': Math.round(Math.min(...all)), 'to, ms': Math.round(Math.max(...all)), rounds: all.length });
    console.table(Object.fromEntries(Object.entries(took).map(([way, all]) => [way, row(all)])));
    assert.ok(Object.values(took).every(all => all.length === rounds && all.every(ms => ms > 0)));
  });
});
