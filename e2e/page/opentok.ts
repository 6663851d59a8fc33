// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The page of an OpenTok app, on the library's script file. Every event that there
// is gets noted, and what the app was told is on `window.page`.
import type OTApi from '../../web/opentok/src/index.ts';
import { flowOf, Journal } from './journal.ts';

declare const OT: typeof OTApi;

const journal = new Journal();
const plain = (e: any) => ({ code: e?.code, name: e?.name, says: e?.message, fault: e?.fault, own: e instanceof Error });

const publishers = new Map<string, OTApi.Publisher>(); // by the name that the test gives
const subscribers = new Map<string, OTApi.Subscriber>(); // by stream
const streams = new Map<string, OTApi.Stream>();
const connections = new Map<string, OTApi.Connection>();
let session: OTApi.Session;

// said is what an event carries, as data.
function said(e: any) {
  const { stream, connection, element, mediaStream, from, track, error, statsContainer, stats, target: _, preventDefault: _1, isDefaultPrevented: _2, ...rest } = e;
  return {
    ...rest,
    ...(stream && { stream: stream.streamId, name: stream.name, video: stream.videoType, hasAudio: stream.hasAudio, hasVideo: stream.hasVideo, of: stream.connection.connectionId, size: stream.videoDimensions }),
    ...(connection && { connection: connection.connectionId, about: connection.data }),
    ...(from !== undefined && { from: from?.connectionId ?? null }),
    ...(element && { tag: element.tagName }), ...(mediaStream && { kinds: mediaStream.getTracks().map((t: MediaStreamTrack) => t.kind).sort() }),
    ...(track && { track: track.kind }), ...((statsContainer || stats) && { stats: true }),
  };
}

const events = {
  session: 'archiveStarted archiveStopped connectionCreated connectionDestroyed cpuPerformanceChanged muteForced sessionConnected sessionDisconnected sessionReconnected sessionReconnecting signal streamCreated streamDestroyed streamPropertyChanged',
  publisher: 'accessAllowed accessDenied accessDialogClosed accessDialogOpened audioInputDeviceChanged audioLevelUpdated destroyed mediaStopped mediaStreamAvailable muteForced networkConditionChanged streamCreated streamDestroyed videoDimensionsChanged videoDisabled videoDisableWarning videoDisableWarningLifted videoElementCreated videoEnabled videoQualityChanged',
  subscriber: 'audioBlocked audioLevelUpdated audioUnblocked connected destroyed disconnected mediaStreamAvailable networkConditionChanged qualityScoreChanged videoDimensionsChanged videoDisabled videoDisableWarning videoDisableWarningLifted videoElementCreated videoEnabled videoQualityChanged',
};
const loud = new Set(['audioLevelUpdated', 'networkConditionChanged', 'qualityScoreChanged', 'videoQualityChanged', 'cpuPerformanceChanged']);
const seen = new Set<string>();

function listen(kind: keyof typeof events, on: { on(names: string, handler: (e: any) => void): unknown }, who = '') {
  on.on('videoElementCreated', ({ element }) => { if (spoiled) Object.assign(element, { srcObject: null, src: spoiled }); });
  on.on(events[kind], e => {
    const name = e.type.startsWith('signal') ? 'signal' : e.type;
    if (loud.has(name) && seen.has(`${kind}.${name}`)) return; // one of these tells enough
    seen.add(`${kind}.${name}`);
    journal.note(`${kind}.${name}`, { ...said(e), who });
  });
}

OT.on('exception', e => journal.note('exception', { code: e.code, title: e.title, says: e.message }));

let receive: boolean | object; // what streams begin

// init takes a session; what streams begin in it are received, unless told otherwise.
function init(key: string, id: string, options: { receive?: boolean | object } = {}) {
  receive = options.receive ?? true;
  session = OT.initSession(key, id);
  listen('session', session);
  session.on('streamCreated', ({ stream }) => {
    streams.set(stream.streamId, stream);
    if (receive) void subscribe(stream.streamId, receive === true ? {} : receive);
  });
  session.on('connectionCreated', ({ connection }) => connections.set(connection.connectionId, connection));
}

// done turns a call with a completion handler into its outcome.
const done = (run: (handler: (e?: any) => void) => unknown) => journal.attempt(() => new Promise<void>((resolve, reject) => {
  run(e => (e ? reject(e) : resolve()));
}), plain);

async function connect(key: string, id: string, token: string, options = {}) {
  init(key, id, options);
  const outcome = await done(handler => session.connect(token, handler));
  return outcome.ok ? { ...outcome, value: session.connection!.connectionId } : outcome;
}

const small = { resolution: '320x240', frameRate: 15 } as const;
const of = (properties: any) => (properties.canvas ? { ...properties, videoSource: canvasTrack() } : properties);

// publish publishes without waiting for the camera, as apps do.
function publish(name: string, { target = 'publisher', ...properties }: any = {}) {
  const publisher = OT.initPublisher(target, { ...small, insertMode: 'append', ...of(properties) }, e => { if (e) journal.note('initFailed', plain(e)); });
  publishers.set(name, publisher);
  listen('publisher', publisher, name);
  return done(handler => session.publish(publisher, handler));
}

function preview(name: string, { target, ...properties }: any = {}) {
  return done(handler => {
    const publisher = OT.initPublisher(target, { ...small, ...of(properties) }, handler);
    publishers.set(name, publisher);
    listen('publisher', publisher, name);
  });
}

function subscribe(id: string, properties: any = {}) {
  return done(handler => {
    const subscriber = session.subscribe(streams.get(id)!, 'subscribers', { insertMode: 'append', ...properties }, handler);
    subscribers.set(id, subscriber);
    listen('subscriber', subscriber, id);
  });
}

let canvas: HTMLCanvasElement; // the latest
function canvasTrack() {
  const mine = (canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 120 }));
  const context = mine.getContext('2d')!;
  setInterval(() => { context.fillStyle = `hsl(${Date.now() / 10 % 360} 90% 50%)`; context.fillRect(0, 0, mine.width, mine.height); }, 100);
  return mine.captureStream(10).getVideoTracks()[0];
}

let spoiled: string | undefined; // what every video element plays that is made

// spoil makes a file that no element can play: a recording that is damaged, or zeros.
async function spoil(what?: 'damaged' | 'none') {
  spoiled = what && URL.createObjectURL(new Blob([what === 'none' ? new Uint8Array(1000) : await damaged()]));
}

async function damaged() {
  const recorder = new MediaRecorder(new MediaStream([canvasTrack()!]), { mimeType: 'video/webm;codecs=vp8' });
  const parts: Blob[] = [];
  recorder.ondataavailable = e => parts.push(e.data);
  recorder.start(100);
  while (parts.reduce((sum, { size }) => sum + size, 0) < 1000) await new Promise(resolve => setTimeout(resolve, 50));
  const stopped = new Promise(resolve => { recorder.onstop = resolve; });
  recorder.stop();
  await stopped;
  // The tracks are announced as they are, and what follows is noise.
  return new Uint8Array(await new Blob(parts).arrayBuffer()).map((byte, at) => (at < 300 ? byte : at * 7919));
}

const resize = (width: number, height: number) => { Object.assign(canvas, { width, height }); };

// call makes a call by its name: "session.signal", "publisher:cam.publishVideo", "subscriber:ID.getStats", "OT.getDevices".
function call(name: string, ...args: any[]) {
  const [, kind, who, method] = /^(\w+)(?::([^.]+))?\.(.+)$/.exec(name)!;
  const object: any = { session, OT, publisher: publishers.get(who!), subscriber: subscribers.get(who!) }[kind!];
  // Objects of the API are named in arguments.
  const real = args.map(a => (a?.$stream ? streams.get(a.$stream) ?? publishers.get(a.$stream)?.stream : a?.$connection ? connections.get(a.$connection) : a?.$to ? { ...a, to: connections.get(a.$to), $to: undefined } : a));
  return journal.attempt(async () => {
    const path = method!.split('.');
    const fn = path.reduce((o, key) => o[key], object);
    const value = await fn.apply(path.length > 1 ? undefined : object, real);
    return value === undefined || typeof value !== 'object' || Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype ? JSON.parse(JSON.stringify(value ?? null)) : String(value?.constructor?.name);
  }, plain);
}

const pcOf = (media: MediaStream) =>
  probe.connections.find(pc => pc.signalingState !== 'closed' && pc.getReceivers().some(r => media.getTracks().includes(r.track)));

// flow is what has arrived of a stream.
async function flow(id: string) {
  const video = subscribers.get(id)?.element?.querySelector('video');
  const pc = video?.srcObject && pcOf(video.srcObject as MediaStream);
  return pc ? flowOf(pc, video.currentTime) : null;
}

// asked collects what is asked of the server from now on.
function asked() {
  const frames: { method: string; params: any }[] = [];
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (data) { frames.push(JSON.parse(String(data))); send.call(this, data); };
  return () => { WebSocket.prototype.send = send; return frames; };
}

// idOf is the id of the stream that a publisher publishes.
const idOf = (name: string) => publishers.get(name)?.stream?.streamId;

const ignore = () => { receive = false; };

const ot = { journal, OT, init, connect, publish, preview, subscribe, call, flow, asked, idOf, resize, spoil, ignore, seen, publishers, subscribers, get session() { return session; } };
export type PageOpenTok = typeof ot;
Object.assign(window, { ot, page: ot });
