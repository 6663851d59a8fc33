// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The errors that OpenTok documents, each provoked in Chromium by an app on the
// library. Codes and names are documented apart, so one failure often shows two rows.
import type { Page } from '@playwright/test';
import type { AppTab } from '../lib/apptab.ts';
import { tokenOf, type Talk } from '../lib/opentok.ts';

export interface Shown { name?: string; code?: number; fault?: string; own?: boolean }

// Stage is where rows play: a moderator who receives bob, and somebody who is not connected.
export interface Stage { session: Talk; mod: AppTab; bob: AppTab; out: AppTab; sub: AppTab; denied: AppTab; empty: AppTab }

export interface Row {
  rows: string; // of the documents
  by: 'real' | 'proxy' | 'stub';
  how: string;
  run(s: Stage): Promise<Shown | undefined>;
  idle?: boolean; // mostly waits
}

const wrong = async (tab: AppTab, action: string, ...args: unknown[]): Promise<Shown | undefined> => (await tab.attempt(action, ...args)).error;

// answered has the server's answer about a session be another one.
async function answered(tab: AppTab, { session }: Stage, answer: Parameters<Awaited<ReturnType<typeof route>>>[0]) {
  const fulfil = await route(tab.page);
  const undo = await fulfil(answer);
  const shown = await wrong(tab, 'connect', session.key, session.id, tokenOf(session), {});
  await undo();
  return shown;
}

async function route(page: Page) {
  return async (answer: { status?: number; body?: string } | 'abort') => {
    const at = '**/opentok/v1/sessions/**';
    await page.route(at, r => (answer === 'abort' ? r.abort('connectionrefused') : r.fulfill({ status: 200, headers: { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' }, ...answer })));
    return () => page.unroute(at);
  };
}

// stubbed runs something in the page while a function of the browser is another one.
const stubbed = (tab: AppTab, stub: keyof typeof stubs, run: string): Promise<Shown | undefined> => tab.eval(async ({ stub, run }) => {
  const undo = (0, eval)(`(${stub})`)() as () => void;
  try {
    return (await (0, eval)(`(${run})`)()).error;
  } finally {
    undo();
  }
}, { stub: String(stubs[stub]), run });

const publish = (properties: string) => `() => ot.publish('x' + Math.random(), ${properties})`;
const preview = (properties: string) => `() => ot.preview('x' + Math.random(), ${properties})`;
const canvas = `{ canvas: true, audioSource: null }`;
// A subscription anew to the first stream that is received.
const subscribe = `() => { const id = [...ot.subscribers.keys()][0]; ot.session.unsubscribe(ot.subscribers.get(id)); return ot.subscribe(id); }`;
const publishes = (properties: string): Promise<Shown | undefined> => (0, eval)(`ot.publish('x' + Math.random(), ${properties})`).then((o: any) => o.error);

/* eslint-disable */
const stubs = {
  noMedia: () => {
    Object.defineProperty(navigator, 'mediaDevices', { value: undefined, configurable: true });
    const secure = Object.getOwnPropertyDescriptor(window, 'isSecureContext');
    Object.defineProperty(window, 'isSecureContext', { value: false, configurable: true });
    return () => { delete (navigator as any).mediaDevices; if (secure) Object.defineProperty(window, 'isSecureContext', secure); };
  },
  busy: () => {
    const was = MediaDevices.prototype.getUserMedia;
    MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException('Could not start video source', 'NotReadableError'));
    return () => { MediaDevices.prototype.getUserMedia = was; };
  },
  deadMicrophone: () => {
    const was = MediaDevices.prototype.getUserMedia;
    MediaDevices.prototype.getUserMedia = async function (c) { const s = await was.call(this, c); s.getAudioTracks()[0]!.stop(); return s; };
    const chrome = (window as any).chrome;
    (window as any).chrome = chrome ?? {};
    return () => { MediaDevices.prototype.getUserMedia = was; };
  },
  noScreen: () => {
    const was = MediaDevices.prototype.getDisplayMedia;
    delete (MediaDevices.prototype as any).getDisplayMedia;
    const chrome = Object.getOwnPropertyDescriptor(window, 'chrome');
    delete (window as any).chrome;
    return () => { MediaDevices.prototype.getDisplayMedia = was; if (chrome) Object.defineProperty(window, 'chrome', chrome); };
  },
  extensions: () => {
    const was = MediaDevices.prototype.getDisplayMedia;
    delete (MediaDevices.prototype as any).getDisplayMedia;
    (window as any).chrome ??= {};
    return () => { MediaDevices.prototype.getDisplayMedia = was; };
  },
  noConnection: () => {
    const was = window.RTCPeerConnection;
    (window as any).RTCPeerConnection = function () { throw new DOMException('cannot create so many', 'UnknownError'); };
    return () => { window.RTCPeerConnection = was; };
  },
  noRemote: () => {
    const was = RTCPeerConnection.prototype.setRemoteDescription;
    RTCPeerConnection.prototype.setRemoteDescription = () => Promise.reject(new DOMException('no', 'InvalidAccessError'));
    return () => { RTCPeerConnection.prototype.setRemoteDescription = was; };
  },
  noIce: () => {
    const was = Object.getOwnPropertyDescriptor(RTCPeerConnection.prototype, 'connectionState')!;
    Object.defineProperty(RTCPeerConnection.prototype, 'connectionState', { get(this: RTCPeerConnection) { return this.remoteDescription && this.localDescription ? 'failed' : was.get!.call(this); }, configurable: true });
    return () => { Object.defineProperty(RTCPeerConnection.prototype, 'connectionState', was); };
  },
  noElement: () => {
    const was = document.createElement;
    document.createElement = () => { throw new RangeError('out of elements'); };
    return () => { document.createElement = was; };
  },
};

// Failures of a video element, which hardly ever fails with a stream: its error is put there.
const broken = (tab: AppTab, code: number, run: string): Promise<Shown | undefined> => tab.eval(async ({ code, run }) => {
  const was = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'error')!;
  Object.defineProperty(HTMLMediaElement.prototype, 'error', { get: () => ({ code, message: '' }), configurable: true });
  try {
    return (await (0, eval)(`(${run})`)()).error;
  } finally {
    Object.defineProperty(HTMLMediaElement.prototype, 'error', was);
  }
}, { code, run });

const elements = ([['ABORTED', 1], ['NETWORK', 2], ['DECODE', 3], ['SRC_NOT_SUPPORTED', 4]] as const).flatMap(([name, code]): Row[] => {
  const rows = { ABORTED: ['O034', 'O067', 'O092'], NETWORK: ['O036', 'O069', 'O094'], DECODE: ['O035', 'O068', 'O093'], SRC_NOT_SUPPORTED: ['O037', 'O070', 'O095'] }[name];
  const how = `the video element has failed with MediaError ${code}`;
  return [
    { rows: rows[0]!, by: 'stub', how, run: s => broken(s.out, code, preview(canvas)) },
    { rows: rows[1]!, by: 'stub', how, run: s => broken(s.mod, code, publish(canvas)) },
    { rows: rows[2]!, by: 'stub', how, run: s => broken(s.mod, code, subscribe) },
  ];
});

// cut has one answer of the server's get lost or be nonsense on its way: the socket's frames are the page's to read.
const cut = (tab: AppTab, method: string, answer: string, run: string): Promise<Shown | undefined> => tab.eval(async ({ method, answer, run }) => {
  const was = WebSocket.prototype.send;
  let id: number | undefined;
  WebSocket.prototype.send = function (data) {
    const frame = JSON.parse(String(data));
    if (frame.method === method) {
      id = frame.id;
      const { onmessage } = this;
      this.onmessage = e => {
        const told = JSON.parse(e.data);
        if (told.id !== id || told.method) return onmessage!.call(this, e);
        this.onmessage = onmessage;
        if (answer === 'never') return;
        onmessage!.call(this, new MessageEvent('message', { data: JSON.stringify({ jsonrpc: '2.0', id, result: {} }) }));
      };
    }
    was.call(this, data);
  };
  try {
    return (await (0, eval)(`(${run})`)()).error;
  } finally {
    WebSocket.prototype.send = was;
  }
}, { method, answer, run });

const connect = (tab: AppTab, { session }: Stage, token: string, id = session.id, key = session.key) => wrong(tab, 'connect', key, id, token, {});

export const rows: Row[] = [
  { rows: 'O001 O045', by: 'real', how: 'the token was signed by somebody without the secret', run: s => connect(s.out, s, tokenOf({ ...s.session, secret: 'guess' })) },
  { rows: 'O001', by: 'real', how: 'the token has expired', run: s => connect(s.out, s, tokenOf(s.session, { expires: Math.floor(Date.now() / 1000) - 3600 })) },
  { rows: 'O002 O049', by: 'real', how: 'the session id is one that nobody has made', run: s => connect(s.out, s, tokenOf(s.session), '1_bm9uc2Vuc2U') },
  { rows: 'O002 O049', by: 'real', how: 'the session id is that of another session, altered', run: s => {
    const id = `1_${Buffer.from(Buffer.from(s.session.id.slice(2), 'base64url').toString().replace(/[^~]*~$/, 'other~')).toString('base64url')}`;
    return connect(s.out, s, tokenOf({ ...s.session, id }), id);
  } },
  { rows: 'O003 O047', by: 'proxy', how: 'nobody answers at the address of the server', run: s => answered(s.out, s, 'abort') },
  { rows: 'O004 O052', by: 'proxy', how: 'the server answers that the terms forbid it', run: s => answered(s.out, s, { status: 451, body: JSON.stringify({ fault: 'access.terms', code: 1026, name: 'OT_TERMS_OF_SERVICE_FAILURE', message: 'no' }) }) },
  { rows: 'O005 O048', by: 'proxy', how: 'a proxy empties the answer', run: s => answered(s.out, s, { body: '' }) },
  { rows: 'O005 O046', by: 'proxy', how: 'a proxy answers JSON of its own', run: s => answered(s.out, s, { body: '{"status":"ok"}' }) },
  { rows: 'O005 O053', by: 'proxy', how: 'a proxy answers with a page and status 502', run: s => answered(s.out, s, { status: 502, body: '<h1>Bad Gateway</h1>' }) },
  { rows: 'O005 O054', by: 'proxy', how: 'a proxy answers with a page', run: s => answered(s.out, s, { body: '<html>' }) },
  { rows: 'O050', by: 'real', how: 'the app connects without a token', run: s => connect(s.out, s, '') },
  { rows: 'O051', by: 'real', how: 'the device has no network', run: async s => {
    await s.out.page.context().setOffline(true);
    const shown = await connect(s.out, s, tokenOf(s.session));
    await s.out.page.context().setOffline(false);
    return shown;
  } },
  { rows: 'O006 O056', by: 'real', how: 'somebody is removed before the app is connected', run: s => wrong(s.out, 'call', 'session.forceDisconnect', {}) },
  { rows: 'O007 O057', by: 'real', how: 'a publisher removes somebody', run: async s => wrong(s.bob, 'call', 'session.forceDisconnect', { $connection: await s.bob.eval(() => ot.session.connection!.connectionId) }) },
  { rows: 'O055', by: 'real', how: 'what is removed is no connection', run: s => wrong(s.mod, 'call', 'session.forceDisconnect', 7) },
  { rows: 'O008 O059', by: 'real', how: 'a stream is ended before the app is connected', run: s => wrong(s.out, 'call', 'session.forceUnpublish', {}) },
  { rows: 'O009 O060', by: 'real', how: 'a publisher ends a stream', run: s => wrong(s.bob, 'call', 'session.forceUnpublish', { $stream: 'cam' }) },
  { rows: 'O058', by: 'real', how: 'what is ended is no stream', run: s => wrong(s.mod, 'call', 'session.forceUnpublish', 'stream') },
  { rows: 'O010', by: 'real', how: 'a stream is ended that has ended', run: async s => {
    await s.bob.act('publish', 'short', { canvas: true, audioSource: null });
    const id = await s.bob.eval(() => ot.idOf('short'));
    await s.mod.noticed('session.streamCreated', e => e.stream === id);
    await s.bob.eval(() => { ot.publishers.get('short')!.destroy(); });
    await s.mod.noticed('session.streamDestroyed', e => e.stream === id);
    return wrong(s.mod, 'call', 'session.forceUnpublish', { $stream: id });
  } },
  { rows: 'O011 O073', by: 'real', how: 'the app publishes before it is connected', run: s => s.out.eval(publishes, canvas) },
  { rows: 'O012a O075', by: 'real', how: 'the token is one of a subscriber', run: s => s.sub.eval(publishes, canvas) },
  { rows: 'O012b O082', by: 'real', how: 'the user does not allow camera and microphone', run: s => s.denied.eval(publishes, '{}') },
  { rows: 'O012c O074', by: 'stub', how: 'the browser says that the page is not secure', run: s => stubbed(s.mod, 'noMedia', publish('{}')) },
  { rows: 'O013 O065', by: 'stub', how: 'the connection is one whose ICE failed', run: s => stubbed(s.mod, 'noIce', publish(canvas)) },
  { rows: 'O014 O063', by: 'stub', how: 'the browser makes no connection', run: s => stubbed(s.mod, 'noConnection', publish(canvas)) },
  { rows: 'O014 O079', by: 'stub', how: 'the browser refuses the server\'s answer', run: s => stubbed(s.mod, 'noRemote', publish(canvas)) },
  { rows: 'O015 O083', by: 'proxy', how: 'the server\'s answer to publishing has nothing in it', run: s => cut(s.mod, 'publishVideo', 'nothing', publish(canvas)) },
  { rows: 'O061', by: 'stub', how: 'the microphone that the browser gives is dead', run: s => stubbed(s.mod, 'deadMicrophone', publish('{ videoSource: null }')) },
  { rows: 'O062', by: 'real', how: 'the camera that is asked for is not there', run: s => s.mod.eval(publishes, `{ videoSource: 'none' }`) },
  { rows: 'O064', by: 'stub', how: 'the browser says that the camera is in use', run: s => stubbed(s.mod, 'busy', publish('{}')) },
  { rows: 'O066', by: 'real', how: 'what is published is no publisher', run: async s => wrong(s.mod, 'call', 'session.publish.promise', { a: 1 }) },
  { rows: 'O071', by: 'real', how: 'the machine has no camera', run: s => s.empty.eval(publishes, '{}') },
  { rows: 'O072', by: 'real', how: 'audio and video are both off', run: s => s.mod.eval(publishes, '{ audioSource: null, videoSource: null }') },
  { rows: 'O076', by: 'stub', how: 'a browser that shares no screens', run: s => stubbed(s.mod, 'noScreen', publish(`{ videoSource: 'screen' }`)) },
  { rows: 'O077', by: 'stub', how: 'a browser that shares screens by an extension, and the app has named none', run: s => stubbed(s.mod, 'extensions', publish(`{ videoSource: 'screen' }`)) },
  { rows: 'O080', by: 'real', how: 'the app publishes one track twice', run: s => s.bob.eval(async () => {
    const track = ot.publishers.get('cam')!.getVideoSource().track!;
    return (await ot.publish('twin', { videoSource: track, audioSource: null })).error;
  }) },
  { rows: 'O081', by: 'proxy', how: 'the server\'s answer to publishing is lost', idle: true, run: s => cut(s.empty, 'publishVideo', 'never', publish(canvas)) },
  { rows: 'O026 O041', by: 'stub', how: 'a browser that shares no screens', run: s => stubbed(s.out, 'noScreen', preview(`{ videoSource: 'screen' }`)) },
  { rows: 'O027 O042', by: 'stub', how: 'a browser that shares screens by an extension, and the app has named none', run: s => stubbed(s.out, 'extensions', preview(`{ videoSource: 'screen' }`)) },
  { rows: 'O028 O043', by: 'stub', how: 'the extension that the app has named is not there', run: s => stubbed(s.out, 'extensions', `() => { ot.OT.registerScreenSharingExtension('chrome', 'abc', 2); return ot.preview('x', { videoSource: 'screen' }); }`) },
  { rows: 'O078', by: 'stub', how: 'the extension that the app has named is not there', run: s => stubbed(s.mod, 'extensions', `() => { ot.OT.registerScreenSharingExtension('chrome', 'abc', 2); return ot.publish('x', { videoSource: 'screen' }); }`) },
  { rows: 'O032', by: 'stub', how: 'the browser says that the camera is in use', run: s => stubbed(s.out, 'busy', preview('{}')) },
  { rows: 'O030 O033', by: 'real', how: 'the element for the video is not in the page', run: s => wrong(s.out, 'preview', 'x', { target: 'nowhere' }) },
  { rows: 'O038', by: 'stub', how: 'the browser says that the page is not secure', run: s => stubbed(s.out, 'noMedia', preview('{}')) },
  { rows: 'O039', by: 'real', how: 'the machine has no camera', run: s => wrong(s.empty, 'preview', 'x', {}) },
  { rows: 'O040', by: 'real', how: 'audio and video are both off', run: s => wrong(s.out, 'preview', 'x', { audioSource: false, videoSource: false }) },
  { rows: 'O029 O044', by: 'real', how: 'an issue is reported before any server is known', run: s => wrong(s.out, 'call', 'OT.reportIssue') },
  { rows: 'O031', by: 'stub', how: 'the page lets no element be made', run: s => stubbed(s.out, 'noElement', preview(`{ videoSource: null }`)) },
  { rows: 'O016 O084', by: 'real', how: 'the type of a signal has a space', run: s => wrong(s.mod, 'call', 'session.signal', { type: 'a b', data: 'x' }) },
  { rows: 'O017 O086', by: 'real', how: 'a signal to somebody who has left', run: async s => {
    const gone = await s.mod.eval(() => { const c = new ot.OT.Connection({ id: 'otc_GONE', createdAt: 0, metadata: '' }); return ot.session.signal({ data: 'x', to: c }).then(() => undefined, (e: any) => ({ name: e.name, code: e.code, own: true })); });
    return gone;
  } },
  { rows: 'O018', by: 'real', how: 'a signal of more than 8 kB', run: s => wrong(s.mod, 'call', 'session.signal', { data: 'x'.repeat(8193) }) },
  { rows: 'O019 O085', by: 'real', how: 'a signal before the app is connected', run: s => wrong(s.out, 'call', 'session.signal', { data: 'x' }) },
  { rows: 'O020', by: 'proxy', how: 'the server\'s answer to a signal is lost', idle: true, run: s => cut(s.denied, 'sendMessage', 'never', `() => ot.call('session.signal', { data: 'x' })`) },
  { rows: 'O087', by: 'real', how: 'the app sends two thousand signals at once', run: s => s.bob.eval(async () => {
    const all = await Promise.all(Array.from({ length: 2000 }, () => ot.call('session.signal', { type: 'flood', data: 'x' })));
    return all.find(o => !o.ok)?.error;
  }) },
  { rows: 'O021 O088', by: 'stub', how: 'the browser makes no connection', run: s => stubbed(s.mod, 'noConnection', subscribe) },
  { rows: 'O022 O091', by: 'stub', how: 'the connection is one whose ICE failed', run: s => stubbed(s.mod, 'noIce', subscribe) },
  { rows: 'O023 O097', by: 'stub', how: 'the browser refuses the server\'s offer', run: s => stubbed(s.mod, 'noRemote', subscribe) },
  { rows: 'O024', by: 'proxy', how: 'the server\'s answer to subscribing has nothing in it', run: s => cut(s.mod, 'prepareReceiveVideoFrom', 'nothing', subscribe) },
  { rows: 'O090', by: 'real', how: 'what is subscribed to is no stream', run: s => wrong(s.mod, 'call', 'session.subscribe.promise', 'stream') },
  { rows: 'O096', by: 'real', how: 'the app subscribes after it has left', run: s => s.sub.eval(async () => {
    await ot.session.disconnect();
    return (await ot.subscribe([...ot.subscribers.keys()][0]!)).error;
  }) },
  { rows: 'O098', by: 'proxy', how: 'the app is told that the stream has ended while it is subscribing', run: s => s.bob.eval(async () => {
    // What ends is told in the moment in which the offer has been asked for.
    const was = WebSocket.prototype.send;
    let socket: WebSocket | undefined;
    WebSocket.prototype.send = function (data) { was.call(this, data); if (String(data).includes('prepareReceiveVideoFrom')) socket = this; };
    const id = [...ot.subscribers.keys()][0]!;
    ot.session.unsubscribe(ot.subscribers.get(id)!);
    const asked = ot.subscribe(id);
    while (!socket) await new Promise(resolve => setTimeout(resolve, 1));
    WebSocket.prototype.send = was;
    const of = ot.subscribers.get(id)!.stream!.connection.connectionId;
    socket.onmessage!(new MessageEvent('message', { data: JSON.stringify({ jsonrpc: '2.0', method: 'participantUnpublished', params: { connectionId: of, streamId: id, reason: 'clientDisconnected' } }) }) as any);
    return (await asked).error;
  }) },
  { rows: 'O099', by: 'real', how: 'the app subscribes to a stream that has ended', run: s => s.mod.eval(async () => {
    const { stream } = ot.journal.told.findLast(n => n.kind === 'session.streamDestroyed')!.data;
    return (await ot.subscribe(stream)).error;
  }) },
  { rows: 'O100', by: 'real', how: 'statistics of a subscriber that has been given up', run: s => s.denied.eval(async () => {
    const subscriber = [...ot.subscribers.values()][0]!;
    ot.session.unsubscribe(subscriber);
    await new Promise(resolve => setTimeout(resolve, 50));
    return subscriber.getStats().then(() => undefined, (e: any) => ({ name: e.name, code: e.code, own: e instanceof Error }));
  }) },
  ...elements,
  { rows: 'O089', by: 'real', how: 'the app leaves while it is subscribing', run: s => s.mod.eval(async run => {
    const subscribing = (0, eval)(`(${run})`)();
    await new Promise(resolve => setTimeout(resolve, 5));
    void ot.session.disconnect();
    return (await subscribing).error;
  }, subscribe) },
];
