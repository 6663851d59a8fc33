// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* What a publisher captures: from its properties to tracks. */
import { CallError, capture, captureScreen, FaultId, release, type Operation, type Wanted } from "../../core/src";
import { boolean, check, either, oneOf, size } from "./args";
import { invalid, OTError } from "./errors";
import type { GetUserMediaProperties, PublisherProperties, ScreenSharingCapabilityResponse } from "./types";

const screens = ["screen", "window", "application"];

const source = (x: unknown) => (x === null || typeof x === "boolean" || typeof x === "string" && x !== "" || isTrack(x)
  ? undefined : "the id of a device, a track, true, false or null");

export const captureChecks = {
  audioSource: source, videoSource: source, disableAudioProcessing: boolean, echoCancellation: boolean, noiseSuppression: boolean, autoGainControl: boolean,
  facingMode: oneOf("user", "environment", "left", "right"), frameRate: oneOf(1, 7, 15, 30), maxResolution: size,
  resolution: (x: unknown) => (typeof x === "string" && /^\d{2,4}x\d{2,4}$/.test(x) ? undefined : "a text such as 1280x720"),
  constraints: either((x) => (typeof x === "object" && x !== null ? undefined : "an object")),
};

function isTrack(x: unknown): x is MediaStreamTrack {
  return typeof MediaStreamTrack !== "undefined" && x instanceof MediaStreamTrack;
}

/** What is captured of a kind: nothing, a device or screen, or a track of the app's. */
export interface Sources {
  audio: false | Wanted | MediaStreamTrack;
  video: false | Wanted | MediaStreamTrack | "screen";
}

/** Works out the sources. Fails with capture.nothing_requested where there is none. */
export function sourcesOf(p: PublisherProperties, operation: Operation): Sources {
  check(operation, p, captureChecks);
  const sharing = typeof p.videoSource === "string" && screens.includes(p.videoSource);
  const none = (x: unknown) => x === null || x === false;
  // A shared screen takes a microphone with it only when it is asked to.
  const audio = none(p.audioSource) || (sharing && p.audioSource === undefined) ? false : isTrack(p.audioSource) ? p.audioSource : sound(p);
  const video = none(p.videoSource) ? false : isTrack(p.videoSource) ? p.videoSource : sharing ? "screen" as const : picture(p);
  if (audio === false && video === false) throw new OTError(FaultId.CaptureNothingRequested, operation, { message: "audioSource and videoSource are both off" });
  return { audio, video };
}

function custom(p: PublisherProperties, kind: "audio" | "video"): MediaTrackConstraints {
  const given = p.constraints?.[kind];
  if (typeof given !== "object") return {};
  if (!("mandatory" in given) && !("optional" in given)) return given as MediaTrackConstraints;
  const { mandatory = {}, optional = [] } = given as { mandatory?: Record<string, unknown>; optional?: Record<string, unknown>[] };
  return { ...Object.assign({}, ...optional), ...Object.fromEntries(Object.entries(mandatory).map(([k, v]) => [k, { exact: v }])) };
}

function sound(p: PublisherProperties): Wanted {
  const on = p.disableAudioProcessing ? false : undefined;
  return filled({
    ...(typeof p.audioSource === "string" ? { deviceId: { exact: p.audioSource } } : {}),
    echoCancellation: p.echoCancellation ?? on, noiseSuppression: p.noiseSuppression ?? on, autoGainControl: p.autoGainControl ?? on,
    ...(p.enableStereo ? { channelCount: 2 } : {}), ...custom(p, "audio"),
  });
}

function picture(p: PublisherProperties): Wanted {
  const [width, height] = (p.resolution ?? "640x480").split("x").map(Number);
  const most = p.maxResolution;
  return filled({
    ...(typeof p.videoSource === "string" ? { deviceId: { exact: p.videoSource } } : {}),
    width: { ideal: width, ...(most ? { max: Math.max(most.width, most.height) } : {}) },
    height: { ideal: height, ...(most ? { max: Math.max(most.width, most.height) } : {}) },
    ...(p.frameRate ? { frameRate: { ideal: p.frameRate, max: p.frameRate } } : {}),
    ...(p.facingMode ? { facingMode: { ideal: p.facingMode } } : {}), ...custom(p, "video"),
  });
}

/** Constraints without what is undefined; true where nothing is left. */
function filled(constraints: MediaTrackConstraints): Wanted {
  const left = Object.entries(constraints).filter(([, value]) => value !== undefined);
  return left.length > 0 ? Object.fromEntries(left) : true;
}

/** Captures. What one source gave is given back when the other one fails. */
export async function acquire({ audio, video }: Sources, p: GetUserMediaProperties): Promise<MediaStream> {
  const media = new MediaStream([audio, video].filter(isTrack));
  const wanted = { audio: isTrack(audio) ? false : audio, video: isTrack(video) || video === "screen" ? false : video };
  const opened: MediaStream[] = [];
  try {
    if (video === "screen") opened.push(await shared(p));
    if (wanted.audio || wanted.video) opened.push(await capture(wanted));
  } catch (thrown) {
    opened.forEach(release);
    throw thrown;
  }
  for (const track of opened.flatMap((s) => s.getTracks())) media.addTrack(track);
  const dead = media.getAudioTracks().find((t) => t.readyState === "ended" && opened.some((s) => s.getTracks().includes(t)));
  if (dead && "chrome" in globalThis) {
    release(media);
    throw new CallError(FaultId.CaptureBrowserFailure, "capture");
  }
  return media;
}

async function shared({ frameRate, maxResolution }: GetUserMediaProperties): Promise<MediaStream> {
  const problem = sharingProblem();
  if (problem) throw new CallError(problem, "capture");
  const video = { ...(frameRate ? { frameRate: { max: frameRate } } : {}), ...(maxResolution ? { width: { max: maxResolution.width }, height: { max: maxResolution.height } } : {}) };
  return captureScreen({ video: Object.keys(video).length > 0 ? video : true, audio: false });
}

const extensions = new Map<string, string>(); // id by kind of browser

/** Takes the id of an extension, for browsers that share screens by one. */
export function registerExtension(kind: string, id: string): void {
  if (typeof kind !== "string" || kind === "") throw invalid("init", "kind", "the kind of browser, such as chrome");
  if (typeof id !== "string" || id === "") throw invalid("init", "id", "the id of the extension");
  extensions.set(kind, id);
}

/** Why a screen cannot be shared. Browsers without getDisplayMedia that have extensions, which those of phones have not, would need one, and none can be there that we know how to ask. */
function sharingProblem(): FaultId | undefined {
  if (!globalThis.navigator?.mediaDevices) return globalThis.isSecureContext === false ? FaultId.PageInsecure : FaultId.ScreenUnsupported;
  if (typeof navigator.mediaDevices.getDisplayMedia === "function") return undefined;
  if (!("chrome" in globalThis) || /Android|Mobile/.test(navigator.userAgent)) return FaultId.ScreenUnsupported;
  return extensions.has("chrome") ? FaultId.ScreenExtensionMissing : FaultId.ScreenExtensionUnregistered;
}

/** What of a screen can be shared (W3C Screen Capture). */
export function sharingCapability(): ScreenSharingCapabilityResponse {
  const problem = sharingProblem();
  if (!problem) return { supported: true, supportedSources: { application: true, screen: true, window: true } };
  const needs = problem === FaultId.ScreenExtensionMissing || problem === FaultId.ScreenExtensionUnregistered;
  return {
    supported: needs, supportedSources: needs ? { screen: true } : {},
    ...(needs ? { extensionRequired: "chrome", extensionRegistered: problem === FaultId.ScreenExtensionMissing, extensionInstalled: false } : {}),
  };
}
