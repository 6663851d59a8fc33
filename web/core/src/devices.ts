// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Cameras, microphones and screens; what the browser says of them as faults. */
import { explain, FaultId } from "../../faults";
import { CallError } from "./failure";
import { witness } from "./witness";

export type Device = "camera" | "microphone" | "screen";

/** What to capture of a kind: true for the browser's choice, false for nothing, or what the track must or should be (W3C Media Capture, section 4.2). */
export type Wanted = boolean | MediaTrackConstraints;

export interface CaptureOptions {
  audio?: Wanted;
  video?: Wanted;
}

/**
 * Opens camera and microphone. Fails with capture.nothing_requested when neither
 * is wanted, and as the browser says with capture.denied, device.not_found,
 * device.in_use, device.selected_missing and the other faults of this area; the
 * detail `device` names which of the two, as far as that can be known.
 */
export async function capture(options: CaptureOptions): Promise<MediaStream> {
  if (!options.audio && !options.video) throw new CallError(FaultId.CaptureNothingRequested, "capture");
  try {
    const asked = mediaDevices().getUserMedia({ audio: options.audio ?? false, video: options.video ?? false });
    return await (witness()?.asked(["audio", "video"].filter((kind) => options[kind as "audio" | "video"]).join(), asked) ?? asked);
  } catch (thrown) {
    throw await captureFailure(thrown, options);
  }
}

/** Asks for a screen or window, and for its sound where there is any. Fails with screen.denied, screen.gesture_required and others. */
export async function captureScreen(options: DisplayMediaStreamOptions = { video: true, audio: true }): Promise<MediaStream> {
  try {
    const asked = mediaDevices().getDisplayMedia(options);
    return await (witness()?.asked("screen", asked) ?? asked);
  } catch (thrown) {
    if (thrown instanceof CallError) throw thrown;
    throw new CallError(explain(thrown, { dialect: "web", method: "getDisplayMedia" })?.fault.id ?? FaultId.CaptureFailed, "capture", {
      cause: thrown, details: { device: "screen" },
    });
  }
}

/** The cameras, microphones and loudspeakers. Browsers name them only to pages that may use one. */
export async function devices(): Promise<MediaDeviceInfo[]> {
  try {
    return await mediaDevices().enumerateDevices();
  } catch (thrown) {
    if (thrown instanceof CallError) throw thrown;
    throw new CallError(FaultId.CaptureFailed, "capture", { cause: thrown });
  }
}

/** Ends what captures a stream. */
export function release(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

function mediaDevices(): MediaDevices {
  const found = globalThis.navigator?.mediaDevices;
  if (found) return found;
  throw new CallError(globalThis.isSecureContext === false ? FaultId.PageInsecure : FaultId.CaptureUnsupported, "capture");
}

/** The fault behind an exception of getUserMedia, and the device it is about. */
export async function captureFailure(thrown: unknown, options: CaptureOptions, permission: PermissionReader = browserPermission): Promise<CallError> {
  if (thrown instanceof CallError) return thrown;
  const known = explain(thrown, { dialect: "web", method: "getUserMedia" });
  let fault: FaultId = known?.fault.id ?? FaultId.CaptureFailed;
  const constraint = (thrown as { constraint?: unknown }).constraint;
  if (fault === FaultId.CaptureOverconstrained && constraint === "deviceId") fault = FaultId.DeviceSelectedMissing;
  let device = onlyDevice(options);
  if (!device && fault === FaultId.CaptureDenied) {
    for (const one of ["camera", "microphone"] as const) {
      if ((await permission(one)) === "denied") device ??= one;
    }
  }
  return new CallError(fault, "capture", { cause: thrown, details: device ? { device } : {} });
}

type PermissionReader = (device: "camera" | "microphone") => Promise<PermissionState | undefined>;

async function browserPermission(device: "camera" | "microphone"): Promise<PermissionState | undefined> {
  try {
    return (await navigator.permissions.query({ name: device as PermissionName })).state;
  } catch {
    return undefined; // not every browser knows these names
  }
}

function onlyDevice({ audio, video }: CaptureOptions): Device | undefined {
  if (audio && video) return undefined;
  return video ? "camera" : "microphone";
}
