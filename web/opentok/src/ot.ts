// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* The functions of OT. */
import { release } from "../../core/src";
import { acquire, registerExtension, sharingCapability, sourcesOf } from "./acquire";
import { sorted } from "./args";
import { call, exceptions, journals } from "./calls";
import { Collection } from "./collection";
import { codecs, inputs, output, outputs, setOutput } from "./devices";
import { invalid } from "./errors";
import { Journal } from "./journal";
import { inner, Publisher } from "./publisher";
import { report } from "./report";
import { Session, subscribers as allSubscribers, type SessionOptions } from "./session";
import { baseUrl, setBase } from "./sessionid";
import type {
  AudioOutputDevice, Device, ExceptionEvent, GetUserMediaProperties, OTError, PublisherProperties, ScreenSharingCapabilityResponse,
} from "./types";

const known = new Map<string, Session>();
const made = new Set<Publisher>();
const journal = new Journal();

export const sessions = new Collection(() => known.values());
export const publishers = new Collection(() => made);
export const subscribers = new Collection(() => allSubscribers);

const OT = {}; // the target of exceptions that belong to no object

/** The session of an id: the same object each time for the same key and id. It is connected to by session.connect. */
export function initSession(apiKey: string, sessionId: string, options?: SessionOptions): Session {
  const [key, id] = sessionId === undefined ? ["", apiKey] : [String(apiKey ?? ""), sessionId]; // the key may be a number
  const name = JSON.stringify([key, id]);
  let session = known.get(name);
  if (!session || (options && !session.isConnected())) known.set(name, (session = new Session(key, id, options)));
  return session;
}

/** Captures camera and microphone and shows a preview; the arguments may be left out, from the middle too. */
export const initPublisher: {
  (targetElement?: HTMLElement | string, properties?: PublisherProperties, handler?: (error?: OTError) => void): Publisher;
  (targetElement?: HTMLElement | string, handler?: (error?: OTError) => void): Publisher;
  promise(targetElement?: HTMLElement | string, properties?: PublisherProperties, handler?: (error?: OTError) => void): Promise<Publisher>;
} = Object.assign((...given: unknown[]) => {
  const publisher = new Publisher(sorted<PublisherProperties>(given));
  made.add(publisher);
  publisher.once("destroyed", () => made.delete(publisher));
  return publisher;
}, { promise: (...given: unknown[]) => {
  const publisher = (initPublisher as (...all: unknown[]) => Publisher)(...given);
  const ready = publisher[inner].media.then(() => publisher);
  ready.catch(() => {}); // nobody has to
  return ready;
} });

/** Captures with the properties of a publisher, and shows nothing. The app stops what it gets. */
export function getUserMedia(properties: GetUserMediaProperties = {}): Promise<MediaStream> {
  return call("capture", OT, undefined, async () => {
    const media = await acquire(sourcesOf(properties, "capture"), properties);
    if (media.getTracks().length === 0) release(media);
    return media;
  });
}

export function getDevices(handler?: (error: OTError | undefined, devices?: Device[]) => void): Promise<Device[]> {
  return call("capture", OT, handler, inputs);
}

export function getAudioOutputDevices(): Promise<AudioOutputDevice[]> {
  return call("capture", OT, undefined, outputs);
}

export function setAudioOutputDevice(deviceId: string): Promise<void> {
  return call("capture", OT, undefined, () => setOutput(deviceId));
}

export function getActiveAudioOutputDevice(): Promise<AudioOutputDevice> {
  return call("capture", OT, undefined, output);
}

export async function getSupportedCodecs(): ReturnType<() => Promise<ReturnType<typeof codecs>>> {
  return codecs();
}

/** False: there are no media processors here. */
export const hasMediaProcessorSupport: { (mediaType?: "audio" | "video" | "both"): boolean; promise(mediaType?: "audio" | "video" | "both"): Promise<boolean> } =
  Object.assign((_mediaType?: "audio" | "video" | "both") => false, { promise: async (_mediaType?: "audio" | "video" | "both") => false });

/** False: media is encrypted on each way, not from end to end. */
export function hasEndToEndEncryptionSupport(): boolean {
  return false;
}

export function checkScreenSharingCapability(handler?: (response: ScreenSharingCapabilityResponse) => void): Promise<ScreenSharingCapabilityResponse> {
  const response = sharingCapability();
  if (typeof handler === "function") queueMicrotask(() => handler(response));
  return Promise.resolve(response);
}

/** Names the extension by which a browser without screen sharing shares screens. */
export function registerScreenSharingExtension(kind: string, id: string, _version: number): void {
  registerExtension(kind, id);
}

/** 1 where this browser can make calls, and 0 where not. */
export function checkSystemRequirements(): number {
  return typeof RTCPeerConnection === "function" && typeof WebSocket === "function" ? 1 : 0;
}

/** Says what is missing, where something is. */
export function upgradeSystemRequirements(): void {
  if (checkSystemRequirements() === 1 || typeof document === "undefined") return;
  const note = document.createElement("p");
  note.setAttribute("role", "alert");
  note.textContent = "This browser cannot make video calls. Use a current version of Chrome, Edge, Firefox or Safari.";
  document.body.prepend(note);
}

/** Reaches the server by another address, such as that of a proxy: in place of what the session id names. */
export function setProxyUrl(proxyUrl: string): void {
  const base = typeof proxyUrl === "string" ? baseUrl(proxyUrl) : undefined;
  if (!base) throw invalid("init", "proxyUrl", "an address such as https://proxy.example.org/calls");
  setBase(base);
}

/** Plays the sound that the browser has blocked; call it in a click. */
export function unblockAudio(): Promise<undefined> {
  return call("playback", OT, undefined, async () => {
    await Promise.all([...allSubscribers].map((s) => s[inner].unblock()));
    return undefined;
  });
}

/** Sends what is known of this page's calls to the server, for who runs it, and gives the id of the report. */
export function reportIssue(handler?: (error?: OTError, reportId?: string) => void): Promise<string> {
  return call("report", OT, handler, () => report([...known.values()], journal.lines));
}

/** Levels of OT.setLogLevel. */
export const NONE = 0, ERROR = 1, WARN = 2, INFO = 3, LOG = 4, DEBUG = 5;

/** Sets what is written to the console: 0 for nothing, 1 for errors, up to 5. */
export function setLogLevel(level: number): void {
  journal.level = level;
}

/** Writes a line to the console, as far as the level asks for it, and to reports of issues. */
export function log(message: string): void {
  journal.note(LOG, String(message));
}

journals.add(({ code, name, message }) => journal.note(ERROR, `${code} ${name}: ${message}`));

type Listener = (event: ExceptionEvent) => void;

/** Hears of every error, with its code and a title. */
export function on(eventName: "exception", handler: Listener, context?: object): void {
  exceptions.on(eventName, handler, context);
}

export function once(eventName: "exception", handler: Listener, context?: object): void {
  exceptions.once(eventName, handler, context);
}

export function off(eventName?: "exception", handler?: Listener, context?: object): void {
  exceptions.off(eventName, handler, context);
}
