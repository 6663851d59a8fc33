// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * What apps pass in and get back. The names and shapes are those of the API that
 * apps are written for; which of them have no effect here docs/opentok.md says.
 */

/** An error as handlers and promises get it. */
export interface OTError extends Error {
  /** An `OT_` name; "Error" for what nobody expected. */
  name: string;
  message: string;
  /** The number that older apps branch on; 0 for none. */
  code?: number;
  /** The id in the catalogue of Redial, which says what to do about it. */
  fault?: string;
}

/** A size in pixels. */
export interface Dimensions {
  width: number;
  height: number;
}

/** Takes a track and gives another one in its place. */
export interface MediaProcessorConnector {
  setTrack(track: MediaStreamTrack): Promise<MediaStreamTrack>;
  destroy(): Promise<void>;
}

/** What can be shared of a screen, and whether that needs an extension of the browser. */
export interface ScreenSharingCapabilityResponse {
  supported: boolean;
  supportedSources: { application?: boolean; screen?: boolean; window?: boolean };
  extensionRequired?: string;
  extensionRegistered?: boolean;
  extensionInstalled?: boolean;
}

/** A microphone or a camera. The label is empty until the page may use one. */
export interface Device {
  kind: "audioInput" | "videoInput";
  deviceId: string;
  label: string;
}

/** A loudspeaker; null for the default of the system. */
export interface AudioOutputDevice {
  deviceId: string | null | undefined;
  label: string | null;
}

/** A microphone in use. */
export interface AudioInputDevice {
  deviceId: string | null | undefined;
  label: string | null;
}

/** Which STUN and TURN servers are used, and whether media goes by TURN alone (W3C WebRTC, RTCConfiguration). */
export interface IceConfig {
  includeServers: "all" | "custom";
  transportPolicy: "all" | "relay";
  customServers: { urls: string | string[]; username?: string; credential?: string }[];
}

export type VideoCodec = "vp8" | "vp9" | "h264";
/** Codecs, the best first. */
export type PreferredVideoCodecs = "automatic" | [VideoCodec, ...VideoCodec[]];
export type VideoBitratePresetInput = "default" | "bw_saver" | "extra_bw_saver";
/** "custom" once an app has set a number. */
export type VideoBitratePreset = VideoBitratePresetInput | "custom";

type Display = "auto" | "on" | "off";

/** Which parts of the default user interface are shown. */
export interface WidgetStyle {
  audioLevelDisplayMode: Display;
  backgroundImageURI: string;
  buttonDisplayMode: Display;
  nameDisplayMode: Display;
  videoDisabledDisplayMode: Display;
}

export interface PublisherStyle extends WidgetStyle {
  archiveStatusDisplayMode: "auto" | "off";
}

export interface SubscriberStyle extends WidgetStyle {
  audioBlockedDisplayMode: Display;
}

/** How a video is put into the page. Sizes are pixels as a number, or CSS. */
export interface WidgetProperties {
  fitMode?: "cover" | "contain";
  insertDefaultUI?: boolean;
  insertMode?: "replace" | "after" | "before" | "append";
  showControls?: boolean;
  width?: string | number;
  height?: string | number;
}

/** What is captured. A source is the id of a device, a track, false or null for none, "screen" for a screen. */
export interface GetUserMediaProperties {
  audioSource?: string | null | boolean | MediaStreamTrack;
  videoSource?: string | null | boolean | MediaStreamTrack;
  disableAudioProcessing?: boolean;
  echoCancellation?: boolean;
  noiseSuppression?: boolean;
  autoGainControl?: boolean;
  facingMode?: "user" | "environment" | "left" | "right";
  frameRate?: 30 | 15 | 7 | 1;
  maxResolution?: Dimensions;
  resolution?: "1920x1080" | "1280x960" | "1280x720" | "640x480" | "640x360" | "320x240" | "320x180";
}

/** What a video shows, as a hint to the encoder (W3C MediaStreamTrack Content Hints). */
export type VideoContentHint = "text" | "detail" | "motion" | "";

/** Spatial and temporal layers (W3C WebRTC-SVC). */
export type ScalabilityMode = `L${1 | 2 | 3}T${1 | 2 | 3}`;

export interface BackgroundBlurFilter {
  type: "backgroundBlur";
  blurStrength?: "low" | "high";
}

export interface BackgroundReplacementFilter {
  type: "backgroundReplacement";
  backgroundImgUrl: string;
}

export interface AdvancedNoiseSuppressionFilter {
  type: "advancedNoiseSuppression";
}

export type VideoFilter = BackgroundBlurFilter | BackgroundReplacementFilter;
export type AudioFilter = AdvancedNoiseSuppressionFilter;

type LegacyValues = Record<string, string | number | boolean>;

/** Constraints in the form before the standard had one. */
export interface LegacyMediaTrackConstraints {
  mandatory?: LegacyValues;
  optional?: LegacyValues[];
}

export interface LegacyMediaStreamConstraints {
  audio?: boolean | MediaTrackConstraints | LegacyMediaTrackConstraints;
  video?: boolean | MediaTrackConstraints | LegacyMediaTrackConstraints;
}

export interface PublisherProperties extends WidgetProperties, GetUserMediaProperties {
  /** Bits a second, 6,000 to 510,000 (RFC 7587). */
  audioBitrate?: number;
  audioFallback?: { publisher?: boolean; subscriber?: boolean };
  initials?: string;
  mirror?: boolean;
  /** Up to 1000 characters. */
  name?: string;
  publishAudio?: boolean;
  publishVideo?: boolean;
  publishCaptions?: boolean;
  publishSenderStats?: boolean;
  scalableScreenshare?: boolean;
  scalableVideo?: boolean;
  style?: Partial<PublisherStyle>;
  videoContentHint?: VideoContentHint;
  enableDtx?: boolean;
  enableStereo?: boolean;
  videoFilter?: VideoFilter;
  audioFilter?: AudioFilter;
  disableAudioInputDeviceManagement?: boolean;
  preferredVideoCodecs?: PreferredVideoCodecs;
  constraints?: MediaStreamConstraints | LegacyMediaStreamConstraints;
}

/** A language as captions know it (BCP 47). */
export type CaptionsLanguageCode =
  | `af-ZA` | `ar-${"AE" | "SA"}` | `ca-ES` | `cs-CZ` | `da-DK` | `de-${"CH" | "DE"}` | `el-GR`
  | `en-${"AB" | "AU" | "GB" | "IE" | "IN" | "NZ" | "US" | "WL" | "ZA"}` | `es-${"ES" | "US"}` | `eu-ES` | `fa-IR` | `fi-FI`
  | `fr-${"CA" | "FR"}` | `gl-ES` | `he-IL` | `hi-IN` | `hr-HR` | `id-ID` | `it-IT` | `ja-JP` | `ko-KR` | `lv-LV` | `ms-MY`
  | `nl-NL` | `no-NO` | `pl-PL` | `pt-${"BR" | "PT"}` | `ro-RO` | `ru-RU` | `sk-SK` | `so-SO` | `sr-RS` | `sv-SE` | `th-TH`
  | `tl-PH` | `uk-UA` | `vi-VN` | `zh-${"CN" | "HK" | "TW"}` | `zu-ZA`;

export interface SubscriberProperties extends WidgetProperties {
  /** 0 to 100. */
  audioVolume?: number;
  preferredFrameRate?: number;
  preferredResolution?: "auto" | Dimensions;
  style?: Partial<SubscriberStyle>;
  subscribeToAudio?: boolean;
  subscribeToCaptions?: boolean;
  subscribeToVideo?: boolean;
  /** Plays one's own stream to oneself. */
  testNetwork?: boolean;
  captionsTranslationLanguage?: CaptionsLanguageCode;
}

/** What every event has. */
export interface Event<Type, Target> {
  type: Type;
  cancelable: boolean;
  target: Target;
  isDefaultPrevented(): boolean;
  preventDefault(): void;
}

export type ExceptionEvent = Event<"exception", object> & { code: number; message: string; title: string };
export type VideoDimensionsChangedEvent<Target> = Event<"videoDimensionsChanged", Target> & { oldValue: Dimensions; newValue: Dimensions };

/** How busy the device is (W3C Compute Pressure). */
export type CpuPerformanceState = "nominal" | "fair" | "serious" | "critical";

/** From 1, which is bad, to 5; missing for what is not received. */
export interface QualityScore {
  audioQualityScore?: number;
  videoQualityScore?: number;
}

export interface IncomingTrackStats {
  bytesReceived: number;
  packetsLost: number;
  packetsReceived: number;
}

export interface OutgoingTrackStats {
  bytesSent: number;
  packetsLost: number;
  packetsSent: number;
}

export type VideoQualityReason = "none" | "bandwidth" | "cpu" | "other" | "resolutionChange" | "codecChange" | "videoInterruption";
export type NetworkConditionReason = "none" | "unknown" | "bandwidth" | "packetLoss";
export type NetworkCondition = "unknown" | "critical" | "warning" | "fair" | "good" | "excellent";
export type NetworkDegradationSource = "none" | "bothOrUnclear" | "local" | "remote";

/** What the sender of a stream can send, in bits a second. */
export interface SenderStats {
  connectionMaxAllocatedBitrate: number;
  connectionEstimatedBandwidth: number;
}

export interface TransportStats {
  /** Bits a second. */
  connectionEstimatedBandwidth: number;
  networkCondition: NetworkCondition;
  networkConditionReason: NetworkConditionReason;
}

/** Bit rates in bits a second, durations in seconds. */
export interface SubscriberVideoStats extends IncomingTrackStats {
  codec: string;
  width: number;
  height: number;
  bitrate: number;
  totalBitrate: number;
  frameRate: number;
  decodedFrameRate: number;
  pauseCount?: number;
  totalPausesDuration?: number;
  freezeCount?: number;
  totalFreezesDuration?: number;
}

export interface SubscriberMediaLink {
  transport: TransportStats;
  remotePublisherTransport: TransportStats;
  networkDegradationSource: NetworkDegradationSource;
}

/** Without a key for a kind that is not received. */
export interface SubscriberStats {
  audio: IncomingTrackStats;
  video: SubscriberVideoStats;
  mediaLink: SubscriberMediaLink;
  senderStats?: SenderStats;
  /** Ms since the epoch. */
  timestamp: number;
}

export interface VideoLayerStats {
  codec: string;
  width: number;
  height: number;
  encodedFrameRate: number;
  bitrate: number;
  totalBitrate: number;
  scalabilityMode?: string;
  qualityLimitationReason?: VideoQualityReason;
}

export interface PublisherVideoStats extends OutgoingTrackStats {
  frameRate: number;
  layers?: VideoLayerStats[];
}

export interface PublisherMediaLink {
  transport: TransportStats;
}

/** Without a key for a kind that is not sent. */
export interface PublisherStats {
  audio: OutgoingTrackStats;
  video: PublisherVideoStats;
  mediaLink: PublisherMediaLink;
  transportStats: TransportStats;
  /** Ms since the epoch. */
  timestamp: number;
}

/** Statistics of one connection; the ids are there only where streams go to each subscriber directly, which they do not here. */
export interface PublisherStatContainer {
  subscriberId?: string;
  connectionId?: string;
  stats: PublisherStats;
}

export type PublisherStatsArr = PublisherStatContainer[];

export interface PublisherRtcStatsReportContainer {
  subscriberId?: string;
  connectionId?: string;
  rtcStatsReport: RTCStatsReport;
}

export type PublisherRtcStatsReportArr = PublisherRtcStatsReportContainer[];

/** Hears how a call ended. */
export type Completion<T = void> = (error?: OTError, value?: T) => void;
