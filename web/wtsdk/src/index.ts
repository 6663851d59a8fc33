// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Sceenic's WatchTogether API over Redial: `import WT from "@redial-rtc/wtsdk"`.
 * Redial is not affiliated with Sceenic; the names are those that apps use.
 */
import { CallError, capture, devices, FaultId, type Fields, type Wanted } from "../../core/src";
import { Call, type Constraints, type ParticipantType } from "./call";
import { sessionError } from "./errors";
import { Listeners } from "./listeners";
import { readAddress, type Address, type SessionSettings } from "./token";

export type { Constraints, ParticipantType } from "./call";
export { SessionError } from "./errors";
export type { MediaStreamChange, ParticipantInfo, PlayerData, ReceivedMessage, StreamConstraints, StreamInfo, WhichParticipant } from "./listeners";
export type { SessionSettings } from "./token";

/** A device that can be chosen. */
export interface MediaDevice {
  value: string; // its deviceId
  label: string; // "" while the page may use none
}

const listeners = new Listeners();
let call: Call | undefined;
const chosen: { audio: Wanted; video: Wanted } = { audio: true, video: true };

interface Begin {
  type?: ParticipantType;
  constraints?: Constraints;
  screen?: boolean;
  metadata?: object;
}

/** Whatever fails is told to onSessionError, too. Apps that listen there need not catch. */
function watched<T>(run: () => Promise<T>): Promise<T> {
  const done = (async () => {
    try {
      return await run();
    } catch (thrown) {
      const error = sessionError(thrown);
      listeners.tell("sessionError", error);
      throw error;
    }
  })();
  done.catch(() => {});
  return done;
}

function begin(where: string | SessionSettings, who: string | { displayed_name: string }, options: Begin): Promise<void> {
  return watched(async () => {
    if (call) throw new CallError(FaultId.ClientAlreadyJoined, "join");
    const name = typeof who === "string" ? who : who?.displayed_name;
    const address: Address = readAddress(where);
    const { type = "FULL_PARTICIPANT", constraints = { ...chosen }, screen, metadata } = options;
    const mine = new Call({ ...address, name, type, constraints, screen, metadata }, listeners);
    call = mine;
    mine.over = () => { if (call === mine) call = undefined; };
    try {
      await mine.connect();
    } catch (thrown) {
      mine.over();
      throw thrown;
    }
  });
}

function current(): Call {
  if (!call) throw new CallError(FaultId.ClientNotConnected, "connect");
  return call;
}

/** The session. All promises reject with a SessionError. */
const sessionApi = {
  /**
   * Joins with camera and microphone. `where` is the token of the session, or in
   * the older form its parts; `who` is the name, which nobody else in the session
   * may have. The keys of `metadata` come back with the participant at everybody.
   */
  connect: (where: string | SessionSettings, who: string | { displayed_name: string }, constraints?: Constraints, metadata?: object) =>
    begin(where, who, { constraints, metadata }),
  /** Joins to receive only. */
  connectAsAViewer: (where: string | SessionSettings, name: string, metadata?: object) => begin(where, name, { type: "VIEWER", metadata }),
  /** Joins with the screen instead of the camera. Call it in a click. */
  connectWithSharingScreen: (where: string | SessionSettings, name: string, metadata?: object) => begin(where, name, { screen: true, metadata }),
  /** Leaves. Leaving in the middle of joining makes connect fail with 901. */
  disconnect: async (): Promise<void> => {
    const leaving = call;
    call = undefined;
    await leaving?.close();
  },
  /** Has onStatsReceived called every two seconds. */
  enableStats: () => { call?.enableStats(); },
  /** Sends a text, or something as JSON, to everybody in the session. */
  sendMessage: (message: unknown) => watched(() => current().send(message)),
  /** Tells everybody where the player is. Only the synchroniser may (106). */
  sendPlayerData: (data: unknown) => watched(() => current().sendPlayerData(data)),
  /** Who is there, who is the synchroniser, how many send, whether the session is locked. */
  getSessionState: (): Promise<Fields> => watched(() => current().state()),
  /** Changes what this participant may send and receive; 101 for a type there is not. */
  setLocalParticipantType: (type: ParticipantType | string) => watched(() => current().setType(type)),
};

const participantApi = {
  enableVideo: () => watched(() => current().setActive("video", true)),
  disableVideo: () => watched(() => current().setActive("video", false)),
  enableAudio: () => watched(() => current().setActive("audio", true)),
  disableAudio: () => watched(() => current().setActive("audio", false)),
  setLocalParticipantType: sessionApi.setLocalParticipantType,
};

const errorsListeners = { onSessionError: listeners.setter("sessionError") };

/** Opens camera and microphone to look at, before connecting. The app stops what it is given. */
const doPreview = (constraints: Constraints = { ...chosen }): Promise<MediaStream> => watched(() => capture(constraints));

/** The devices to choose from, by kind. Browsers name them once one was opened. */
const getMediaDevices = (): Promise<Record<"camera" | "microphone" | "speaker", MediaDevice[]>> => watched(async () => {
  const all = await devices();
  const of = (kind: MediaDeviceKind) => all.filter((d) => d.kind === kind).map((d) => ({ value: d.deviceId, label: d.label }));
  return { camera: of("videoinput"), microphone: of("audioinput"), speaker: of("audiooutput") };
});

function choose(kind: "audio" | "video", wanted: Wanted): Promise<void> {
  chosen[kind] = wanted;
  return watched(async () => { await call?.setConstraints(kind, wanted); });
}

const WT = {
  Session: sessionApi,
  Participant: participantApi,
  SessionListeners: {
    onConnected: listeners.setter("connected"),
    onStreamCreated: listeners.setter("streamCreated"),
    onMessageReceived: listeners.setter("messageReceived"),
    onPlayerDataReceived: listeners.setter("playerDataReceived"),
    onStatsReceived: listeners.setter("statsReceived"),
    onDisconnected: listeners.setter("disconnected"),
  },
  ParticipantListeners: {
    onParticipantJoined: listeners.setter("participantJoined"),
    onParticipantLeft: listeners.setter("participantLeft"),
    onParticipantMediaStreamChanged: listeners.setter("mediaStreamChanged"),
    onParticipantSpeaking: listeners.setter("speaking"),
    onParticipantStopSpeaking: listeners.setter("stopSpeaking"),
  },
  ReconnectListeners: {
    onLocalConnectionLost: listeners.setter("connectionLost"),
    onLocalConnectionResumed: listeners.setter("connectionResumed"),
  },
  ErrorsListeners: errorsListeners,
  /** The name of ErrorsListeners in older apps. */
  ErrorListeners: errorsListeners,
  doPreview,
  getMediaDevices,
  setAudioConstraints: (wanted: Wanted) => choose("audio", wanted),
  setVideoConstraints: (wanted: Wanted) => choose("video", wanted),
};

export default WT;
