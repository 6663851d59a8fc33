// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Who speaks, from how loud it is. */

/** Levels are the root mean square of samples between 0 and 1. */
export interface GateOptions {
  start?: number; // speech is at least as loud; 0.01, which is -40 dBov
  hold?: number; // ms of silence after which somebody has stopped; 1000
}

/** Tells speech from silence in a row of levels. */
export class SpeakingGate {
  readonly #o: Required<GateOptions>;
  #loudAt = 0;
  #speaking = false;

  constructor(options: GateOptions = {}) {
    this.#o = { start: 0.01, hold: 1000, ...options };
  }

  get speaking(): boolean {
    return this.#speaking;
  }

  /** Takes the level until a time in ms. Returns whether that changes whether somebody speaks. */
  feed(level: number, now: number): boolean {
    const was = this.#speaking;
    if (level >= this.#o.start) {
      this.#loudAt = now;
      this.#speaking = true;
    } else if (now - this.#loudAt >= this.#o.hold) {
      this.#speaking = false;
    }
    return this.#speaking !== was;
  }
}

/** What was heard since the beginning (W3C WebRTC Statistics, totalAudioEnergy and totalSamplesDuration). */
export interface Heard {
  energy: number;
  duration: number; // seconds
}

/** How loud it was between two readings; silent where nothing came. */
export function levelBetween(before: Heard, now: Heard): number {
  const energy = now.energy - before.energy;
  const duration = now.duration - before.duration;
  return energy > 0 && duration > 0 ? Math.sqrt(energy / duration) : 0;
}

/** How often levels are read, in ms. */
const period = 200;

/** Watches how loud many are, and says who begins and stops to speak. */
export class SpeakingWatch<Who> {
  readonly #changed: (who: Who, speaking: boolean) => void;
  readonly #watched = new Map<Who, { read: () => Promise<Heard | undefined>; last: Heard | undefined; gate: SpeakingGate }>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(changed: (who: Who, speaking: boolean) => void) {
    this.#changed = changed;
  }

  /** Watches somebody; `read` says what was heard of them so far, and undefined for nothing. */
  add(who: Who, read: () => Promise<Heard | undefined>): void {
    this.#watched.set(who, { read, last: undefined, gate: new SpeakingGate() });
    this.#timer ??= setInterval(() => void this.#read(), period);
  }

  /** Whoever is no longer watched has stopped. */
  remove(who: Who): void {
    const had = this.#watched.get(who);
    this.#watched.delete(who);
    if (this.#watched.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    if (had?.gate.speaking) this.#changed(who, false);
  }

  clear(): void {
    for (const who of [...this.#watched.keys()]) this.remove(who);
  }

  async #read(): Promise<void> {
    for (const [who, watched] of [...this.#watched]) {
      const now = await watched.read().catch(() => undefined); // a connection that is closed says nothing
      const level = watched.last && now ? levelBetween(watched.last, now) : 0;
      watched.last = now;
      if (this.#watched.get(who) === watched && watched.gate.feed(level, performance.now())) this.#changed(who, watched.gate.speaking);
    }
  }
}

/** What was heard of what arrives. */
export const received = (pc: RTCPeerConnection) => heard(pc.getReceivers().find((r) => r.track.kind === "audio"), "inbound-rtp");

/** What was heard of what is sent; nothing of a muted track. */
export function sent(pc: RTCPeerConnection): Promise<Heard | undefined> {
  const sender = pc.getSenders().find((s) => s.track?.kind === "audio");
  return heard(sender?.track?.enabled ? sender : undefined, "media-source");
}

async function heard(from: RTCRtpSender | RTCRtpReceiver | undefined, type: string): Promise<Heard | undefined> {
  for (const s of (await from?.getStats())?.values() ?? []) {
    if (s.type === type && s.kind === "audio") return { energy: s.totalAudioEnergy ?? 0, duration: s.totalSamplesDuration ?? 0 };
  }
  return undefined;
}
