// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Microphones, cameras and loudspeakers. */
import { CallError, devices as all, FaultId } from "../../core/src";
import { invalid } from "./errors";
import type { AudioOutputDevice, Device } from "./types";

export async function inputs(): Promise<Device[]> {
  const kinds: Partial<Record<MediaDeviceKind, Device["kind"]>> = { audioinput: "audioInput", videoinput: "videoInput" };
  return (await all()).flatMap(({ kind, deviceId, label }) => (kinds[kind] ? [{ kind: kinds[kind], deviceId, label }] : []));
}

export const cameras = async () => (await inputs()).filter((d) => d.kind === "videoInput");

export async function outputs(): Promise<AudioOutputDevice[]> {
  return (await all()).filter((d) => d.kind === "audiooutput").map(({ deviceId, label }) => ({ deviceId, label }));
}

let chosen: AudioOutputDevice = { deviceId: null, label: null };
const playing = new Set<HTMLMediaElement>();

type Sinking = HTMLMediaElement & { setSinkId?(id: string): Promise<void> };

/** Has an element play on the loudspeaker that is chosen, now and later. */
export function plays(element: HTMLMediaElement): void {
  playing.add(element);
  if (chosen.deviceId) void (element as Sinking).setSinkId?.(chosen.deviceId).catch(() => {});
}

export function playsNoMore(element: HTMLMediaElement): void {
  playing.delete(element);
}

/** Plays everything on another loudspeaker (W3C Audio Output Devices). */
export async function setOutput(deviceId: string): Promise<void> {
  if (typeof deviceId !== "string" || deviceId === "") throw invalid("init", "deviceId", "the id of a loudspeaker");
  if (!("setSinkId" in HTMLMediaElement.prototype)) throw new CallError(FaultId.CaptureUnsupported, "capture", { message: "this browser does not let a page choose the loudspeaker" });
  const found = (await outputs()).find((d) => d.deviceId === deviceId);
  if (!found) throw invalid("init", "deviceId", "the id of a loudspeaker that is there");
  await Promise.all([...playing].map((element) => (element as Sinking).setSinkId!(deviceId)));
  chosen = found;
}

export async function output(): Promise<AudioOutputDevice> {
  return { ...chosen };
}

/** The codecs that this browser encodes and decodes (W3C WebRTC, getCapabilities). */
export function codecs(): { videoEncoders: ("H264" | "VP8" | "VP9")[]; videoDecoders: ("H264" | "VP8" | "VP9")[] } {
  const names = ["H264", "VP8", "VP9"] as const;
  const of = (from: { getCapabilities?(kind: string): RTCRtpCapabilities | null } | undefined) => {
    const known = new Set(from?.getCapabilities?.("video")?.codecs.map((c) => c.mimeType.toUpperCase()));
    return names.filter((name) => known.has(`VIDEO/${name}`));
  };
  return { videoEncoders: of(globalThis.RTCRtpSender), videoDecoders: of(globalThis.RTCRtpReceiver) };
}
