// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* What the local participant publishes. */
import { FaultId } from "../../faults";
import type { Connection } from "./connection";
import { CallError, failureOf } from "./failure";
import { MediaConnection } from "./media";
import { fields, type Fields } from "./rpc";
import type { Kind, Source } from "./streams";
import { Upkeep } from "./upkeep";

export interface PublishOptions {
  /** What the video shows; "camera" when left out. */
  source?: Source;
  /** What is muted from the beginning. */
  active?: Partial<Record<Kind, boolean>>;
  /** The most that is sent of the video, in bits a second; the browser's choice when left out. */
  maxVideoBitrate?: number;
  /** The layers in which the video is sent, the smallest first (W3C WebRTC, sendEncodings), with their own limits; one when left out. */
  sendEncodings?: RTCRtpEncodingParameters[];
  /** Codecs of the video by name, the best first; the browser's order when left out. */
  videoCodecs?: readonly string[];
  /** What else the server is told of the stream, in its words. */
  about?: Fields;
  /** Edits session descriptions, such as parameters of a codec (RFC 8866). */
  tune?(sdp: string, side: "local" | "remote"): string;
}

/** What a publication needs of its session. */
export interface PublicationHost {
  readonly connection: Connection;
  configuration(): RTCConfiguration; // of a connection that is made now
  readonly endpoint: string; // under which the server knows its candidates
  readonly named: boolean; // the server is told that name, as it knows several of a participant
  failed(failure: CallError): void;
  ended(publication: Publication): void;
  /** The browser has ended what is captured: a camera was unplugged, a screen is no longer shared. */
  trackEnded(publication: Publication, kind: Kind): void;
}

const kinds = ["audio", "video"] as const;

export class Publication {
  /** Settles once the stream is with the server, or cannot be. */
  readonly ready: Promise<void>;
  readonly source: Source;
  readonly #host: PublicationHost;
  readonly #options: PublishOptions;
  readonly #active: Record<Kind, boolean>;
  readonly #upkeep: Upkeep;
  #told: Record<Kind, boolean>; // what the server knows is active
  #media: MediaStream | undefined;
  #connection: MediaConnection | undefined;
  #id = "";
  #over = false;

  constructor(host: PublicationHost, media: MediaStream | Promise<MediaStream>, options: PublishOptions) {
    this.#host = host;
    this.#options = options;
    this.source = options.source ?? "camera";
    this.#active = { audio: options.active?.audio ?? true, video: options.active?.video ?? true };
    this.#told = { ...this.#active };
    this.#upkeep = new Upkeep({
      run: () => this.#reconnect(),
      failed: (failure) => host.failed(failure),
    });
    this.ready = this.#start(media);
  }

  /** The id of the stream; empty until it is ready. */
  get id(): string {
    return this.#id;
  }

  /** What is captured; undefined until the camera is there. */
  get media(): MediaStream | undefined {
    return this.#media;
  }

  get pc(): RTCPeerConnection | undefined {
    return this.#connection?.pc;
  }

  has(kind: Kind): boolean {
    return this.#track(kind) !== undefined;
  }

  isActive(kind: Kind): boolean {
    return this.has(kind) && this.#active[kind];
  }

  /**
   * Mutes or unmutes. The track is silent or black at once; the promise settles
   * when the server knows. Fails with track.not_found for a kind that is not
   * published.
   */
  async setActive(kind: Kind, active: boolean): Promise<void> {
    if (this.#media && !this.has(kind)) throw new CallError(FaultId.TrackNotFound, "update", { details: { kind } });
    this.#active[kind] = active;
    const track = this.#track(kind);
    if (track) track.enabled = active;
    await this.tell();
  }

  /** Sends another track in place of the one of its kind, such as that of another camera. Fails with track.not_found. */
  async replaceTrack(track: MediaStreamTrack): Promise<void> {
    const kind = track.kind as Kind;
    const old = this.#track(kind);
    const sender = this.#connection?.pc.getSenders().find((s) => s.track === old);
    if (!old || !sender || !this.#media) throw new CallError(FaultId.TrackNotFound, "update", { details: { kind } });
    this.#watch(track);
    try {
      await sender.replaceTrack(track);
    } catch (thrown) {
      throw failureOf(thrown, FaultId.MediaRenegotiation, "update");
    }
    this.#media.removeTrack(old);
    this.#media.addTrack(track);
    old.stop();
  }

  /** Ends the stream. What it captured is left running for its owner; see release. Some servers pass the reason on. */
  async unpublish(reason?: string): Promise<void> {
    if (this.#over) return;
    const had = this.#id !== "";
    this.close();
    if (had) await this.#host.connection.request("unpublishVideo", { streamId: this.#id, reason }, "unpublish");
  }

  /** Tells the server what is muted, as far as it does not know. */
  async tell(): Promise<void> {
    if (this.#id === "" || this.#over) return;
    for (const kind of kinds) {
      const active = this.#active[kind];
      if (!this.has(kind) || this.#told[kind] === active) continue;
      this.#told[kind] = active;
      try {
        await this.#host.connection.request("streamPropertyChanged", {
          streamId: this.#id, property: `${kind}Active`, newValue: active, reason: kind === "audio" ? "publishAudio" : "publishVideo",
        }, "update");
      } catch (thrown) {
        this.#told[kind] = !active; // told again when the socket is back
        throw thrown;
      }
    }
  }

  /** The session has a socket again. */
  restored(): void {
    this.tell().catch((failure: CallError) => this.#host.failed(failure));
    this.#upkeep.restored();
  }

  get endpoint(): string {
    return this.#host.endpoint;
  }

  takeCandidate(candidate: RTCIceCandidateInit): void {
    this.#connection?.addCandidate(candidate);
  }

  /** Ends the connection without telling anybody. */
  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#upkeep.stop();
    this.#connection?.close();
    this.#host.ended(this);
  }

  #watch(track: MediaStreamTrack): void {
    const kind = track.kind as Kind;
    track.enabled = this.#active[kind];
    track.addEventListener("ended", () => {
      if (!this.#over && this.#track(kind) === track) this.#host.trackEnded(this, kind);
    });
  }

  #track(kind: Kind): MediaStreamTrack | undefined {
    return this.#media?.getTracks().find((t) => t.kind === kind);
  }

  async #start(source: MediaStream | Promise<MediaStream>): Promise<void> {
    try {
      const media = await source;
      if (this.#over) throw new CallError(FaultId.RequestCancelled, "publish");
      this.#media = media;
      for (const track of media.getTracks()) this.#watch(track);
      if (media.getTracks().length === 0) throw new CallError(FaultId.CaptureNothingRequested, "publish");
      const told = { ...this.#active };
      await this.#negotiate((sdpOffer) => this.#host.connection.request("publishVideo", {
        sdpOffer, doLoopback: false, hasAudio: this.has("audio"), hasVideo: this.has("video"),
        audioActive: this.isActive("audio"), videoActive: this.isActive("video"),
        typeOfVideo: this.has("video") ? this.source.toUpperCase() : undefined, frameRate: -1,
        ...(this.#host.named ? { endpoint: this.#host.endpoint } : {}), ...this.#options.about,
      }, "publish"));
      this.#told = told;
    } catch (thrown) {
      const over = this.#over;
      this.close();
      if (this.#id !== "") this.#host.connection.request("unpublishVideo", { streamId: this.#id }, "unpublish").catch(() => {}); // the server has what we do not
      throw over ? new CallError(FaultId.RequestCancelled, "publish", { cause: thrown }) : failureOf(thrown, FaultId.PublisherInternal, "publish");
    }
    this.tell().catch((failure: CallError) => this.#host.failed(failure)); // what was muted meanwhile
  }

  async #reconnect(): Promise<void> {
    await this.#negotiate((sdpString) => this.#host.connection.request("reconnectStream", { stream: this.#id, sdpString }, "reconnect"));
  }

  async #negotiate(ask: (sdp: string) => Promise<unknown>): Promise<void> {
    const operation = this.#id === "" ? "publish" : "reconnect";
    this.#connection?.close();
    const { connection, endpoint } = this.#host;
    const made = new MediaConnection(this.#host.configuration(), operation, {
      candidate: (c) => {
        // One that is lost with its socket is not missed: the connection is made anew then.
        connection.request("onIceCandidate", { endpointName: endpoint, ...c }, operation).catch(() => {});
      },
      broken: () => this.#upkeep.broken(),
      tune: this.#options.tune,
    });
    this.#connection = made;
    for (const track of this.#media!.getTracks()) {
      const { sendEncodings } = this.#options;
      const layered = track.kind === "video" && sendEncodings;
      const transceiver = made.pc.addTransceiver(track, { direction: "sendonly", streams: [this.#media!], ...(layered ? { sendEncodings } : {}) });
      if (track.kind !== "video") continue;
      if (this.#options.maxVideoBitrate && !layered) limit(transceiver.sender, this.#options.maxVideoBitrate);
      if (this.#options.videoCodecs) prefer(transceiver, this.#options.videoCodecs);
    }
    await made.offer(operation, async (sdp) => {
      const result = fields(await ask(sdp));
      if (typeof result.sdpAnswer !== "string") throw new CallError(FaultId.ResponseUnexpected, operation, { details: { field: "sdpAnswer" } });
      if (typeof result.id === "string") this.#id = result.id;
      return result.sdpAnswer;
    });
  }
}

function limit(sender: RTCRtpSender, maxBitrate: number): void {
  const parameters = sender.getParameters();
  for (const encoding of parameters.encodings) encoding.maxBitrate = maxBitrate;
  sender.setParameters(parameters).catch(() => {}); // a browser without it sends what it likes
}

/** Puts the named codecs first (W3C WebRTC, RTCRtpTransceiver.setCodecPreferences). A browser without it keeps its order. */
function prefer(transceiver: RTCRtpTransceiver, names: readonly string[]): void {
  const all = RTCRtpReceiver.getCapabilities("video")?.codecs ?? [];
  const place = (mime: string) => {
    const at = names.findIndex((n) => mime.toLowerCase() === `video/${n.toLowerCase()}`);
    return at < 0 ? names.length : at;
  };
  transceiver.setCodecPreferences?.([...all].sort((a, b) => place(a.mimeType) - place(b.mimeType)));
}
