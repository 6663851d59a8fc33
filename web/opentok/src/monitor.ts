// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Watches the quality of a connection, and falls back to sound alone where video does not come through. */
import type { NetworkCondition } from "./types";

/** How often quality is looked at, in ms. */
const period = 2_000;

/** What falling back does. */
export interface FallbackEvents {
  warn(): void;
  lift(): void;
  disable(): void;
  enable(): void;
}

/** Decides by the condition of the network, reading by reading, when video is given up and taken up again. */
export class Fallback {
  readonly #events: FallbackEvents;
  #bad = 0; // readings in a row
  #good = 0;
  #state: "on" | "warned" | "off" = "on";

  constructor(events: FallbackEvents) {
    this.#events = events;
  }

  get off(): boolean {
    return this.#state === "off";
  }

  take(condition: NetworkCondition): void {
    if (condition === "unknown") return;
    const bad = condition === "critical" || condition === "warning" && this.#state !== "on";
    this.#bad = bad ? this.#bad + 1 : 0;
    this.#good = bad || condition === "warning" ? 0 : this.#good + 1;
    if (this.#state === "on" && (bad || condition === "warning")) {
      this.#state = "warned";
      this.#events.warn();
    } else if (this.#state === "warned" && this.#bad >= 3 && condition === "critical") {
      this.#state = "off";
      this.#events.disable();
    } else if (this.#state === "warned" && this.#good >= 2) {
      this.#state = "on";
      this.#events.lift();
    } else if (this.#state === "off" && this.#good >= 5) {
      this.#state = "on";
      this.#events.enable();
    }
  }
}

/** Calls something as long as it is wanted: where nobody listens, nothing is measured. */
export class Monitor {
  #timer: ReturnType<typeof setInterval> | undefined;
  #busy = false;

  /** Begins to call `read` where `wanted` says so. A call that takes longer than the period is the only one at a time. */
  start(wanted: () => boolean, read: () => Promise<void>, every = period): void {
    this.stop();
    this.#timer = setInterval(() => {
      if (this.#busy || !wanted()) return;
      this.#busy = true;
      read().catch(() => {}).finally(() => { this.#busy = false; }); // of a connection that is being closed
    }, every);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** How often levels of sound are told, in ms. */
export const levelPeriod = 100;

/** Measures the level of a track that is captured here, from 0 to 1. */
export class LevelMeter {
  #context: AudioContext | undefined;
  #analyser: AnalyserNode | undefined;
  #source: MediaStreamAudioSourceNode | undefined;
  #track: MediaStreamTrack | undefined;

  read(track: MediaStreamTrack | undefined): number {
    if (track !== this.#track) this.#follow(track);
    if (!this.#analyser || !track?.enabled) return 0;
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(samples);
    return Math.min(1, samples.reduce((most, s) => Math.max(most, Math.abs(s)), 0));
  }

  close(): void {
    this.#source?.disconnect();
    void this.#context?.close().catch(() => {});
    this.#context = this.#analyser = this.#source = this.#track = undefined;
  }

  #follow(track: MediaStreamTrack | undefined): void {
    this.#track = track;
    this.#source?.disconnect();
    if (!track || typeof AudioContext === "undefined") return;
    this.#context ??= new AudioContext();
    if (this.#context.state === "suspended") void this.#context.resume().catch(() => {});
    this.#analyser ??= new AnalyserNode(this.#context, { fftSize: 512 });
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
  }
}

/** The level of what is received, from 0 to 1 (W3C WebRTC, RTCRtpReceiver.getSynchronizationSources). */
export function receivedLevel(pc: RTCPeerConnection | undefined): number {
  const receiver = pc?.getReceivers().find((r) => r.track.kind === "audio");
  return receiver?.getSynchronizationSources()[0]?.audioLevel ?? 0;
}
