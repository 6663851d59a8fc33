// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Watches what the SDK does with the browser without changing any of it: which
// peer connections and sockets it opens, and which errors nobody caught.
// Received is what has arrived of one remote track, Sent one encoding that is sent.
export interface Received {
  kind: string; codec?: string; mid?: string;
  packets: number; lost: number; bytes: number; frames: number; dropped: number; keyframes: number;
  width: number; height: number; freezes: number; energy: number; samples: number; nacks: number; plis: number;
}
export interface Sent {
  kind: string; rid?: string; codec?: string; active?: boolean; width: number; height: number;
  frames: number; keyframes: number; packets: number; plis: number; limit?: string; track?: string;
}
export type Probe = typeof probe;

const connections: RTCPeerConnection[] = [];
const sockets: WebSocket[] = [];
const uncaught: string[] = [];


const watched = <T extends new (...args: any) => any>(Native: T, list: InstanceType<T>[]): T =>
  new Proxy(Native, {
    construct(target, args, newTarget) {
      const made = Reflect.construct(target, args, newTarget);
      list.push(made);
      return made;
    },
  });
window.RTCPeerConnection = watched(window.RTCPeerConnection, connections);
window.WebSocket = watched(window.WebSocket, sockets);

window.addEventListener('error', e => uncaught.push(String(e.error?.stack || e.message)));
window.addEventListener('unhandledrejection', e =>
  uncaught.push(`unhandled rejection: ${e.reason?.stack || JSON.stringify(e.reason)}`));

const live = () => connections.filter(pc => pc.signalingState !== 'closed');

// announced maps each media section to the track id the other side gives it. A
// section may be used again for another track; the receiver keeps its first id.
function announced(pc: RTCPeerConnection) {
  const ids: Record<string, string> = {};
  for (const section of pc.remoteDescription?.sdp.split('\r\nm=').slice(1) ?? []) {
    const mid = /\na=mid:(\S+)/.exec(section)?.[1];
    const track = /\na=msid:\S+ (\S+)/.exec(section)?.[1];
    if (mid && track) ids[mid] = track;
  }
  return ids;
}

async function rtp(type: string) {
  const rows: any[] = []; // RTCStats and what belongs to them
  for (const pc of live()) {
    const report = await pc.getStats();
    const ids = announced(pc);
    for (const s of (report as any).values()) {
      if (s.type !== type) continue;
      rows.push({ ...s, track: ids[s.mid], codec: report.get(s.codecId)?.mimeType, source: report.get(s.mediaSourceId) });
    }
  }
  return rows;
}

// received returns the inbound numbers of one remote track, added up over the
// streams that carried it, or null when nothing has arrived under that id.
async function received(trackId: string): Promise<Received | null> {
  const rows = (await rtp('inbound-rtp')).filter(s => s.track === trackId);
  if (rows.length === 0) return null;
  const sum = (key: string) => rows.reduce((n, s) => n + (s[key] || 0), 0);
  const last = rows[rows.length - 1];
  return {
    kind: last.kind, codec: last.codec, mid: last.mid,
    packets: sum('packetsReceived'), lost: sum('packetsLost'), bytes: sum('bytesReceived'),
    frames: sum('framesDecoded'), dropped: sum('framesDropped'), keyframes: sum('keyFramesDecoded'),
    width: last.frameWidth || 0, height: last.frameHeight || 0,
    freezes: sum('freezeCount'), energy: sum('totalAudioEnergy'), samples: sum('totalSamplesReceived'),
    nacks: sum('nackCount'), plis: sum('pliCount'),
  };
}

// sent returns one row per encoding this tab sends, simulcast layers apart.
const sent = async (): Promise<Sent[]> => (await rtp('outbound-rtp')).map(s => ({
  kind: s.kind, rid: s.rid, codec: s.codec, active: s.active, width: s.frameWidth || 0, height: s.frameHeight || 0,
  frames: s.framesEncoded || 0, keyframes: s.keyFramesEncoded || 0, packets: s.packetsSent || 0,
  plis: s.pliCount || 0, limit: s.qualityLimitationReason, track: s.source?.trackIdentifier,
}));

// heard is the energy of all sound that has arrived.
const heard = async (): Promise<number> => (await rtp('inbound-rtp')).reduce((sum, s) => sum + (s.totalAudioEnergy ?? 0), 0);

const states = () => connections.map(pc => `${pc.connectionState}/${pc.iceConnectionState}/${pc.signalingState}`);
// transports says which transport carries each live connection: "udp" or "tcp".
async function transports() {
  const found: string[] = [];
  for (const pc of live()) {
    const report = await pc.getStats();
    for (const s of (report as any).values()) {
      // Firefox marks the pair itself.
      const pair = s.type === 'transport' ? report.get(s.selectedCandidatePairId) : s.selected && s;
      if (pair) found.push(report.get(pair.localCandidateId)?.protocol || 'unknown');
    }
  }
  return found;
}

const probe = { connections, sockets, uncaught, received, sent, heard, states, transports };
Object.assign(window, { probe });
