// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The bare page: the SDK as published, its store, actions and notifications on
// `window.tab`, and a video element for every video track it knows, or for the
// first of them when window.shown says how many.
import * as sdk from '@100mslive/hms-video-store';
import { explain } from '../../web/faults/index.ts';

const hms = new sdk.HMSReactiveStore();
hms.triggerOnSubscribe();
const store = hms.getStore();
const actions: any = hms.getActions(); // by name, internals included
export interface Note { at: number; kind: string; data: any }
const journal: Note[] = []; // everything the app would have been told, in order

// copy makes a value safe to hand to the test: plain data, bounded in depth.
function copy(value: any, depth = 4): any {
  if (value === null || ['string', 'number', 'boolean', 'undefined'].includes(typeof value)) return value;
  if (value instanceof Date) return value.toISOString();
  if (depth === 0 || typeof value === 'function' || value instanceof EventTarget) return undefined;
  if (value instanceof Error || 'isTerminal' in value) return plainError(value);
  if (Array.isArray(value)) return value.map(v => copy(v, depth - 1));
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, copy(v, depth - 1)]));
}

export interface PlainError {
  code: number; name: string; message: string; description: string; action: string; isTerminal: boolean;
  fault?: string; canRetry?: boolean;
}
export interface Outcome { ok: boolean; pending?: boolean; value?: any; error?: any } // error is a PlainError when it failed

// plainError is an exception as data, with what the catalogue's module tells an
// app about it: the fault behind it and whether trying again can help.
function plainError(e: any): PlainError {
  const known = explain(e);
  return {
    code: e.code, name: e.name, message: e.message, description: e.description, action: e.action, isTerminal: e.isTerminal,
    fault: known?.fault.id, canRetry: known?.canRetry,
  };
}

const note = (kind: string, data: unknown) => journal.push({ at: Date.now(), kind, data });

hms.getNotifications().onNotification(n => note(n.type, copy(n.data)));
store.subscribe(state => note('room-state', state), sdk.selectRoomState);
// Every score is noted, because the SDK does not keep all of them: it takes a score of 0 for
// none the next time that it reads its peers anew, as it does when it reconnects.
store.subscribe(scores => {
  for (const { peerID, downlinkQuality } of Object.values(scores)) note('score', { peer: peerID, score: downlinkQuality });
}, (state: sdk.HMSStore) => state.connectionQualities);

const videos = new Map<string, HTMLVideoElement>();
store.subscribe(tracks => {
  for (const [id, track] of Object.entries(tracks)) {
    if (track.type !== 'video' || videos.has(id) || videos.size >= (window.shown ?? Infinity)) continue;
    const el = document.createElement('video');
    Object.assign(el, { autoplay: true, muted: true, playsInline: true, title: `${track.peerId} ${track.source}` });
    el.style.width = window.shown ? '160px' : '640px';
    el.style.height = window.shown ? '90px' : '360px';
    videos.set(id, el);
    document.getElementById('videos')!.append(el);
    actions.attachVideo(id, el).catch((e: unknown) => note('attach-failed', { id, error: copy(e) }));
  }
  for (const [id, el] of videos) {
    if (tracks[id]) continue;
    videos.delete(id);
    el.remove();
  }
}, sdk.selectTracksMap);

// attempt runs one SDK action and turns its outcome into data.
async function attempt(run: () => unknown): Promise<Outcome> {
  try {
    const value = await run();
    return { ok: true, value: copy(value) };
  } catch (e) {
    return { ok: false, error: plainError(e) };
  }
}

// tracks are all that the store knows, without their types.
const tracks = (): any[] => Object.values(store.getState().tracks);

const tab = { sdk, hms, store, actions, journal, videos, attempt, copy, plainError, state: (): any => store.getState(), tracks };
export type PageTab = typeof tab;
Object.assign(window, { tab });
