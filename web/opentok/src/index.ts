// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The OpenTok API over Redial: `import OT from "@redial-rtc/opentok"`. Redial is not
 * affiliated with Vonage; the names are those that apps use.
 */
import { OTEventEmitter as Emitter, SessionOTEventEmitter as SessionEmitter } from "./emitter";
import * as functions from "./ot";
import { Publisher as PublisherClass } from "./publisher";
import { Session as SessionClass } from "./session";
import { Connection as ConnectionClass, Stream as StreamClass } from "./stream";
import { Subscriber as SubscriberClass } from "./subscriber";
import type * as T from "./types";

const OT = {
  ...functions,
  Session: SessionClass, Publisher: PublisherClass, Subscriber: SubscriberClass, Stream: StreamClass, Connection: ConnectionClass,
  OTEventEmitter: Emitter, SessionOTEventEmitter: SessionEmitter,
};

declare namespace OT {
  export type AdvancedNoiseSuppressionFilter = T.AdvancedNoiseSuppressionFilter;
  export type AudioFilter = T.AudioFilter;
  export type AudioInputDevice = T.AudioInputDevice;
  export type AudioOutputDevice = T.AudioOutputDevice;
  export type BackgroundBlurFilter = T.BackgroundBlurFilter;
  export type BackgroundReplacementFilter = T.BackgroundReplacementFilter;
  export type CaptionsLanguageCode = T.CaptionsLanguageCode;
  export type CpuPerformanceState = T.CpuPerformanceState;
  export type Device = T.Device;
  export type Dimensions = T.Dimensions;
  export type Event<Type, Target> = T.Event<Type, Target>;
  export type ExceptionEvent = T.ExceptionEvent;
  export type GetUserMediaProperties = T.GetUserMediaProperties;
  export type IceConfig = T.IceConfig;
  export type IncomingTrackStats = T.IncomingTrackStats;
  export type LegacyMediaStreamConstraints = T.LegacyMediaStreamConstraints;
  export type LegacyMediaTrackConstraints = T.LegacyMediaTrackConstraints;
  export type MediaProcessorConnector = T.MediaProcessorConnector;
  export type NetworkCondition = T.NetworkCondition;
  export type NetworkConditionReason = T.NetworkConditionReason;
  export type NetworkDegradationSource = T.NetworkDegradationSource;
  export type OTError = T.OTError;
  export type OutgoingTrackStats = T.OutgoingTrackStats;
  export type PreferredVideoCodecs = T.PreferredVideoCodecs;
  export type PublisherMediaLink = T.PublisherMediaLink;
  export type PublisherProperties = T.PublisherProperties;
  export type PublisherRtcStatsReportArr = T.PublisherRtcStatsReportArr;
  export type PublisherRtcStatsReportContainer = T.PublisherRtcStatsReportContainer;
  export type PublisherStatContainer = T.PublisherStatContainer;
  export type PublisherStats = T.PublisherStats;
  export type PublisherStatsArr = T.PublisherStatsArr;
  export type PublisherStyle = T.PublisherStyle;
  export type PublisherVideoStats = T.PublisherVideoStats;
  export type QualityScore = T.QualityScore;
  export type ScalabilityMode = T.ScalabilityMode;
  export type ScreenSharingCapabilityResponse = T.ScreenSharingCapabilityResponse;
  export type SenderStats = T.SenderStats;
  export type SubscriberMediaLink = T.SubscriberMediaLink;
  export type SubscriberProperties = T.SubscriberProperties;
  export type SubscriberStats = T.SubscriberStats;
  export type SubscriberStyle = T.SubscriberStyle;
  export type SubscriberVideoStats = T.SubscriberVideoStats;
  export type TransportStats = T.TransportStats;
  export type VideoBitratePreset = T.VideoBitratePreset;
  export type VideoBitratePresetInput = T.VideoBitratePresetInput;
  export type VideoCodec = T.VideoCodec;
  export type VideoContentHint = T.VideoContentHint;
  export type VideoDimensionsChangedEvent<Target> = T.VideoDimensionsChangedEvent<Target>;
  export type VideoFilter = T.VideoFilter;
  export type VideoLayerStats = T.VideoLayerStats;
  export type VideoQualityReason = T.VideoQualityReason;
  export type WidgetProperties = T.WidgetProperties;
  export type WidgetStyle = T.WidgetStyle;
  export type Session = SessionClass;
  export type Publisher = PublisherClass;
  export type Subscriber = SubscriberClass;
  export type Stream = StreamClass;
  export type Connection = ConnectionClass;
  export type OTEventEmitter<EventMap> = Emitter<EventMap>;
  export type SessionOTEventEmitter<EventMap> = SessionEmitter<EventMap>;
}

export default OT;
export * from "./ot";
export * from "./types";
export { OTEventEmitter, SessionOTEventEmitter } from "./emitter";
export { Publisher } from "./publisher";
export { Session } from "./session";
export { Connection, Stream } from "./stream";
export { Subscriber } from "./subscriber";
