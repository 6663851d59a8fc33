// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What is measured of a running room, and which of it is worth a look.

/** The rooms in which somebody is; docs/live.md says what each field means. */
export interface Rooms {
  at: string;
  rooms: { room_id: string; room_name: string; session_id: string; since: string; locked: boolean; peers: number; tracks: number }[];
  total: number;
  peers: number;
}

export interface Path {
  state: string;
  protocol: string;
  remote_type: string;
  rtt_ms: number | null;
  loss: number | null;
  bitrate: number | null;
  score: number;
}

export interface Gate {
  track_id: string;
  kind: string;
  from: string;
  from_name: string;
  state: string;
  since: string | null;
  wanted: string;
  target: string;
  current: string;
  keyframe_requests: number;
  keyframes: number;
}

export interface Peer {
  peer_id: string;
  name: string;
  user_id: string;
  role: string;
  away: boolean;
  measured: boolean;
  up: Path | null;
  down: Path | null;
  tracks: { track_id: string; kind: string; source: string; muted: boolean }[] | null;
  open: number;
  gates: Gate[] | null;
}

export interface Room {
  at: string;
  room_id: string;
  room_name: string;
  session_id: string;
  since: string;
  locked: boolean;
  peers: Peer[] | null;
}

/** The tracks of a room that their publishers have muted. */
export const mutedIn = (peers: Peer[]): Set<string> => new Set(peers.flatMap((p) => p.tracks ?? []).filter((t) => t.muted).map((t) => t.track_id));

/** Whether a gate is not open though nobody wants that: neither who receives nor who publishes. */
export const troubled = (g: Gate, muted: Set<string>): boolean => g.state !== "paused" && !muted.has(g.track_id);

const troubles = (p: Peer, muted: Set<string>): number => (p.gates ?? []).filter((g) => troubled(g, muted)).length;

/** Whether somebody lacks something that they should have. */
export const notFine = (p: Peer, muted: Set<string>): boolean =>
  p.away || !p.measured || troubles(p, muted) > 0 || [p.up, p.down].some((x) => !!x && (x.state !== "connected" || (x.loss ?? 0) > 0.02));

/** People in the order in which they are worth a look: who lacks most first, then as they came. */
export function byNeed(peers: Peer[], muted: Set<string>): Peer[] {
  const need = (p: Peer) => (notFine(p, muted) ? 1 + troubles(p, muted) : 0);
  return peers.map((p, i) => ({ p, i, n: need(p) })).sort((a, b) => b.n - a.n || a.i - b.i).map((x) => x.p);
}

/** Rows that are to stay where they are: those of before in their order, whoever is still there, then what is new. */
export function inPlace(before: string[], now: Peer[], all: Peer[]): Peer[] {
  const by = new Map(all.map((p) => [p.peer_id, p]));
  return [...before.flatMap((id) => by.get(id) ?? []), ...now.filter((p) => !before.includes(p.peer_id))];
}

/** The rooms that have a text in their name, whatever its case and accents. */
export function named(rooms: Rooms["rooms"], text: string): Rooms["rooms"] {
  const fold = (s: string) => s.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const wanted = fold(text.trim());
  return wanted ? rooms.filter((r) => fold(r.room_name).includes(wanted) || r.room_id === text.trim()) : rooms;
}
