// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* The events of sessions, publishers and subscribers, and what each carries. */
import type { Connection, Stream } from "./stream";
import type {
  AudioInputDevice, CpuPerformanceState, Dimensions, Event, PublisherStatContainer, QualityScore, SubscriberStats, VideoDimensionsChangedEvent, VideoQualityReason,
} from "./types";

/** Events by name; each carries what stands here. */
type Events<Target, Carried> = { [Name in keyof Carried & string]: Event<Name, Target> & Carried[Name] };
type Nothing = Record<never, never>;
interface About { stream: Stream }
interface Named { id: string; name: string }
interface Signal { type?: any; data?: string; from: Connection | null }

type Change =
  | { changedProperty: "hasAudio" | "hasVideo" | "hasCaptions"; oldValue: boolean; newValue: boolean }
  | { changedProperty: "videoDimensions"; oldValue: Dimensions; newValue: Dimensions };

export type SessionEvents<Session> = Events<Session, {
  archiveStarted: Named;
  archiveStopped: Named;
  connectionCreated: { connection: Connection };
  connectionDestroyed: { connection: Connection; reason: string };
  cpuPerformanceChanged: { cpuPerformanceState: CpuPerformanceState };
  muteForced: Nothing;
  sessionConnected: Nothing;
  sessionDisconnected: { reason: string };
  sessionReconnected: Nothing;
  sessionReconnecting: Nothing;
  signal: Signal;
  streamCreated: About;
  streamDestroyed: About & { reason: string };
  streamPropertyChanged: About & Change;
}>;

/** What publishers and subscribers have in common. */
interface Media {
  audioLevelUpdated: { audioLevel: number };
  mediaStreamAvailable: { mediaStream: MediaStream };
  videoDisableWarning: Nothing;
  videoDisableWarningLifted: Nothing;
  videoElementCreated: { element: HTMLVideoElement | HTMLObjectElement };
}

export type PublisherEvents<Publisher> = Events<Publisher, Media & {
  accessAllowed: Nothing;
  accessDenied: Nothing;
  accessDialogClosed: Nothing;
  accessDialogOpened: Nothing;
  audioInputDeviceChanged: { device: AudioInputDevice };
  destroyed: Nothing;
  mediaStopped: { track: MediaStreamTrack | undefined };
  muteForced: Nothing;
  networkConditionChanged: { reason: "networkConditionChanged"; statsContainer: PublisherStatContainer };
  streamCreated: About;
  streamDestroyed: About & { reason: string };
  videoDisabled: { reason: "quality" };
  videoEnabled: { reason: "quality" };
  videoQualityChanged: { reason: VideoQualityReason; statsContainer: PublisherStatContainer };
}> & { videoDimensionsChanged: VideoDimensionsChangedEvent<Publisher> };

export type SubscriberEvents<Subscriber> = Events<Subscriber, Media & {
  audioBlocked: Nothing;
  audioUnblocked: Nothing;
  captionReceived: { streamId: string; caption: string; isFinal: boolean };
  connected: Nothing;
  destroyed: { reason: string };
  disconnected: Nothing;
  encryptionSecretMatch: Nothing;
  encryptionSecretMismatch: Nothing;
  networkConditionChanged: { reason: "networkConditionChanged"; stats: SubscriberStats };
  qualityScoreChanged: { qualityScore: QualityScore };
  videoDisabled: { reason: string };
  videoEnabled: { reason: string };
  videoQualityChanged: { reason: VideoQualityReason; stats: SubscriberStats };
}> & { videoDimensionsChanged: VideoDimensionsChangedEvent<Subscriber> };
