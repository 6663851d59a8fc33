// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* What apps listen to. One listener for each: apps register them anew when they are connected. */
import type { StreamStats } from "../../core/src";
import type { SessionError } from "./errors";

/** Which media somebody wants to send. */
export interface StreamConstraints {
  audio: boolean;
  video: boolean;
}

/** Somebody in the session; the keys of the metadata they connected with are beside these. */
export interface ParticipantInfo {
  participantId: string;
  participantName: string;
  participantType: string;
  local: boolean;
  isLocal: boolean;
  [metadata: string]: unknown;
}

/** A participant with what they send. */
export interface StreamInfo extends ParticipantInfo {
  stream: MediaStream;
  streams: [MediaStream]; // for older apps
  streamConstraints: StreamConstraints;
  settings: { mutedAudio: boolean; mutedVideo: boolean };
}

export interface MediaStreamChange {
  participantId: string;
  mediaType: "AUDIO" | "VIDEO";
  mediaState: "ENABLED" | "DISABLED";
}

export interface ReceivedMessage {
  participantId: string; // "" for the server
  participantName: string;
  local: boolean;
  message: string;
}

export interface PlayerData {
  participantId: string;
  data: unknown;
  at: number; // when the server took it, in ms since the epoch
}

/** An object that says the participant's id also where a text is wanted, as older apps expect. */
export type WhichParticipant = Readonly<{ participantId: string }>;

export interface Told {
  connected: () => void;
  streamCreated: (stream: StreamInfo) => void;
  messageReceived: (message: ReceivedMessage) => void;
  playerDataReceived: (data: PlayerData) => void;
  statsReceived: (stats: StreamStats[]) => void;
  disconnected: () => void;
  participantJoined: (participant: ParticipantInfo) => void;
  participantLeft: (participant: WhichParticipant) => void;
  mediaStreamChanged: (change: MediaStreamChange) => void;
  speaking: (participant: WhichParticipant) => void;
  stopSpeaking: (participant: WhichParticipant) => void;
  sessionError: (error: SessionError) => void;
  connectionLost: () => void;
  connectionResumed: () => void;
}

export class Listeners {
  readonly #told: Partial<Told> = {};

  /** Returns the function by which an app registers its listener, in place of the one before. */
  setter<Name extends keyof Told>(name: Name): (callback: Told[Name] | null) => void {
    return (callback) => {
      if (typeof callback === "function") this.#told[name] = callback;
      else delete this.#told[name];
    };
  }

  /** Tells the app. What its listener throws is the app's: it stops nothing here. */
  tell<Name extends keyof Told>(name: Name, ...args: Parameters<Told[Name]>): void {
    try {
      (this.#told[name] as ((...args: unknown[]) => void) | undefined)?.(...args);
    } catch (e) {
      queueMicrotask(() => { throw e; });
    }
  }
}

export function which(participantId: string): WhichParticipant {
  return Object.defineProperty({ participantId }, "toString", { value: () => participantId });
}
