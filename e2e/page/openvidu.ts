// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The page of openvidu-browser as published: a session that is subscribed to
// everything, and what the app was told, on `window.ov`.
import { OpenVidu, type Connection, type Publisher, type Session, type StreamManager, type Subscriber } from 'openvidu-browser';
import { flowOf, Journal } from './journal.ts';

const openVidu = new OpenVidu();
openVidu.enableProdMode(); // says errors only

const journal = new Journal();
const note = (kind: string, data: unknown) => journal.note(kind, data);

let session: Session;
let publisher: Publisher | undefined;
const subscribers = new Map<string, Subscriber>(); // by connection
const connections = new Map<string, Connection>();

function listen() {
  session.on('connectionCreated', e => {
    connections.set(e.connection.connectionId, e.connection);
    note('connectionCreated', { id: e.connection.connectionId, data: e.connection.data });
  });
  session.on('connectionDestroyed', e => {
    connections.delete(e.connection.connectionId);
    note('connectionDestroyed', { id: e.connection.connectionId, reason: e.reason });
  });
  session.on('streamCreated', e => {
    const { stream } = e;
    note('streamCreated', { id: stream.streamId, connection: stream.connection.connectionId, audio: stream.hasAudio, video: stream.hasVideo, type: stream.typeOfVideo });
    const made = session.subscribe(stream, 'videos', {}, error => { if (error) note('subscribeFailed', String(error.message ?? error)); });
    subscribers.set(stream.connection.connectionId, made);
  });
  session.on('streamDestroyed', e => {
    subscribers.delete(e.stream.connection.connectionId);
    note('streamDestroyed', { id: e.stream.streamId, connection: e.stream.connection.connectionId, reason: e.reason });
  });
  session.on('streamPropertyChanged', e => note('streamPropertyChanged', { connection: e.stream.connection.connectionId, property: e.changedProperty, value: e.newValue, reason: e.reason }));
  session.on('connectionPropertyChanged', e => note('connectionPropertyChanged', { property: e.changedProperty, value: e.newValue, old: e.oldValue }));
  session.on('signal', e => note('signal', { type: e.type, data: e.data, from: e.from?.connectionId }));
  session.on('sessionDisconnected', e => note('sessionDisconnected', { reason: e.reason }));
  session.on('exception', e => note('exception', { name: e.name, message: e.message }));
  session.on('reconnecting', () => note('reconnecting', {}));
  session.on('reconnected', () => note('reconnected', {}));
}

// plain is a rejection as data: errors of this client are of every kind.
function plain(e: any) {
  if (typeof e === 'string') return { message: e };
  return { code: e?.code, name: e?.name, message: e?.message, data: e?.data };
}

const attempt = (run: () => unknown) => journal.attempt(run, plain);

const connect = (token: string, data: unknown) => attempt(async () => {
  session = openVidu.initSession();
  listen();
  await session.connect(token, data);
  return session.connection.connectionId;
});

const publish = (options: object = {}) => attempt(async () => {
  publisher = await openVidu.initPublisherAsync(undefined, { resolution: '320x240', frameRate: 15, mirror: false, ...options });
  publisher.on('streamDestroyed', e => note('unpublished', { reason: e.reason }));
  await session.publish(publisher);
  return publisher.stream.streamId;
});

const unpublish = () => attempt(async () => {
  await session.unpublish(publisher!);
  publisher = undefined;
});

const signal = (options: object) => attempt(() => session.signal(options));
const disconnect = () => attempt(() => session.disconnect());
const mute = (kind: 'audio' | 'video', on: boolean) => attempt(() => kind === 'audio' ? publisher!.publishAudio(on) : publisher!.publishVideo(on));
const remove = (connectionId: string) => attempt(() => session.forceDisconnect(connections.get(connectionId)!));

// What fails, in openvidu-errors.
const publishUnconnected = () => attempt(async () => {
  const made = await openVidu.initPublisherAsync(undefined, { resolution: '320x240' });
  await openVidu.initSession().publish(made);
});
const publishNothing = () => attempt(() => openVidu.initPublisherAsync(undefined, { audioSource: false, videoSource: false }));
const publishAgain = () => attempt(async () => session.publish(await openVidu.initPublisherAsync(undefined, { resolution: '320x240' })));
const signalTo = (connectionId: string, data: string) => attempt(() => session.signal({ type: 'chat', data, to: [{ connectionId } as Connection] }));
const subscribeAgain = (connectionId: string, streamId: string) => attempt(() => {
  const { stream } = connections.get(connectionId)!;
  stream!.streamId = streamId;
  return session.subscribeAsync(stream!, 'videos');
});
const filter = () => attempt(() => publisher!.stream.applyFilter('GStreamerFilter', { command: 'x' }));
const transcribe = (connectionId: string) => attempt(() => session.subscribeToSpeechToText(connections.get(connectionId)!.stream!, 'en-US'));
const kept = new Map<string, Connection>();
const keep = (connectionId: string) => { kept.set(connectionId, connections.get(connectionId)!); };
const removeKept = (connectionId: string) => attempt(() => session.forceDisconnect(kept.get(connectionId)!));

// flow is what has arrived of a connection's stream.
async function flow(connectionId: string) {
  const manager: StreamManager | undefined = subscribers.get(connectionId);
  // It throws while the stream has no connection yet.
  const pc: RTCPeerConnection | undefined = manager?.stream.getWebRtcPeer() && manager.stream.getRTCPeerConnection();
  if (!pc) return null;
  return flowOf(pc, manager!.videos[0]?.video?.currentTime ?? 0);
}

// resize tells of another size of the picture, as the client does when a device is
// turned; a headless browser has none.
const resize = (width: number, height: number) => attempt(() => {
  publisher!.stream.videoDimensions = { width, height };
  openVidu.sendVideoDimensionsChangedEvent(publisher!, 'deviceRotated', 0, 0, width, height);
});

// iceServers are those that the client uses.
const iceServers = () => openVidu.iceServers;

// layers are the names of the layers of its video that bytes are sent of.
async function layers(): Promise<string[]> {
  const stats: any = await publisher!.stream.getRTCPeerConnection().getStats();
  return [...stats.values()].filter((s: any) => s.type === 'outbound-rtp' && s.kind === 'video' && s.rid && s.bytesSent > 0).map((s: any) => s.rid);
}

const unpublishOther = (connectionId: string) => attempt(() => session.forceUnpublish(connections.get(connectionId)!.stream!));
// rebuildMedia has the client build every connection anew once its socket is back.
const rebuildMedia = () => openVidu.setAdvancedConfiguration({ forceMediaReconnectionAfterNetworkDrop: true });

const ov = { openVidu, journal: journal.told, connections, connect, publish, unpublish, signal, disconnect, mute, remove, unpublishOther, rebuildMedia, flow, resize, iceServers, layers,
  publishUnconnected, publishNothing, publishAgain, signalTo, subscribeAgain, filter, transcribe, keep, removeKept };
export type PageOpenVidu = typeof ov;
Object.assign(window, { ov });
