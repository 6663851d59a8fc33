// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* What is captured here and shown to others: a preview at once, a stream once a session publishes it. */
import { CallError, FaultId, release, type Kind, type Publication, type PublishOptions } from "../../core/src";
import { acquire, sourcesOf, type Sources } from "./acquire";
import { boolean, check, either, oneOf, text, widgetChecks, within, type Arguments, type Target } from "./args";
import { call, tellException } from "./calls";
import { cameras } from "./devices";
import { event, OTEventEmitter } from "./emitter";
import { invalid, otError, OTError, unsupported } from "./errors";
import type { PublisherEvents } from "./events";
import { Fallback, LevelMeter, levelPeriod, Monitor } from "./monitor";
import { withOpus } from "./sdp";
import { VideoSender } from "./sender";
import type { Session } from "./session";
import { limitChange, publisherStats, type Report } from "./stats";
import type { Stream } from "./stream";
import type {
  AudioFilter, Dimensions, MediaProcessorConnector, OTError as OTErrorShape, PublisherProperties, PublisherRtcStatsReportArr, PublisherStats, PublisherStatsArr,
  PublisherStyle, ScalabilityMode, VideoBitratePreset, VideoBitratePresetInput, VideoContentHint, VideoFilter,
} from "./types";
import { elementError, firstPicture, newId, picture, place, videoElement, Widget } from "./widget";

/** What a session and a publisher do with each other. */
export const inner = Symbol("inner");

export interface PublisherInner {
  /** What is captured; fails with what capturing failed with. */
  readonly media: Promise<MediaStream>;
  readonly destroyed: boolean;
  /** How the stream is published. */
  options(): PublishOptions;
  published(session: Session, publication: Publication, stream: Stream): void;
  /** The stream has ended. */
  ended(reason: string): void;
  /** A moderator has muted it. */
  muted(): void;
  archiving(on: boolean): void;
}

const checks = {
  ...widgetChecks, audioBitrate: within(6_000, 510_000), name: text(1000), initials: text(1000), mirror: boolean, publishAudio: boolean, publishVideo: boolean,
  publishCaptions: boolean, enableDtx: boolean, enableStereo: boolean, videoContentHint: oneOf("", "motion", "detail", "text"),
  preferredVideoCodecs: either(oneOf("automatic"), (x) => (Array.isArray(x) && x.length > 0 && x.every((c) => ["vp8", "vp9", "h264"].includes(c)) ? undefined : "a list of vp8, vp9 and h264")),
};

const shownStyles = ["audioLevelDisplayMode", "backgroundImageURI", "buttonDisplayMode", "nameDisplayMode", "videoDisabledDisplayMode", "archiveStatusDisplayMode"] as const;

/** How long the browser may take to open devices before a dialog is assumed to be open, in ms. */
const dialogAfter = 100;

export class Publisher extends OTEventEmitter<PublisherEvents<Publisher>> {
  /** Whether camera and microphone were allowed. */
  accessAllowed = false;
  /** The root element of the default user interface. */
  element?: HTMLElement;
  id?: string;
  /** The stream, as long as it is published. */
  stream?: Stream;
  session?: Session;
  readonly [inner]: PublisherInner;
  readonly #properties: PublisherProperties;
  readonly #monitor = new Monitor();
  readonly #levels = new Monitor();
  readonly #meter = new LevelMeter();
  readonly #sender: VideoSender;
  readonly #fallback = new Fallback({
    warn: () => this.#say("videoDisableWarning", {}),
    lift: () => this.#say("videoDisableWarningLifted", {}),
    disable: () => { void this.#limit(false); },
    enable: () => { void this.#limit(true); },
  });
  readonly #wanted: Record<Kind, boolean>;
  #widget: Widget | undefined;
  #video: HTMLVideoElement | undefined;
  #sources: Sources | undefined;
  #media: MediaStream | undefined;
  #publication: Publication | undefined;
  #size: Dimensions = { width: 0, height: 0 };
  #last: { report: Report; stats: PublisherStats } | undefined;
  #destroyed = false;

  /** Made by OT.initPublisher and session.publish. */
  constructor({ target, properties, handler }: Arguments<PublisherProperties>) {
    super();
    this.#properties = properties;
    this.#wanted = { audio: properties?.publishAudio !== false, video: properties?.publishVideo !== false };
    this.#sender = new VideoSender(() => this.#publication?.pc, () => this.#media?.getVideoTracks()[0]);
    const media = call("capture", this, handler, () => this.#start(target));
    const me = this;
    this[inner] = {
      media,
      get destroyed() { return me.#destroyed; },
      options: () => this.#options(),
      published: (session, publication, stream) => this.#published(session, publication, stream),
      ended: (reason) => this.#ended(reason),
      muted: () => {
        this.publishAudio(false);
        this.#say("muteForced", {});
      },
      archiving: (on) => this.#widget?.archiving(on),
    };
  }

  /** Ends the stream and gives back what was captured. */
  readonly destroy: { (): Publisher; promise(): Promise<void> } = Object.assign(() => {
    this.#destroy(true);
    return this;
  }, { promise: async () => this.#destroy(true) });

  /** Sends sound, or silence. */
  readonly publishAudio: { (value: boolean): Publisher; promise(value: boolean): Promise<void> } = Object.assign((value: boolean) => {
    void call("update", this, undefined, () => this.#publish("audio", value));
    return this;
  }, { promise: (value: boolean) => call("update", this, undefined, () => this.#publish("audio", value)) });

  /** Sends video, or a black picture. */
  readonly publishVideo: { (value: boolean, handler?: (error?: OTErrorShape) => void): Publisher; promise(value: boolean): Promise<void> } = Object.assign(
    (value: boolean, handler?: unknown) => {
      void call("update", this, handler, () => this.#publish("video", value));
      return this;
    }, { promise: (value: boolean) => call("update", this, undefined, () => this.#publish("video", value)) });

  /** The picture that is sent now, as PNG in base64; null where there is none. */
  getImgData(): string | null {
    return picture(this.#video);
  }

  getStats(handler?: (error?: OTErrorShape, stats?: PublisherStatsArr) => void): Promise<PublisherStatsArr> {
    return call("stats", this, handler, async () => [{ stats: (await this.#measure()).stats }]);
  }

  getRtcStatsReport(): Promise<PublisherRtcStatsReportArr> {
    return call("stats", this, undefined, async () => [{ rtcStatsReport: await this.#pc().getStats() }]);
  }

  getStyle(): PublisherStyle {
    const style = this.#widget?.style;
    return Object.fromEntries(shownStyles.map((name) => [name, style?.[name] ?? this.#properties.style?.[name] ?? "auto"])) as unknown as PublisherStyle;
  }

  setStyle<Name extends keyof PublisherStyle>(name: Name, value: PublisherStyle[Name]): this;
  setStyle(style: Partial<PublisherStyle>): this;
  setStyle(style: string | Partial<PublisherStyle>, value?: unknown): this {
    this.#widget?.restyle(typeof style === "string" ? { [style]: value } : style);
    return this;
  }

  applyVideoFilter(_filter: VideoFilter): Promise<void> {
    return call("update", this, undefined, () => { throw unsupported("a video filter", "plugin"); });
  }

  /** The filter of the video: none, as there are none here. */
  getVideoFilter(): VideoFilter | null {
    return null;
  }

  async clearVideoFilter(): Promise<void> {}

  applyAudioFilter(_filter: AudioFilter): Promise<void> {
    return call("update", this, undefined, () => { throw unsupported("an audio filter", "plugin"); });
  }

  async clearAudioFilter(): Promise<void> {}

  /** The filter of the sound: none, as there are none here. */
  getAudioFilter(): AudioFilter | null {
    return null;
  }

  publishCaptions(value: boolean): Promise<void> {
    return call("update", this, undefined, () => { if (value) throw unsupported("captions", "stream"); });
  }

  /** Goes on to the next camera; to the same one where there is no other. */
  cycleVideo(): Promise<{ deviceId: string }> {
    return call("update", this, undefined, async () => {
      const all = await cameras();
      const now = all.findIndex((d) => d.deviceId === this.#track("video")?.getSettings().deviceId);
      const next = all[(now + 1) % all.length];
      if (!next) throw new CallError(FaultId.DeviceNotFound, "capture");
      if (all.length > 1 || now < 0) await this.#source("video", next.deviceId);
      return { deviceId: next.deviceId };
    });
  }

  /** Sends the sound of another microphone or of a track. */
  setAudioSource(audioSource: string | MediaStreamTrack): Promise<undefined> {
    return call("update", this, undefined, () => this.#source("audio", audioSource));
  }

  getAudioSource(): MediaStreamTrack {
    return this.#track("audio") ?? null as never; // as the typings have it
  }

  /** Sends the picture of another camera. */
  setVideoSource(videoSourceId: string): Promise<undefined> {
    return call("update", this, undefined, () => this.#source("video", videoSourceId));
  }

  getVideoSource(): { deviceId: string | null; type: string | null; track: MediaStreamTrack | null } {
    const track = this.#track("video") ?? null;
    const video = this.#sources?.video;
    const type = !track ? null : video === "screen" ? "screen" : video === track ? "custom" : "camera";
    return { deviceId: type === "camera" ? (track?.getSettings().deviceId ?? null) : null, type, track };
  }

  getVideoContentHint(): VideoContentHint {
    return (this.#track("video")?.contentHint ?? this.#properties.videoContentHint ?? "") as VideoContentHint;
  }

  setVideoContentHint(hint: VideoContentHint): Promise<void> {
    return call("update", this, undefined, () => {
      check("update", { hint }, { hint: checks.videoContentHint });
      const track = this.#track("video");
      if (!track) throw new CallError(FaultId.TrackNotFound, "update", { details: { kind: "video" } });
      track.contentHint = hint;
    });
  }

  setTargetScalabilityMode(scalabilityMode: ScalabilityMode): void {
    if (!/^L[123]T[123]$/.test(scalabilityMode)) throw invalid("update", "scalabilityMode", "a mode from L1T1 to L3T3");
    this.#sender.set({ scalabilityMode });
  }

  getTargetScalabilityMode(): ScalabilityMode | undefined {
    return this.#sender.wishes.scalabilityMode;
  }

  /** Width of the picture that is sent, in pixels. */
  videoWidth(): number | undefined {
    return this.#video?.videoWidth || undefined;
  }

  /** Height of the picture that is sent, in pixels. */
  videoHeight(): number | undefined {
    return this.#video?.videoHeight || undefined;
  }

  setVideoMediaProcessorConnector(connector: MediaProcessorConnector | null): Promise<void> {
    return call("update", this, undefined, () => { if (connector) throw unsupported("a media processor", "plugin"); });
  }

  setAudioMediaProcessorConnector(connector: MediaProcessorConnector | null): Promise<void> {
    return call("update", this, undefined, () => { if (connector) throw unsupported("a media processor", "plugin"); });
  }

  /** Sends at most as many frames a second. */
  setPreferredFrameRate(frameRate: number): Promise<void> {
    return call("update", this, undefined, () => {
      check("update", { frameRate }, { frameRate: within(1, 60) });
      return this.#sender.set({ frameRate });
    });
  }

  /** Sends a picture of about that size, never a larger one than is captured. */
  setPreferredResolution(resolution: Dimensions): Promise<void> {
    return call("update", this, undefined, () => {
      check("update", { resolution }, { resolution: (x) => (typeof (x as Dimensions)?.width === "number" && (x as Dimensions).width > 0 ? undefined : "an object with width and height") });
      return this.#sender.set({ resolution });
    });
  }

  /** Sends video with at most so many bits a second. */
  setMaxVideoBitrate(bitrateBps: number): Promise<void> {
    return call("update", this, undefined, () => {
      check("update", { bitrateBps }, { bitrateBps: within(5_000, 10_000_000) });
      return this.#sender.set({ preset: "custom", bitrate: bitrateBps });
    });
  }

  setVideoBitratePreset(preset: VideoBitratePresetInput): Promise<void> {
    return call("update", this, undefined, () => {
      check("update", { preset }, { preset: oneOf("default", "bw_saver", "extra_bw_saver") });
      return this.#sender.set({ preset, bitrate: undefined });
    });
  }

  getMaxVideoBitrate(): number {
    return this.#sender.bitrate;
  }

  getVideoBitratePreset(): VideoBitratePreset {
    return this.#sender.wishes.preset ?? "default";
  }

  async #start(target: Target): Promise<MediaStream> {
    const p = this.#properties;
    check("capture", p, checks);
    this.#sources = sourcesOf(p, "capture");
    const { audio, video } = this.#sources;
    const element = place(target, "capture");
    this.#video = videoElement(true);
    this.id = newId();
    const camera = video !== false && video !== "screen" && !(video instanceof MediaStreamTrack);
    if (p.insertDefaultUI !== false) {
      this.#widget = new Widget(element, this.id, this.#video, { ...p, kind: "publisher", name: p.name ?? "", mirror: p.mirror ?? camera, style: p.style ?? {} });
      this.#widget.onMute = (muted) => { this.publishAudio(!muted); };
      this.element = this.#widget.root;
      this.id = this.element.id;
    }
    await null; // so that handlers are registered before anything is told
    const asks = [audio, video].some((s) => s === true || s === "screen" || typeof s === "object" && !(s instanceof MediaStreamTrack));
    const media = await this.#ask(asks);
    if (this.#destroyed) {
      release(media);
      throw new OTError(FaultId.RequestCancelled, "capture", { message: "the publisher was destroyed" });
    }
    this.#media = media;
    for (const track of media.getTracks()) this.#watch(track);
    if (this.#properties.videoContentHint) for (const track of media.getVideoTracks()) track.contentHint = this.#properties.videoContentHint;
    this.#widget?.pictured(media.getVideoTracks().length > 0 && this.#wanted.video);
    this.#widget?.muted(!this.#wanted.audio);
    this.#watchSize();
    this.#video.srcObject = media;
    this.#say("mediaStreamAvailable", { mediaStream: media });
    this.#say("videoElementCreated", { element: this.#video });
    this.#measureLevels();
    await firstPicture(this.#video, "capture");
    this.#video.addEventListener("error", () => tellException(elementError(this.#video!, "capture"), this));
    this.#widget?.playing();
    return media;
  }

  /** Captures, and tells what the browser asks the user. */
  async #ask(asks: boolean): Promise<MediaStream> {
    let opened = false;
    const timer = asks ? setTimeout(() => {
      opened = true;
      this.dispatchEvent(event("accessDialogOpened", this, {}, true), () => this.#widget?.say("Allow the camera and the microphone"));
    }, dialogAfter) : undefined;
    const close = () => {
      clearTimeout(timer);
      if (opened) this.#say("accessDialogClosed", {});
      this.#widget?.say("");
    };
    try {
      const media = await acquire(this.#sources!, this.#properties);
      close();
      this.accessAllowed = true;
      if (asks) this.#say("accessAllowed", {});
      return media;
    } catch (thrown) {
      close();
      const error = otError(thrown, "capture");
      if (error.name === "OT_USER_MEDIA_ACCESS_DENIED") {
        this.dispatchEvent(event("accessDenied", this, {}, true), () => this.#widget?.say("The camera or the microphone was not allowed"));
      }
      throw error;
    }
  }

  #options(): PublishOptions {
    const p = this.#properties;
    const { video } = this.#sources!;
    const track = this.#track("video");
    const { width, height, frameRate } = track?.getSettings() ?? {};
    const type = this.getVideoSource().type;
    return {
      source: video === "screen" ? "screen" : "camera", active: { ...this.#wanted }, ...this.#sender.options(type === "camera"),
      videoCodecs: Array.isArray(p.preferredVideoCodecs) ? p.preferredVideoCodecs : undefined,
      tune: (sdp) => withOpus(sdp, { stereo: p.enableStereo, maxAverageBitrate: p.audioBitrate, dtx: p.enableDtx }),
      about: {
        ...(p.name ? { name: p.name } : {}), ...(p.initials ? { initials: p.initials } : {}),
        ...(type === "custom" ? { typeOfVideo: "CUSTOM" } : {}), ...(frameRate ? { frameRate: Math.round(frameRate) } : {}),
        ...(width && height ? { videoDimensions: JSON.stringify({ width, height }) } : {}),
      },
    };
  }

  #published(session: Session, publication: Publication, stream: Stream): void {
    this.session = session;
    this.stream = stream;
    this.#publication = publication;
    if (this.#video?.videoWidth) stream.videoDimensions = { width: this.#video.videoWidth, height: this.#video.videoHeight };
    void this.#sender.apply();
    this.#say("streamCreated", { stream });
    this.#monitor.start(
      () => this.#properties.audioFallback?.publisher === true || ["networkConditionChanged", "videoQualityChanged"].some((n) => this.hears(n)),
      async () => {
        const before = this.#last?.stats;
        const { stats } = await this.#measure();
        const container = { stats };
        const { networkCondition } = stats.transportStats;
        if (before && networkCondition !== before.transportStats.networkCondition) this.#say("networkConditionChanged", { reason: "networkConditionChanged", statsContainer: container });
        const reason = limitChange(stats.video, before?.video);
        if (reason) this.#say("videoQualityChanged", { reason, statsContainer: container });
        if (this.#properties.audioFallback?.publisher) this.#fallback.take(networkCondition);
      });
  }

  #ended(reason: string): void {
    const { stream } = this;
    this.#monitor.stop();
    this.#publication = this.stream = this.session = this.#last = undefined;
    if (!stream) return;
    this.dispatchEvent(event("streamDestroyed", this, { stream, reason }, true), () => this.#destroy(false));
  }

  #destroy(tell: boolean): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    if (tell && this.session) this.session.unpublish(this);
    this.#levels.stop();
    this.#monitor.stop();
    this.#meter.close();
    for (const track of this.#media?.getTracks() ?? []) if (!this.#given(track)) track.stop();
    if (this.#video) this.#video.srcObject = null;
    this.#widget?.remove();
    this.element = undefined;
    this.#say("destroyed", {});
  }

  /** Whether a track is the app's own, which is for the app to stop. */
  #given(track: MediaStreamTrack): boolean {
    return this.#sources?.audio === track || this.#sources?.video === track;
  }

  #track(kind: Kind): MediaStreamTrack | undefined {
    return this.#media?.getTracks().find((t) => t.kind === kind);
  }

  async #publish(kind: Kind, value: boolean): Promise<void> {
    check("update", { value }, { value: boolean });
    this.#wanted[kind] = value;
    const track = this.#track(kind);
    if (this.#media && !track && value) throw new CallError(FaultId.TrackNotFound, "update", { details: { kind } });
    if (track) track.enabled = value;
    if (kind === "audio") this.#widget?.muted(!value);
    else this.#widget?.pictured(value && track !== undefined);
    if (this.stream && track) this.stream[kind === "audio" ? "hasAudio" : "hasVideo"] = value;
    if (this.#publication?.has(kind)) await this.#publication.setActive(kind, value);
  }

  /** Gives video up while the network carries no more than sound, and takes it up again. */
  async #limit(on: boolean): Promise<void> {
    if (!this.#wanted.video || !this.#publication?.has("video")) return;
    await this.#publication.setActive("video", on).catch(() => {});
    if (this.stream) this.stream.hasVideo = on;
    this.#say(on ? "videoEnabled" : "videoDisabled", { reason: "quality" });
  }

  async #source(kind: Kind, source: string | MediaStreamTrack): Promise<undefined> {
    const given = source instanceof MediaStreamTrack;
    if (!given && (typeof source !== "string" || source === "")) throw invalid("update", `${kind}Source`, "the id of a device or a track");
    if (given && source.kind !== kind) throw invalid("update", `${kind}Source`, `a track of ${kind}`);
    await this[inner].media; // fails with what capturing failed with
    const old = this.#track(kind);
    if (!old) throw new CallError(FaultId.TrackNotFound, "update", { details: { kind } });
    const wanted = { [`${kind}Source`]: source, [kind === "audio" ? "videoSource" : "audioSource"]: null };
    const track = given ? source : (await acquire(sourcesOf({ ...this.#properties, ...wanted }, "update"), this.#properties)).getTracks()[0]!;
    if (this.#destroyed) {
      track.stop();
      return;
    }
    this.#watch(track);
    if (this.#publication?.has(kind)) {
      await this.#publication.replaceTrack(track);
    } else {
      this.#media!.removeTrack(old);
      this.#media!.addTrack(track);
      old.stop();
    }
    this.#sources = { ...this.#sources!, [kind]: given ? track : true };
    if (kind === "audio") this.#say("audioInputDeviceChanged", { device: { deviceId: track.getSettings().deviceId, label: track.label } });
  }

  #watch(track: MediaStreamTrack): void {
    track.enabled = this.#wanted[track.kind as Kind];
    track.addEventListener("ended", () => { void this.#trackEnded(track); });
  }

  /** A device is gone, or a screen is no longer shared. */
  async #trackEnded(track: MediaStreamTrack): Promise<void> {
    if (this.#destroyed || this.#track(track.kind as Kind) !== track) return;
    const managed = track.kind === "audio" && !this.#given(track) && !this.#properties.disableAudioInputDeviceManagement;
    if (managed && await this.#source("audio", "default").then(() => true, () => false)) return; // another microphone takes its place
    this.#say("mediaStopped", { track });
    const live = this.#media!.getTracks().some((t) => t.readyState === "live" && (this.#sources?.video !== "screen" || t.kind === "video"));
    if (live) return;
    if (this.session) this.session[inner].stop(this, "mediaStopped");
    else this.#destroy(false);
  }

  #watchSize(): void {
    const video = this.#video!;
    video.addEventListener("resize", () => {
      const oldValue = this.#size;
      const newValue = (this.#size = { width: video.videoWidth, height: video.videoHeight });
      if (oldValue.width === newValue.width && oldValue.height === newValue.height) return;
      if (oldValue.width > 0) this.#say("videoDimensionsChanged", { oldValue, newValue });
      if (this.stream && this.session) {
        this.stream.videoDimensions = newValue;
        this.session[inner].resized(this.stream, newValue);
      }
    });
  }

  #measureLevels(): void {
    this.#levels.start(
      () => this.hears("audioLevelUpdated") || this.#widget?.metered === true,
      async () => {
        const audioLevel = this.#meter.read(this.#track("audio"));
        this.#widget?.level(audioLevel);
        this.#say("audioLevelUpdated", { audioLevel });
      }, levelPeriod);
  }

  #pc(): RTCPeerConnection {
    const pc = this.#publication?.pc;
    if (!pc) throw new CallError(FaultId.ClientNotConnected, "stats");
    return pc;
  }

  async #measure(): Promise<{ report: Report; stats: PublisherStats }> {
    const report = await this.#pc().getStats() as unknown as Report;
    return (this.#last = { report, stats: publisherStats(report, this.#last?.report) });
  }

  #say(name: string, more: object): void {
    this.dispatchEvent(event(name, this, more));
  }
}
