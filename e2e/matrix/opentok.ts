// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The errors that OpenTok documents, each provoked in Chromium by an app on the
// library. Codes and names are documented apart, so one failure often shows two rows.
import { assert } from '../lib/check.ts';
import { inject } from '../lib/inject.ts';
import { talk, tokenOf } from '../lib/opentok.ts';
import {
  canvas, connect, credentialless, emptied, failing, preview, publish, relayed, runs, spoiled, stubbed, subscribe, through, wrong, type Shown, type Stage,
} from './opentok-ways.ts';
import type { WantedRecord, ways } from './row.ts';

export interface Provocation {
  rows: string; // of the documents
  by: keyof typeof ways;
  how: string;
  // What is on record of it, and of whom; or why nothing is.
  event: (WantedRecord & { of: 'mod' | 'bob' | 'bare' | 'phone' | 'plain' | 'out' }) | { none: string };
  idle?: boolean; // mostly waits
  run(s: Stage): Promise<Shown | undefined>;
}

const unheard = { none: 'the library refuses it by itself, and the server never hears of it' };
const device = { none: 'it is between the app and the browser, and the library reports nothing' };
const elsewhere = { none: 'another server was asked' };
const unanswered = { none: 'a call that gets no answer was not refused' };
const refused = (code: number, fault: string) => ({ of: 'out', type: 'client.connect.failed', code, fault, action: 'Session.connect()', terminal: true } as const);
const neverCame = (of: 'phone') => ({ of, type: 'client.publish.failed', code: 1553, fault: 'ice.slow', action: 'Session.publish()', terminal: false } as const);
const untyped = (what: string) => ({ none: `the record has no type for a refused ${what}` });

// Rows of publishing, of receiving and of a preview by one cause.
const element = ([['ABORTED', 'O034', 'O067', 'O092'], ['NETWORK', 'O036', 'O069', 'O094'], ['DECODE', 'O035', 'O068', 'O093'], ['SRC_NOT_SUPPORTED', 'O037', 'O070', 'O095']] as const)
  .flatMap(([name, inPreview, inPublish, inSubscribe]): Provocation[] => {
    const { how, by, fails } = ({
      ABORTED: { how: 'the video element says that it has failed with MediaError 1, which Chromium says to no page that is still there', by: 'stub', fails: (tab, run) => failing(tab, 1, run) },
      NETWORK: { how: 'the video element says that it has failed with MediaError 2; a stream comes by no network that an element knows of', by: 'stub', fails: (tab, run) => failing(tab, 2, run) },
      DECODE: { how: 'the app gives the video element a damaged recording to play', by: 'real', fails: (tab, run) => spoiled(tab, 'damaged', run) },
      SRC_NOT_SUPPORTED: { how: 'the app gives the video element something to play that is no recording', by: 'real', fails: (tab, run) => spoiled(tab, 'none', run) },
    } satisfies Record<string, { how: string; by: Provocation['by']; fails(tab: Stage['mod'], run: string): Promise<Shown | undefined> }>)[name];
    return [
      { rows: inPreview, by, how, event: device, run: s => fails(s.out, preview(canvas)) },
      { rows: inPublish, by, how, event: device, run: s => fails(s.mod, publish(canvas)) },
      { rows: inSubscribe, by, how, event: device, run: s => fails(s.mod, subscribe) },
    ];
  });

// short publishes a stream for a while, and tells its id and how it is ended.
async function short({ bob, mod }: Stage) {
  const name = `short-${Math.random()}`;
  await bob.act('publish', name, { canvas: true, audioSource: null });
  const id = (await bob.eval(name => ot.idOf(name), name))!;
  await mod.noticed('session.streamCreated', e => e.stream === id);
  return { id, end: () => bob.eval(name => { ot.publishers.get(name)!.destroy(); }, name), ended: () => mod.noticed('session.streamDestroyed', e => e.stream === id) };
}

export const provocations: Provocation[] = [
  { rows: 'O001 O045', by: 'real', how: 'the token was signed by somebody without the secret', event: refused(1004, 'token.signature'), run: s => connect(s.out, s, tokenOf({ ...s.session, secret: 'guess' })) },
  { rows: 'O001', by: 'real', how: 'the token has expired', event: refused(1004, 'token.expired'), run: s => connect(s.out, s, tokenOf(s.session, { expires: Math.floor(Date.now() / 1000) - 3600 })) },
  { rows: 'O002 O049', by: 'real', how: 'the session id is that of another session, altered', event: refused(1005, 'room.id_invalid'), run: s => {
    const id = `1_${Buffer.from(Buffer.from(s.session.id.slice(2), 'base64url').toString().replace(/[^~]*~$/, 'other~')).toString('base64url')}`;
    return connect(s.out, s, tokenOf({ ...s.session, id }), id);
  } },
  { rows: 'O002 O049', by: 'real', how: 'the session id is one that nobody has made', event: unheard, run: s => connect(s.out, s, tokenOf(s.session), '1_bm9uc2Vuc2U') },
  { rows: 'O003 O047', by: 'real', how: 'nobody listens at the address that the app has for the server', event: elsewhere, run: s => through(s, s.nowhere) },
  { rows: 'O004 O052', by: 'real', how: 'the operator serves nobody of the network that the app is in (`opentok.denied_networks`)', event: { none: 'it is on the record of that server, and says of nobody who they are' }, run: s => through(s, s.terms) },
  { rows: 'O005 O048', by: 'real', how: 'at the address that the app has for the server is a web server that answers nothing', event: elsewhere, run: s => through(s, `${s.elsewhere}/empty`) },
  { rows: 'O046', by: 'real', how: 'at the address that the app has for the server is another API', event: elsewhere, run: s => through(s, `${s.elsewhere}/api`) },
  { rows: 'O053', by: 'real', how: 'the server behind a reverse proxy does not run, and the proxy answers with status 502', event: elsewhere, run: s => through(s, `${s.elsewhere}/gateway`) },
  { rows: 'O054', by: 'real', how: 'at the address that the app has for the server is one that lets no page of others read it', event: elsewhere, run: s => through(s, `${s.elsewhere}/closed`) },
  { rows: 'O005 O054', by: 'real', how: 'at the address that the app has for the server is a web site', event: elsewhere, run: s => through(s, `${s.elsewhere}/page`) },
  { rows: 'O050', by: 'real', how: 'the app connects without a token', event: unheard, run: s => connect(s.out, s, '') },
  { rows: 'O051', by: 'real', how: 'the device has no network', event: unheard, run: async s => {
    await s.out.page.context().setOffline(true);
    const shown = await connect(s.out, s);
    await s.out.page.context().setOffline(false);
    return shown;
  } },

  { rows: 'O006 O056', by: 'real', how: 'somebody is removed before the app is connected', event: unheard, run: s => wrong(s.out, 'call', 'session.forceDisconnect', {}) },
  { rows: 'O007 O057', by: 'real', how: 'a publisher removes somebody', event: unheard, run: async s => wrong(s.bob, 'call', 'session.forceDisconnect', { $connection: await s.bob.eval(() => ot.session.connection!.connectionId) }) },
  { rows: 'O055', by: 'real', how: 'what is removed is no connection', event: unheard, run: s => wrong(s.mod, 'call', 'session.forceDisconnect', 7) },
  { rows: 'O008 O059', by: 'real', how: 'a stream is ended before the app is connected', event: unheard, run: s => wrong(s.out, 'call', 'session.forceUnpublish', {}) },
  { rows: 'O009 O060', by: 'real', how: 'a publisher ends a stream', event: unheard, run: s => wrong(s.bob, 'call', 'session.forceUnpublish', { $stream: 'cam' }) },
  { rows: 'O058', by: 'real', how: 'what is ended is no stream', event: unheard, run: s => wrong(s.mod, 'call', 'session.forceUnpublish', 'stream') },
  { rows: 'O010', by: 'real', how: 'a stream is ended that has ended', event: untyped('wish to end a stream'), run: async s => {
    const { id, end, ended } = await short(s);
    await end();
    await ended();
    return wrong(s.mod, 'call', 'session.forceUnpublish', { $stream: id });
  } },

  { rows: 'O011 O073', by: 'real', how: 'the app publishes before it is connected', event: unheard, run: s => runs(s.out, publish(canvas)) },
  { rows: 'O012a O075', by: 'real', how: 'the token is one of a subscriber', event: unheard, run: s => runs(s.sub, publish(canvas)) },
  { rows: 'O012b', by: 'real', how: 'the user does not allow camera and microphone', event: device, run: s => runs(s.denied, publish('{}')) },
  { rows: 'O082', by: 'real', how: 'the user does not allow the screen to be shared', event: device, run: s => runs(s.denied, publish(`{ videoSource: 'screen' }`)) },
  { rows: 'O012c O074', by: 'real', how: 'the page is on HTTP', event: device, run: s => runs(s.plain, publish('{}')) },
  { rows: 'O013 O065', by: 'real', how: 'the app wants to go by a TURN server, which is not there; the server knows after 8 s that no media comes', idle: true, event: neverCame('phone'), run: async s => {
    await relayed(s.phone);
    return runs(s.phone, publish(canvas));
  } },
  { rows: 'O014 O063', by: 'real', how: 'the app names a TURN server without a credential, so that the browser makes no connection', event: device, run: s => credentialless(s.mod, () => runs(s.mod, publish(canvas))) },
  { rows: 'O015 O083', by: 'stub', how: 'the page reads an answer with nothing in it to publishing; the server gives none', event: { none: 'the server knows of no failure, or that no media comes' }, run: s => emptied(s.mod, 'publishVideo', publish(canvas)) },
  { rows: 'O061', by: 'stub', how: 'the microphone that `getUserMedia` gives has ended; those of tests live', event: device, run: s => stubbed(s.mod, 'deadMicrophone', publish('{ videoSource: null }')) },
  { rows: 'O062', by: 'real', how: 'the camera that is asked for is not there', event: device, run: s => runs(s.mod, publish(`{ videoSource: 'none' }`)) },
  { rows: 'O064', by: 'stub', how: '`getUserMedia` rejects as Chromium does for a camera in use; its test cameras can always be read', event: device, run: s => stubbed(s.mod, 'busy', publish('{}')) },
  { rows: 'O066', by: 'real', how: 'what is published is no publisher', event: unheard, run: s => wrong(s.mod, 'call', 'session.publish.promise', { a: 1 }) },
  { rows: 'O071', by: 'real', how: 'the machine has no camera', event: device, run: s => runs(s.bare, publish('{}')) },
  { rows: 'O072', by: 'real', how: 'audio and video are both off', event: unheard, run: s => runs(s.mod, publish('{ audioSource: null, videoSource: null }')) },
  { rows: 'O076', by: 'real', how: 'the browser of a phone shares no screens', event: device, run: s => runs(s.phone, publish(`{ videoSource: 'screen' }`)) },
  { rows: 'O077', by: 'real', how: 'Chromium shares no screens by itself, as before version 72 (`--disable-blink-features=GetDisplayMedia`), and the app has named no extension', event: device, run: s => runs(s.bare, publish(`{ videoSource: 'screen' }`)) },
  { rows: 'O079', by: 'stub', how: '`setRemoteDescription` rejects the answer of the server, which Chromium takes', event: device, run: s => stubbed(s.mod, 'noRemote', publish(canvas)) },
  { rows: 'O080', by: 'real', how: 'the app publishes one track twice', event: { of: 'bob', type: 'client.publish.failed', code: 1500, fault: 'stream.create_failed', action: 'Session.publish()', terminal: false }, run: s => s.bob.eval(async () => {
    const track = ot.publishers.get('cam')!.getVideoSource().track!;
    return (await ot.publish('twin', { videoSource: track, audioSource: null })).error;
  }) },
  { rows: 'O081', by: 'injection', how: 'the server is told not to answer', idle: true, event: unanswered, run: async s => {
    await inject(s.t, { id: s.room }, 'hang', '-method', 'publishVideo', '-peer', s.peers.bare!, '-for', '30s');
    return runs(s.bare, publish(canvas));
  } },

  { rows: 'O026 O041', by: 'real', how: 'the browser of a phone shares no screens', event: device, run: s => runs(s.phone, preview(`{ videoSource: 'screen' }`)) },
  { rows: 'O027 O042', by: 'real', how: 'Chromium shares no screens by itself, as before version 72 (`--disable-blink-features=GetDisplayMedia`), and the app has named no extension', event: device, run: s => runs(s.bare, preview(`{ videoSource: 'screen' }`)) },
  { rows: 'O028 O043', by: 'real', how: 'Chromium shares no screens by itself, and the extension that the app has named is not there', event: device, run: s => {
    const shares = `() => { ot.OT.registerScreenSharingExtension('chrome', 'abc', 2); return ot.preview('x', { videoSource: 'screen' }); }`;
    return runs(s.bare, shares);
  } },
  { rows: 'O078', by: 'real', how: 'Chromium shares no screens by itself, and the extension that the app has named is not there', event: device, run: s => runs(s.bare, publish(`{ videoSource: 'screen' }`)) },
  { rows: 'O032', by: 'stub', how: '`getUserMedia` rejects as Chromium does for a camera in use; its test cameras can always be read', event: device, run: s => stubbed(s.out, 'busy', preview('{}')) },
  { rows: 'O030 O033', by: 'real', how: 'the element for the video is not in the page', event: unheard, run: s => wrong(s.out, 'preview', 'x', { target: 'nowhere' }) },
  { rows: 'O038', by: 'real', how: 'the page is on HTTP', event: device, run: s => runs(s.plain, preview('{}')) },
  { rows: 'O039', by: 'real', how: 'the machine has no camera', event: device, run: s => wrong(s.bare, 'preview', 'x', {}) },
  { rows: 'O040', by: 'real', how: 'audio and video are both off', event: unheard, run: s => wrong(s.out, 'preview', 'x', { audioSource: false, videoSource: false }) },
  { rows: 'O029 O044', by: 'real', how: 'the device has no network when an issue is reported', event: unheard, run: async s => {
    await s.sub.page.context().setOffline(true);
    const shown = await wrong(s.sub, 'call', 'OT.reportIssue');
    await s.sub.page.context().setOffline(false);
    return shown;
  } },
  { rows: 'O031', by: 'real', how: 'what the app passes throws an exception when the library reads it', event: unheard, run: s => s.mod.eval(() => {
    const signal = { data: 'x', get type(): string { throw new RangeError('of the app'); } };
    return ot.session.signal(signal).then(() => undefined, (e: any) => ({ name: e.name, code: e.code, own: e instanceof Error }));
  }) },

  { rows: 'O016 O084', by: 'real', how: 'the type of a signal has a space', event: unheard, run: s => wrong(s.mod, 'call', 'session.signal', { type: 'a b', data: 'x' }) },
  { rows: 'O017 O086', by: 'real', how: 'a signal to somebody who has left', event: untyped('signal'), run: async s => {
    const eve = await talk(s.t, s.session, 'eve', { publish: false, receive: false });
    const { connection } = await s.mod.noticed('session.connectionCreated', c => c.about === 'eve');
    await eve.act('call', 'session.disconnect');
    await s.mod.noticed('session.connectionDestroyed', c => c.connection === connection);
    return wrong(s.mod, 'call', 'session.signal', { data: 'x', $to: connection });
  } },
  { rows: 'O018', by: 'real', how: 'a signal of more than 8 kB', event: unheard, run: s => wrong(s.mod, 'call', 'session.signal', { data: 'x'.repeat(8193) }) },
  { rows: 'O019 O085', by: 'real', how: 'a signal before the app is connected', event: unheard, run: s => wrong(s.out, 'call', 'session.signal', { data: 'x' }) },
  { rows: 'O020', by: 'injection', how: 'the server is told not to answer', idle: true, event: unanswered, run: async s => {
    await inject(s.t, { id: s.room }, 'hang', '-method', 'sendMessage', '-peer', s.peers.denied!, '-for', '30s');
    return wrong(s.denied, 'call', 'session.signal', { data: 'x' });
  } },
  { rows: 'O087', by: 'real', how: 'the app sends a hundred signals of 8 kB at once', event: untyped('signal'), run: s => s.bob.eval(async () => {
    for (let again = 0; again < 5; again++) { // a page that is slow to send them is within the limit
      const all = await Promise.all(Array.from({ length: 100 }, () => ot.call('session.signal', { type: 'flood', data: 'x'.repeat(8000) })));
      const refused = all.find(o => !o.ok)?.error;
      if (refused) return refused;
    }
    return undefined;
  }) },

  { rows: 'O021 O088', by: 'real', how: 'the app names a TURN server without a credential, so that the browser makes no connection', event: device, run: s => credentialless(s.mod, () => runs(s.mod, subscribe)) },
  { rows: 'O022 O091', by: 'real', how: 'the app wants to go by a TURN server, which is not there; the server knows after 8 s that no media comes', idle: true, event: { of: 'plain', type: 'client.subscribe.failed', code: 1554, fault: 'ice.slow', action: 'Session.subscribe()', terminal: false }, run: async s => {
    await relayed(s.plain);
    const shown = await wrong(s.plain, 'subscribe', s.bob.id);
    assert.deepEqual((await s.plain.told()).filter(n => n.kind === 'subscriber.connected'), [], 'nobody calls themselves connected');
    return shown;
  } },
  { rows: 'O023 O097', by: 'stub', how: '`setRemoteDescription` rejects the offer of the server, which Chromium takes', event: device, run: s => stubbed(s.mod, 'noRemote', subscribe) },
  { rows: 'O024', by: 'stub', how: 'the page reads an answer with nothing in it to subscribing; the server gives none', event: device, run: s => emptied(s.mod, 'prepareReceiveVideoFrom', subscribe) },
  { rows: 'O090', by: 'real', how: 'what is subscribed to is no stream', event: unheard, run: s => wrong(s.mod, 'call', 'session.subscribe.promise', 'stream') },
  { rows: 'O098', by: 'real', how: 'the stream ends while the app is subscribing, and its media is still on a way on which nothing comes through', event: { none: 'the stream ended, which is no failure' }, run: async s => {
    await relayed(s.plain);
    const { id, end } = await short(s);
    await s.plain.noticed('session.streamCreated', e => e.stream === id);
    const subscribing = wrong(s.plain, 'subscribe', id);
    await s.plain.until('the subscription to be under way', id => !!ot.subscribers.get(id)?.element, id);
    await end();
    return subscribing;
  } },
  { rows: 'O099', by: 'real', how: 'the app subscribes to a stream that has ended', event: unheard, run: s => s.mod.eval(async () => {
    const { stream } = ot.journal.told.findLast(n => n.kind === 'session.streamDestroyed')!.data;
    return (await ot.subscribe(stream)).error;
  }) },
  { rows: 'O100', by: 'real', how: 'statistics of a subscriber that has been given up', event: unheard, run: s => s.denied.eval(async () => {
    const subscriber = [...ot.subscribers.values()][0]!;
    ot.session.unsubscribe(subscriber);
    await new Promise(resolve => setTimeout(resolve, 50));
    return subscriber.getStats().then(() => undefined, (e: any) => ({ name: e.name, code: e.code, own: e instanceof Error }));
  }) },
  ...element,
  { rows: 'O096', by: 'real', how: 'the app subscribes after it has left', event: unheard, run: s => s.sub.eval(async () => {
    await ot.session.disconnect();
    return (await ot.subscribe([...ot.subscribers.keys()][0]!)).error;
  }) },
  { rows: 'O089', by: 'real', how: 'the app leaves while it is subscribing', event: { none: 'whoever leaves has not failed' }, run: s => s.mod.eval(async run => {
    const subscribing = (0, eval)(`(${run})`)();
    await new Promise(resolve => setTimeout(resolve, 5));
    void ot.session.disconnect();
    return (await subscribing).error;
  }, subscribe) },
];

// unreachable are the documented errors that nothing leads to, and why.
export const unreachable: Record<string, string> = {
  O025: 'the document lists an error of the token for a call that takes none',
};
