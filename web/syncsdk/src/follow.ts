// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* How a player follows another one. */

/** What the leader says of its player. */
export interface Position {
  position: number; // ms
  playing: boolean;
  rate: number;
}

/** What is done to a player that follows. */
export type Step = { seek: number } | { rate: number };

export interface Follower {
  threshold: number; // ms apart that count as in step
  seekable: boolean;
}

const nudge = 0.1; // the most that the speed differs from the leader's; more can be heard
const reach = 2_000; // ms apart that the speed makes up for
const patience = 10_000; // the same for players that should not jump

/** Where the leader's player is now, as long ago as it said so. */
export function expected(leader: Position, ago: number): number {
  return leader.position + (leader.playing ? ago * leader.rate : 0);
}

/** What brings a player in step that is ahead by delta ms; behind, if less than 0. */
export function correct(delta: number, leader: Position, target: number, { threshold, seekable }: Follower): Step {
  const apart = Math.abs(delta);
  if (apart <= threshold) return { rate: leader.rate };
  if (!leader.playing || apart > (seekable ? reach : patience)) return { seek: target };
  return { rate: leader.rate * (1 - nudge * Math.max(-1, Math.min(1, delta / 1000))) };
}

/** Reads what came over the wire; undefined for what is none. */
export function readPosition(x: unknown): Position | undefined {
  const p = (typeof x === "object" && x !== null ? x : {}) as Record<string, unknown>;
  if (!Number.isFinite(p.position) || typeof p.playing !== "boolean") return undefined;
  const rate = Number(p.rate ?? 1);
  return { position: p.position as number, playing: p.playing, rate: rate > 0 && rate <= 16 ? rate : 1 };
}
