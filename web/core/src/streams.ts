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
  readonly name: string; // that its publisher gave it
  readonly initials: string;
  readonly custom: boolean; // its video comes from the app, not from a device
  readonly frameRate: number | undefined; // a second, as its publisher asked for it
  readonly dimensions: Dimensions | undefined; // of its video, as its publisher says
}

/** The size of a picture, in pixels. */
export interface Dimensions {
  readonly width: number;
  readonly height: number;
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
    name: typeof s.name === "string" ? s.name : "",
    initials: typeof s.initials === "string" ? s.initials : "",
    custom: s.typeOfVideo === "CUSTOM",
    frameRate: typeof s.frameRate === "number" && s.frameRate > 0 ? s.frameRate : undefined,
    dimensions: readDimensions(s.videoDimensions),
  };
}

/** Reads the size of a picture, which is JSON in a text, or in a text in a text. */
export function readDimensions(x: unknown): Dimensions | undefined {
  try {
    for (let depth = 0; depth < 2 && typeof x === "string"; depth++) x = JSON.parse(x);
  } catch {
    return undefined;
  }
  const { width, height } = fields(x);
  return typeof width === "number" && typeof height === "number" && width > 0 && height > 0 ? { width, height } : undefined;
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
