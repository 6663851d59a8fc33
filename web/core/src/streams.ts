// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* What participants publish: what is known of it, and the media itself. */
import { fields, type Fields } from "./rpc";

export type Kind = "audio" | "video";
export type Source = "camera" | "screen";

/** A stream as the server describes it. */
export interface StreamInfo {
  readonly id: string;
  readonly createdAt: number; // ms since the epoch
  readonly source: Source; // of its video; of its sound alone, "camera"
  readonly has: Readonly<Record<Kind, boolean>>;
  readonly active: Readonly<Record<Kind, boolean>>; // false while it is muted
}

/** Reads the server's description of a stream; undefined without an id. */
export function readStream(x: unknown): StreamInfo | undefined {
  const s = fields(x);
  if (typeof s.id !== "string" || s.id === "") return undefined;
  const has = { audio: s.hasAudio === true, video: s.hasVideo === true };
  return {
    id: s.id,
    createdAt: typeof s.createdAt === "number" ? s.createdAt : 0,
    source: s.typeOfVideo === "SCREEN" ? "screen" : "camera",
    has,
    active: { audio: has.audio && s.audioActive !== false, video: has.video && s.videoActive !== false },
  };
}

/** Reads a value that the server passes on as JSON in a text. */
export function readFlag(x: unknown): boolean | undefined {
  if (typeof x === "boolean") return x;
  return x === "true" ? true : x === "false" ? false : undefined;
}

/** Reads a candidate of the server's. */
export function readCandidate(params: Fields): RTCIceCandidateInit | undefined {
  if (typeof params.candidate !== "string" || params.candidate === "") return undefined;
  return {
    candidate: params.candidate,
    sdpMid: typeof params.sdpMid === "string" ? params.sdpMid : null,
    sdpMLineIndex: typeof params.sdpMLineIndex === "number" ? params.sdpMLineIndex : null,
  };
}
