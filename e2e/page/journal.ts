// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What an app was told and what its calls came to, for the pages of SDKs that have no store.
export interface Told { at: number; kind: string; data: any }
export interface Outcome { ok: boolean; value?: any; error?: any }

export class Journal {
  readonly told: Told[] = [];

  note(kind: string, data: unknown = {}) { this.told.push({ at: Date.now(), kind, data }); }

  // attempt runs a call of the SDK and returns its outcome as data.
  async attempt(run: () => unknown, plain: (e: any) => unknown): Promise<Outcome> {
    try {
      return { ok: true, value: await run() };
    } catch (e) {
      return { ok: false, error: plain(e) };
    }
  }
}

export type Flow = Awaited<ReturnType<typeof flowOf>>;

// flowOf is what has arrived on a connection and what a video of its stream has played.
export async function flowOf(pc: RTCPeerConnection, playing: number) {
  const got = { frames: 0, packets: 0, energy: 0, state: pc.connectionState, playing };
  for (const s of ((await pc.getStats()) as any).values()) {
    if (s.type !== 'inbound-rtp') continue;
    if (s.kind === 'video') got.frames += s.framesDecoded ?? 0;
    else {
      got.packets += s.packetsReceived ?? 0;
      got.energy += s.totalAudioEnergy ?? 0;
    }
  }
  return got;
}

// play shows a stream, and returns the element.
export function play(stream: MediaStream, id: string, muted = false): HTMLVideoElement {
  const known = document.getElementById(id) as HTMLVideoElement | null;
  const video = known ?? document.createElement('video');
  Object.assign(video, { id, autoplay: true, muted, playsInline: true, width: 160 });
  if (video.srcObject !== stream) video.srcObject = stream;
  if (!known) document.body.append(video);
  return video;
}
