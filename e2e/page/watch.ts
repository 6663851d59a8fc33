// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The page of an app on wtsdk, as its script file: every listener is registered
// once, and what the app was told is on `window.page`.
import type WTSDK from '../../web/wtsdk/src/index.ts';
import type { SyncSDK as SyncSDKClass } from '../../web/syncsdk/src/index.ts';
import { flowOf, Journal, play } from './journal.ts';
import { RawDoor } from './raw.ts';

declare const WT: typeof WTSDK;
declare const SyncSDK: typeof SyncSDKClass;

const journal = new Journal();
const streams = new Map<string, MediaStream>(); // by participant
const plain = (e: any) => ({
  code: e?.code, name: e?.name, says: e?.localizedDescription, fault: e?.fault, at: e?.requestTime, own: e?.error === e,
});

WT.ErrorsListeners.onSessionError(e => journal.note('error', plain(e)));
WT.SessionListeners.onConnected(() => {
  journal.note('connected');
  // As apps do it: these are registered whenever the app is connected.
  WT.SessionListeners.onStreamCreated(({ stream, streams: _, ...info }) => {
    streams.set(info.participantId, stream);
    play(stream, `video-${info.participantId}`, info.local);
    journal.note('streamCreated', info);
  });
  WT.ParticipantListeners.onParticipantLeft(p => {
    document.getElementById(`video-${p.participantId}`)?.remove();
    journal.note('participantLeft', p);
  });
});
WT.SessionListeners.onMessageReceived(m => journal.note('message', m));
WT.SessionListeners.onPlayerDataReceived(d => journal.note('playerData', d));
WT.SessionListeners.onStatsReceived(s => journal.note('stats', s));
WT.SessionListeners.onDisconnected(() => journal.note('disconnected'));
WT.ParticipantListeners.onParticipantJoined(p => journal.note('participantJoined', p));
WT.ParticipantListeners.onParticipantMediaStreamChanged(c => journal.note('mediaChanged', c));
WT.ParticipantListeners.onParticipantSpeaking(p => journal.note('speaking', p));
WT.ParticipantListeners.onParticipantStopSpeaking(p => journal.note('stopSpeaking', p));
WT.ReconnectListeners.onLocalConnectionLost(() => journal.note('lost'));
WT.ReconnectListeners.onLocalConnectionResumed(() => journal.note('resumed'));

const small = { audio: true, video: { width: 320, height: 180, frameRate: 10 } };

// call makes a call of the SDK by its name, such as "Session.connect".
function call(name: string, ...args: unknown[]) {
  const [object, method] = name.includes('.') ? name.split('.') : ['', name];
  const on = object ? (WT as any)[object] : WT;
  return journal.attempt(async () => {
    const value = await on[method](...args);
    return value instanceof MediaStream ? value.getTracks().map(t => t.kind).sort() : value;
  }, plain);
}

const connect = (where: any, who: any, constraints: any = small, metadata?: object) => call('Session.connect', where, who, constraints, metadata);

const pcOf = (stream: MediaStream) =>
  probe.connections.find(pc => pc.signalingState !== 'closed' && pc.getReceivers().some(r => stream.getTracks().includes(r.track)));

async function flow(participant: string) {
  const stream = streams.get(participant);
  const pc = stream && pcOf(stream);
  const video = document.getElementById(`video-${participant}`) as HTMLVideoElement | null;
  return pc ? flowOf(pc, video?.currentTime ?? 0) : null;
}

const doors = new Map<string, RawDoor>();

// raw is the door of that name, opened anew when an address is given.
async function raw(name: string, url?: string): Promise<RawDoor> {
  if (url) doors.set(name, await RawDoor.open(url));
  return doors.get(name)!;
}

// abandon disconnects in the moment in which the SDK asks to join.
function abandon(token: string) {
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (data) {
    send.call(this, data);
    if (!String(data).includes('"joinRoom"')) return;
    WebSocket.prototype.send = send;
    void WT.Session.disconnect();
  };
  return connect(token, 'ann');
}

// reset brings the page back to where it began.
async function reset() {
  await WT.Session.disconnect();
  for (const door of doors.values()) door.close();
  doors.clear();
  for (const video of document.querySelectorAll('video')) video.remove();
  journal.told.length = 0;
  return { ok: true };
}

// A player of one number, as SyncSDK steers it.
const player = { position: 0, playing: false, rate: 1, since: performance.now() };
const position = () => player.position + (player.playing ? (performance.now() - player.since) * player.rate : 0);
const set = (change: Partial<typeof player>) => Object.assign(player, { position: position(), since: performance.now() }, change);
const sync = new SyncSDK();
const follow = (token: string, name: string) => journal.attempt(async () => {
  sync.addPlayerClient({
    player, load() {}, unload() {}, mute() {}, unmute() {}, setVolume() {}, isStalled: () => false, isSeekable: () => true, getPrecisionThreshold: () => 50,
    play: () => set({ playing: true }), pause: () => set({ playing: false }), isPlaying: () => player.playing,
    getCurrentPosition: position, fastSeekToPosition: p => set({ position: p }), getPlaybackRate: () => player.rate, changePlaybackRate: rate => set({ rate }),
  });
  sync.attachListener(delta => journal.note('delta', delta), 'delta_change');
  sync.attachListener(m => journal.note('chat', m), 'chat_update');
  await sync.createGroup(token, name);
  await sync.startSynchronize();
}, plain);
const where = () => ({ position: position(), playing: player.playing });

const watch = { journal, call, connect, flow, reset, raw, abandon, follow, sync, set, where };
export type PageWatch = typeof watch;
Object.assign(window, { watch, page: watch });
