// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What only the device knows, beside the SDK as it is published: each fact is in the
// record of the failure that it is about.
import type { RedialEvent } from '@redial-rtc/testing';
import { assert, sleep } from '../lib/check.ts';
import type { Run } from '../lib/run.ts';
import { scenario, test } from '../lib/scenario.ts';
import type { Tab, TabOptions } from '../lib/tab.ts';
import { giveServers, refusingTURN } from '../lib/witness.ts';

const witnessOf = (event: RedialEvent) => (event.data as any).witness;

// told waits for a failure of somebody with what their device knew.
async function told(t: Run, tab: Tab, type: string, match: (witness: any) => unknown) {
  const { rest } = await t.world();
  let last: unknown;
  const event = await rest.event({ room_id: tab.room.id, peer_id: tab.id, type }, e => {
    last = e;
    return witnessOf(e) && match(witnessOf(e));
  }, 12_000).catch(e => assert.fail(`${e.message}: ${JSON.stringify(last)}`));
  return witnessOf(event);
}

// cut is a failure that has nothing to do with devices: the socket goes, and comes back.
async function cut(tab: Tab) {
  const since = await tab.now();
  await tab.eval(() => probe.sockets.at(-1)!.close(4000, 'cut by the test'));
  await tab.noticed('RECONNECTED', () => true, { since, ms: 20_000 });
}

const witnessed = async (t: Run, { page, ...options }: TabOptions = {}) => t.join(await t.room(), 'alice', 'host', { page: { first: 'witness.js', ...page }, ...options });

test.describe('witness', () => {
  scenario('witness-policy', async t => {
    // A header of the page forbids camera and microphone, whatever its user allowed.
    const alice = await witnessed(t, { page: { policy: 'camera=(), microphone=()' } });
    const { captures: [refused], ...w } = await told(t, alice, 'client.publish.failed', w => w.captures?.length && w.paths?.some((p: any) => p.protocol));
    assert.equal(refused.error, 'NotAllowedError');
    assert.equal(refused.kind, 'audio,video');
    assert.ok(refused.after_ms < 2000, `a setting, and no person, refused after ${refused.after_ms} ms`);
    assert.deepEqual(w.policy, { camera: false, microphone: false, 'display-capture': true });
    assert.equal(w.secure_context, true);
    assert.equal(w.framed, false);
    assert.equal(w.visibility, 'visible');
    assert.deepEqual(w.live, { audio: 0, video: 0 });
    assert.ok(w.paths.every((p: any) => p.found.host > 0), JSON.stringify(w.paths));
    assert.ok(Math.abs(w.clock_offset_ms) < 30_000, `the clocks are ${w.clock_offset_ms} ms apart on one machine`);
    assert.equal(w.by, 'witness.js');

    // Nothing of the browser looks another way to the page. Later scripts have put
    // proxies of their own in front; the other name and the prototype are the witness's.
    assert.deepEqual(await alice.eval(async () => {
      const RTCPeerConnection: typeof window.RTCPeerConnection = (window as any).webkitRTCPeerConnection;
      const pc = new RTCPeerConnection();
      class Own extends RTCPeerConnection { own() { return 1; } }
      const own = new Own();
      const thrown = (run: () => unknown) => { try { run(); return 'nothing'; } catch (e) { return (e as Error).name; } };
      const gum = MediaDevices.prototype.getUserMedia;
      const unasked = await gum.call(navigator.mediaDevices, {}).catch((e: unknown) => e);
      const offered = await new Promise(resolve => pc.createOffer(resolve as any, () => resolve(undefined)));
      return {
        instance: pc instanceof RTCPeerConnection, prototype: Object.getPrototypeOf(pc) === RTCPeerConnection.prototype, constructor: pc.constructor === RTCPeerConnection,
        subclass: own instanceof Own && own instanceof RTCPeerConnection && own.own() === 1,
        name: RTCPeerConnection.name, length: RTCPeerConnection.length,
        certificate: typeof RTCPeerConnection.generateCertificate,
        called: thrown(() => (RTCPeerConnection as any)()), wrong: thrown(() => new RTCPeerConnection({ iceServers: [{ urls: 'http://x' }] })),
        callbacks: Boolean(offered), gum: gum.name, native: /native code/.test(Function.prototype.toString.call(gum)),
        error: unasked instanceof TypeError, elsewhere: await gum.call(undefined as any, { audio: true }).catch((e: unknown) => e instanceof TypeError),
        keys: Object.keys(window).filter(k => /witness/i.test(k)),
      };
    }), {
      instance: true, prototype: true, constructor: true, subclass: true, name: 'RTCPeerConnection', length: 0, certificate: 'function',
      called: 'TypeError', wrong: 'SyntaxError', callbacks: true, gum: 'getUserMedia', native: true, error: true, elsewhere: true, keys: [],
    });
  });

  scenario('witness-turn', async t => {
    const turn = await refusingTURN();
    t.cleanup(() => turn.close());
    const server = { urls: [turn.url], username: 'ann', credential: 'of last year' };
    // Nothing but a relay will do, or a browser that is connected already gives up asking for one.
    const before = () => {
      window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
        construct: (target, [config, ...rest], made) => Reflect.construct(target, [{ ...config, iceTransportPolicy: 'relay' }, ...rest], made),
      });
    };
    const alice = await witnessed(t, { before, prepare: context => giveServers(context, [server]) });
    await cut(alice);
    const w = await told(t, alice, 'client.disconnected', w => w.live?.video && w.paths?.some((p: any) => p.errors?.some((e: any) => e.code === 401)));
    const path = w.paths.find((p: any) => p.errors?.length);
    const error = path.errors.find((e: any) => e.code === 401);
    assert.match(error.url, /^turn:redacted-ip\.invalid:\d+\?transport=udp$/);
    assert.ok(error.count >= 1);
    assert.deepEqual(path.servers, { turn: 1 });
    assert.equal(path.found.relay, undefined);
    assert.equal(w.captures, undefined);
    assert.ok(w.live.audio === 1 && w.live.video === 1, JSON.stringify(w.live));
  });

  scenario('witness-page', async t => {
    const alice = await witnessed(t);
    // A page that is stopped, as one of a sleeping device or of a browser under a debugger.
    const cdp = await alice.context.newCDPSession(alice.page);
    await cdp.send('Debugger.enable');
    await cdp.send('Debugger.pause');
    await sleep(8000);
    await cdp.send('Debugger.resume');
    await cdp.send('Debugger.disable');
    await cut(alice);
    const what = (w: any) => (w.lifecycle ?? []).map((m: any) => m.what).join(' ');
    const stopped = await told(t, alice, 'client.disconnected', w => what(w) === 'stopped started');
    const [from, to] = stopped.lifecycle.map((m: any) => Date.parse(m.at));
    assert.ok(to - from > 6000, `stopped for ${to - from} ms`);
    // And one that is left: its last words still reach the failure.
    await alice.page.goto('about:blank');
    const w = await told(t, alice, 'client.disconnected', w => /pagehide/.test(what(w)));
    const times = [w.loaded, ...w.lifecycle.map((m: any) => m.at)].map(at => Date.parse(at));
    assert.deepEqual(times, times.toSorted((a, b) => a - b), 'in the order in which it happened');
    assert.equal(w.page, stopped.page);
  });
});
