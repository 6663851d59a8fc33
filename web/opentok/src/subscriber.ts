// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* What is received of somebody's stream, and shown. */
import { CallError, FaultId } from "../../core/src";
import { boolean, check, either, oneOf, size, widgetChecks, within, type Arguments } from "./args";
import { call, tellException } from "./calls";
import { plays, playsNoMore } from "./devices";
import { event, OTEventEmitter } from "./emitter";
import { invalid, OTError, unsupported } from "./errors";
import type { SubscriberEvents } from "./events";
import { Fallback, levelPeriod, Monitor, receivedLevel } from "./monitor";
import { inner } from "./publisher";
import type { Reception, Wants } from "./reception";
import type { Session } from "./session";
import { qualityScore, subscriberStats, videoChange, type Report } from "./stats";
import { Stream } from "./stream";
import type {
  CaptionsLanguageCode, Dimensions, MediaProcessorConnector, OTError as OTErrorShape, SubscriberProperties, SubscriberStats, SubscriberStyle,
} from "./types";
import { elementError, firstPicture, newId, picture, place, videoElement, Widget } from "./widget";

export interface SubscriberInner {
  /** Settles when media plays; fails with why not. */
  readonly ready: Promise<Subscriber>;
  /** The subscription is over. */
  end(reason: string): void;
  /** The publisher has begun or ceased to send video. */
  pictured(on: boolean): void;
  /** The server is lost, or back. */
  reconnecting(lost: boolean): void;
  /** Plays what the browser has blocked. */
  unblock(): Promise<void>;
}

const checks = {
  ...widgetChecks, audioVolume: within(0, 100), preferredFrameRate: within(1, 60), preferredResolution: either(oneOf("auto"), size),
  subscribeToAudio: boolean, subscribeToVideo: boolean, subscribeToCaptions: boolean, testNetwork: boolean,
};

const shownStyles = ["audioLevelDisplayMode", "backgroundImageURI", "buttonDisplayMode", "nameDisplayMode", "videoDisabledDisplayMode", "audioBlockedDisplayMode"] as const;

export class Subscriber extends OTEventEmitter<SubscriberEvents<Subscriber>> {
  /** The root element of the default user interface. */
  element?: HTMLElement;
  id?: string;
  stream?: Stream;
  readonly session: Session;
  readonly [inner]: SubscriberInner;
  readonly #properties: SubscriberProperties;
  readonly #quality = new Monitor();
  readonly #levels = new Monitor();
  readonly #path = new Monitor();
  readonly #fallback = new Fallback({
    warn: () => this.#say("videoDisableWarning", {}),
    lift: () => this.#say("videoDisableWarningLifted", {}),
    disable: () => this.#limit(false),
    enable: () => this.#limit(true),
  });
  readonly #wants: Wants;
  #widget: Widget | undefined;
  #video: HTMLVideoElement | undefined;
  #reception: Reception | undefined;
  #volume: number;
  #blocked = false;
  #lost = false; // media does not come
  #away = false; // nor does the server answer
  #limited = false; // to sound, as the network carries no more
  #language: CaptionsLanguageCode | null;
  #size: Dimensions = { width: 0, height: 0 };
  #last: { report: Report; stats: SubscriberStats } | undefined;
  #over = false;

  /** Made by session.subscribe. */
  constructor(session: Session, stream: unknown, { target, properties, handler }: Arguments<SubscriberProperties>) {
    super();
    this.session = session;
    this.#properties = properties;
    this.#wants = { audio: properties?.subscribeToAudio !== false, video: properties?.subscribeToVideo !== false };
    this.#volume = properties?.audioVolume ?? 100;
    this.#language = properties?.captionsTranslationLanguage ?? null;
    const ready = call("subscribe", this, handler, () => this.#start(stream, target));
    this[inner] = {
      ready,
      end: (reason) => this.#end(reason),
      pictured: (on) => {
        if (this.#wants.video) this.#pictured(on, "publishVideo");
      },
      reconnecting: (lost) => {
        this.#away = lost;
        void this.#followPath();
      },
      unblock: () => this.#unblock(),
    };
  }

  /** Plays the sound, or not. */
  readonly subscribeToAudio: { (value: boolean): Subscriber; promise(value: boolean, reason?: string): Promise<void> } = Object.assign((value: boolean) => {
    void call("update", this, undefined, () => this.#receive("audio", value));
    return this;
  }, { promise: (value: boolean) => call("update", this, undefined, () => this.#receive("audio", value)) });

  /** Receives the video, or not. */
  readonly subscribeToVideo: { (value: boolean): Subscriber; promise(value: boolean, reason?: string): Promise<void> } = Object.assign((value: boolean) => {
    void call("update", this, undefined, () => this.#receive("video", value));
    return this;
  }, { promise: (value: boolean, reason?: string) => call("update", this, undefined, () => this.#receive("video", value, reason)) });

  /** Sets the volume, from 0 to 100. */
  readonly setAudioVolume: { (value: number): Subscriber; promise(value: number): Promise<void> } = Object.assign((value: number) => {
    void call("update", this, undefined, () => this.#loud(value));
    return this;
  }, { promise: (value: number) => call("update", this, undefined, () => this.#loud(value)) });

  /** Receives the smallest picture there is, in place of few frames. */
  readonly restrictFrameRate: { (value: boolean): Subscriber; promise(value: boolean): Promise<void> } = Object.assign((value: boolean) => {
    void call("update", this, undefined, () => this.#layer(value ? "low" : "high"));
    return this;
  }, { promise: (value: boolean) => call("update", this, undefined, () => this.#layer(value ? "low" : "high")) });

  getAudioVolume(): number {
    return this.#volume;
  }

  /** The picture that is shown now, as PNG in base64; null where there is none. */
  getImgData(): string | null {
    return picture(this.#video);
  }

  getStats(handler?: (error?: OTErrorShape, stats?: SubscriberStats) => void): Promise<SubscriberStats> {
    return call("stats", this, handler, async () => (await this.#measure()).stats);
  }

  getRtcStatsReport(): Promise<Map<string, any>> {
    return call("stats", this, undefined, async () => await this.#pc().getStats() as unknown as Map<string, any>);
  }

  getStyle(): SubscriberStyle {
    const style = this.#widget?.style;
    return Object.fromEntries(shownStyles.map((name) => [name, style?.[name] ?? this.#properties.style?.[name] ?? "auto"])) as unknown as SubscriberStyle;
  }

  setStyle<Name extends keyof SubscriberStyle>(name: Name, value: SubscriberStyle[Name]): this;
  setStyle(style: Partial<SubscriberStyle>): this;
  setStyle(style: string | Partial<SubscriberStyle>, value?: unknown): this {
    this.#widget?.restyle(typeof style === "string" ? { [style]: value } : style);
    return this;
  }

  subscribeToCaptions(value: boolean): Promise<void> {
    return call("update", this, undefined, () => { if (value) throw unsupported("captions", "stream"); });
  }

  isSubscribedToCaptions(): boolean {
    return false;
  }

  setCaptionsTranslationLanguage(langCode: CaptionsLanguageCode | null): Promise<void> {
    return call("update", this, undefined, () => {
      if (langCode !== null) throw unsupported("captions", "stream");
      this.#language = null;
    });
  }

  getCaptionsTranslationLanguage(): CaptionsLanguageCode | null {
    return this.#language;
  }

  /** Whether the browser plays no sound before the user has done something. */
  isAudioBlocked(): boolean {
    return this.#blocked;
  }

  /** Asks for frames at most so often; there are no layers of time here, so it changes nothing yet. */
  setPreferredFrameRate(frameRate: number): Promise<void> {
    return call("update", this, undefined, () => check("update", { frameRate }, { frameRate: within(1, 60) }));
  }

  /** Receives the smallest picture that is as large as that, of those that are sent. */
  setPreferredResolution(resolution: Dimensions): Promise<void> {
    return call("update", this, undefined, async () => {
      check("update", { resolution }, { resolution: size });
      await this.#layer(this.#layerFor(resolution));
    });
  }

  setAudioMediaProcessorConnector(connector: MediaProcessorConnector | null): Promise<void> {
    return call("update", this, undefined, () => { if (connector) throw unsupported("a media processor", "plugin"); });
  }

  setVideoMediaProcessorConnector(connector: MediaProcessorConnector | null): Promise<void> {
    return call("update", this, undefined, () => { if (connector) throw unsupported("a media processor", "plugin"); });
  }

  /** Height of the picture, in pixels. */
  videoHeight(): number | undefined {
    return this.#video?.videoHeight || undefined;
  }

  /** Width of the picture, in pixels. */
  videoWidth(): number | undefined {
    return this.#video?.videoWidth || undefined;
  }

  async #start(stream: unknown, target: Arguments<object>["target"]): Promise<Subscriber> {
    const p = this.#properties;
    if (!(stream instanceof Stream)) throw invalid("subscribe", "stream", "a stream of a streamCreated event");
    check("subscribe", p, checks);
    const element = place(target, "subscribe");
    this.session[inner].admits(stream);
    this.stream = stream;
    this.id = newId();
    const video = (this.#video = videoElement(!this.#wants.audio));
    if (p.insertDefaultUI !== false) {
      this.#widget = new Widget(element, this.id, video, { ...p, kind: "subscriber", name: stream.name, initials: stream.initials, mirror: false, style: p.style ?? {} });
      this.#widget.onMute = (muted) => { this.subscribeToAudio(!muted); };
      this.#widget.onUnblock = () => { void this.#unblock(); };
      this.#widget.muted(!this.#wants.audio);
      this.element = this.#widget.root;
      this.id = this.element.id;
    }
    video.volume = this.#volume / 100;
    plays(video);
    await null; // so that handlers are registered before anything is told
    try {
      const reception = (this.#reception = this.session[inner].receive(this, stream));
      if (p.preferredResolution && p.preferredResolution !== "auto") this.#wants.layer = this.#layerFor(p.preferredResolution);
      const asked = reception.want(this, this.#wants);
      asked.catch(() => {});
      await reception.ready;
      this.#alive();
      await this.#play(reception.media);
      await asked;
    } catch (thrown) {
      const why = this.#why();
      this.#end("clientDisconnected", false);
      throw why ?? thrown;
    }
    return this;
  }

  /** Why a subscription that did not come about could not. */
  #why(): OTError | undefined {
    if (!this.session.isConnected()) return new OTError(FaultId.ClientNotConnected, "subscribe", { message: "the session ended before the stream was received", word: { code: 1010, name: "OT_DISCONNECTED" } });
    if (this.stream && !this.session[inner].has(this.stream)) return new OTError(FaultId.StreamEnded, "subscribe");
    return undefined;
  }

  #alive(): void {
    const why = this.#over ? (this.#why() ?? new OTError(FaultId.RequestCancelled, "subscribe")) : undefined;
    if (why) throw why;
  }

  async #play(media: MediaStream): Promise<void> {
    const video = this.#video!;
    video.addEventListener("resize", () => {
      const oldValue = this.#size;
      const newValue = (this.#size = { width: video.videoWidth, height: video.videoHeight });
      if (oldValue.width > 0 && (oldValue.width !== newValue.width || oldValue.height !== newValue.height)) this.#say("videoDimensionsChanged", { oldValue, newValue });
    });
    video.srcObject = media;
    this.#say("mediaStreamAvailable", { mediaStream: media });
    this.#say("videoElementCreated", { element: video });
    video.play().catch((e: Error) => { if (e.name === "NotAllowedError") this.#block(); });
    this.#widget?.pictured(this.#pictures());
    await firstPicture(video, "subscribe");
    this.#alive();
    if (video.readyState < 2 && !await this.#reception!.arrives()) throw new CallError(FaultId.IceSlow, "subscribe");
    video.addEventListener("error", () => tellException(elementError(video, "subscribe"), this));
    this.#widget?.playing();
    this.#say("connected", {});
    this.#watch();
  }

  #pictures(): boolean {
    return this.#wants.video && !this.#limited && this.stream?.videoType !== undefined && this.stream.hasVideo;
  }

  #watch(): void {
    this.#path.start(() => true, () => this.#followPath(), 500);
    this.#levels.start(() => this.hears("audioLevelUpdated") || this.#widget?.metered === true, async () => {
      const audioLevel = this.#wants.audio ? receivedLevel(this.#reception?.pc) : 0;
      this.#widget?.level(audioLevel);
      this.#say("audioLevelUpdated", { audioLevel });
    }, levelPeriod);
    let score = "";
    this.#quality.start(() => true, async () => {
      const before = this.#last?.stats;
      const { stats } = await this.#measure();
      const { networkCondition } = stats.mediaLink.transport;
      if (before && networkCondition !== before.mediaLink.transport.networkCondition) this.#say("networkConditionChanged", { reason: "networkConditionChanged", stats });
      const reason = this.stream?.hasVideo ? videoChange(stats.video, before?.video) : undefined;
      if (reason) this.#say("videoQualityChanged", { reason, stats });
      const now = qualityScore(stats, before);
      if (score !== (score = JSON.stringify(now))) this.#say("qualityScoreChanged", { qualityScore: now });
      if (this.stream?.hasVideo && this.#wants.video) this.#fallback.take(networkCondition);
    });
  }

  async #followPath(): Promise<void> {
    if (this.#over || !this.#video?.srcObject) return;
    const lost = this.#away || !await this.#reception?.arrives().catch(() => false);
    if (this.#over || lost === this.#lost) return;
    this.#lost = lost;
    this.#say(lost ? "disconnected" : "connected", {});
  }

  #limit(on: boolean): void {
    this.#limited = !on;
    this.#pictured(on, "quality");
    void this.#reception?.want(this, { ...this.#wants, video: this.#wants.video && on }).catch(() => {});
  }

  #pictured(on: boolean, reason: string): void {
    this.#widget?.pictured(this.#pictures());
    this.#say(on ? "videoEnabled" : "videoDisabled", { reason });
  }

  async #receive(kind: "audio" | "video", value: boolean, reason = "subscribeToVideo"): Promise<void> {
    check("update", { value }, { value: boolean });
    if (this.#wants[kind] === value) return;
    this.#wants[kind] = value;
    if (kind === "audio") {
      this.#widget?.muted(!value);
      if (this.#video) this.#video.muted = !value || this.#blocked;
    } else {
      this.#pictured(value, reason);
    }
    await this.#reception?.want(this, this.#wants);
  }

  #loud(value: number): void {
    check("update", { value }, { value: within(0, 100) });
    this.#volume = value;
    if (this.#video) this.#video.volume = value / 100;
  }

  async #layer(layer: NonNullable<Wants["layer"]>): Promise<void> {
    this.#wants.layer = layer;
    await this.#reception?.want(this, this.#wants);
  }

  #layerFor({ width, height }: Dimensions): NonNullable<Wants["layer"]> {
    const sent = this.stream?.videoDimensions;
    const share = sent && sent.width > 0 ? Math.max(width / sent.width, height / sent.height) : 1;
    return share > 0.5 ? "high" : share > 0.25 ? "medium" : "low";
  }

  #block(): void {
    this.#blocked = true;
    this.#widget?.blocked(true);
    this.#video!.muted = true; // the picture may play
    this.#video!.play().catch(() => {});
    this.#say("audioBlocked", {});
  }

  async #unblock(): Promise<void> {
    if (!this.#blocked || !this.#video) return;
    this.#video.muted = !this.#wants.audio;
    try {
      await this.#video.play();
    } catch (thrown) {
      this.#video.muted = true;
      throw thrown;
    }
    this.#blocked = false;
    this.#widget?.blocked(false);
    this.#say("audioUnblocked", {});
  }

  #end(reason: string, tell = true): void {
    if (this.#over) return;
    this.#over = true;
    for (const m of [this.#path, this.#levels, this.#quality]) m.stop();
    this.session[inner].released(this, this.#reception);
    if (this.#video) {
      playsNoMore(this.#video);
      this.#video.srcObject = null;
    }
    this.#widget?.remove();
    this.element = undefined;
    if (tell) this.#say("destroyed", { reason });
  }

  #pc(): RTCPeerConnection {
    const pc = this.#reception?.pc;
    if (!pc || pc.signalingState === "closed") throw new CallError(FaultId.ClientNotConnected, "stats");
    return pc;
  }

  async #measure(): Promise<{ report: Report; stats: SubscriberStats }> {
    const report = await this.#pc().getStats() as unknown as Report;
    return (this.#last = { report, stats: subscriberStats(report, this.#last?.report) });
  }

  #say(name: string, more: object): void {
    this.dispatchEvent(event(name, this, more));
  }
}
