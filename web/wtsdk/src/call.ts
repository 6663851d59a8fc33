// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* One connection to one session, from connect to disconnect. */
import {
  CallError, capture, captureScreen, FaultId, release, Session,
  type CaptureOptions, type Fields, type Kind, type Participant, type Publication, type RemoteStream, type Wanted,
} from "../../core/src";
import { fields } from "../../core/src/rpc";
import { sessionError } from "./errors";
import { which, type Listeners, type ParticipantInfo, type StreamInfo } from "./listeners";
import type { Address } from "./token";
import { version } from "./version";

/** What participants may send and receive. */
export type ParticipantType = "FULL_PARTICIPANT" | "VIEWER" | "AV_BROADCASTER" | "A_BROADCASTER";

/** What is sent: booleans, or which device. */
export interface Constraints extends CaptureOptions {
  /** Names of codecs, the best first, such as "VP8". */
  videoCodecs?: string[];
}

interface Options extends Address {
  name: string;
  type: ParticipantType;
  constraints: Constraints;
  screen?: boolean;
  metadata?: object;
}

const receives = (type: string) => type !== "AV_BROADCASTER" && type !== "A_BROADCASTER";
const sends = (type: string) => type !== "VIEWER";

/** How often statistics are told, in ms. */
const statsPeriod = 2_000;

export class Call {
  readonly #options: Options;
  readonly #listeners: Listeners;
  readonly #session: Session;
  #constraints: Constraints;
  #publication: Publication | undefined;
  #media: MediaStream | undefined; // what is captured, whoever sees it
  #connected = false; // the app knows
  readonly #lost = new Set<"socket" | "media">(); // what does not come through
  #turn: Promise<unknown> = Promise.resolve(); // of what changes the local media
  #stats: ReturnType<typeof setInterval> | undefined;

  constructor(options: Options, listeners: Listeners) {
    this.#options = options;
    this.#listeners = listeners;
    this.#constraints = options.constraints;
    this.#session = new Session({ url: options.url });
    this.#listen();
  }

  /** Captures, joins and publishes. What is captured is given back if any of that fails. */
  async connect(): Promise<void> {
    const { token, name, type, metadata, screen } = this.#options;
    try {
      if (sends(type)) this.#media = await (screen ? captureScreen() : capture(this.#constraints));
      await this.#session.join({ token, name, type, metadata: metadata ? JSON.stringify(metadata) : undefined, version });
      this.#connected = true;
      this.#listeners.tell("connected"); // apps register the other listeners in this one
      for (const p of this.#session.participants.values()) if (!p.local) this.#listeners.tell("participantJoined", about(p));
      for (const p of this.#session.participants.values()) for (const s of p.streams.values()) this.#subscribe(s);
      if (this.#media) await this.#publish();
    } catch (thrown) {
      await this.close();
      throw thrown;
    }
  }

  /** Leaves, and gives back camera and microphone. */
  async close(): Promise<void> {
    clearInterval(this.#stats);
    release(this.#media);
    this.#connected = false;
    await this.#session.leave();
  }

  /** Whether the session is over. */
  over: (() => void) | undefined;

  enableStats(): void {
    clearInterval(this.#stats);
    this.#stats = setInterval(() => {
      this.#session.stats().then((s) => this.#listeners.tell("statsReceived", s), (e) => this.#failed(e));
    }, statsPeriod);
  }

  async send(message: unknown): Promise<void> {
    const text = typeof message === "string" ? message : JSON.stringify(message);
    if (text === undefined) throw new CallError(FaultId.MessageNotJson, "message");
    await this.#session.send(text);
  }

  async sendPlayerData(data: unknown): Promise<void> {
    await this.#session.request("sendPlayerData", { data }, "message");
  }

  async state(): Promise<Fields> {
    return fields(await this.#session.request("getSessionState", {}, "peers"));
  }

  /** Mutes or unmutes; a kind that was not sent so far is captured and sent. */
  setActive(kind: Kind, active: boolean): Promise<void> {
    return this.#inTurn(async () => {
      const p = this.#publication;
      if (p?.has(kind)) {
        await p.setActive(kind, active);
        this.#changed(this.#session.local!.id, kind, active);
      } else if (active) {
        await this.#widen(kind, true);
      }
    });
  }

  /** Sends from another device, or a kind no longer. */
  setConstraints(kind: Kind, wanted: Wanted): Promise<void> {
    return this.#inTurn(async () => {
      this.#constraints = { ...this.#constraints, [kind]: wanted };
      const p = this.#publication;
      if (!p) return;
      if (!wanted) {
        if (!p.has(kind)) return;
        await p.setActive(kind, false);
        this.#changed(this.#session.local!.id, kind, false);
      } else if (p.has(kind)) {
        const [track] = (await capture({ [kind]: wanted })).getTracks();
        await p.replaceTrack(track!);
      } else {
        await this.#widen(kind, wanted);
      }
    });
  }

  /** Changes what this participant may send and receive, and does so. */
  setType(type: string): Promise<void> {
    return this.#inTurn(async () => {
      await this.#session.request("setParticipantType", { type }, "role-change");
      if (!receives(type)) for (const s of [...this.#session.subscriptions.values()]) await s.unsubscribe();
      const video = this.#publication?.has("video") ?? false;
      if (!sends(type) || type === "A_BROADCASTER" && video) await this.#unpublish();
      if (sends(type) && !this.#publication) {
        const { audio = true, video: wanted = true } = this.#constraints;
        this.#media = await capture({ audio, video: type === "A_BROADCASTER" ? false : wanted });
        await this.#publish();
      }
      if (receives(type)) {
        for (const p of this.#session.participants.values()) for (const s of p.streams.values()) this.#subscribe(s);
      }
    });
  }

  #listen(): void {
    const session = this.#session;
    const tell = this.#listeners.tell.bind(this.#listeners);
    session.on("participantJoined", (p) => { if (this.#connected) tell("participantJoined", about(p)); });
    session.on("participantLeft", (p) => tell("participantLeft", which(p.id)));
    session.on("streamAdded", (s) => { if (this.#connected) this.#subscribe(s); });
    session.on("streamChanged", (s, kind, active) => this.#changed(s.participant.id, kind, active));
    session.on("speaking", (p, speaking) => tell(speaking ? "speaking" : "stopSpeaking", which(p.id)));
    session.on("unpublished", (p) => {
      if (this.#publication !== p) return;
      release(this.#media);
      this.#media = this.#publication = undefined;
    });
    session.on("message", ({ from, type, data }) => {
      if (type === "chat") tell("messageReceived", { participantId: from?.id ?? "", participantName: from?.name ?? "", local: from?.local ?? false, message: data });
    });
    session.on("notification", (method, params) => {
      if (method === "playerData") tell("playerDataReceived", { participantId: String(params.from ?? ""), data: params.data, at: Number(params.at) });
    });
    session.on("reconnecting", () => this.#loses("socket"));
    session.on("reconnected", () => this.#regains("socket"));
    session.on("mediaBlocked", (failure) => {
      this.#failed(failure);
      this.#loses("media");
    });
    session.on("mediaRestored", () => this.#regains("media"));
    session.on("failure", (failure) => this.#failed(failure));
    session.on("ended", (failure) => {
      void this.close();
      this.#failed(failure);
      tell("disconnected");
      this.over?.();
    });
  }

  #loses(what: "socket" | "media"): void {
    if (this.#lost.size === 0) this.#listeners.tell("connectionLost");
    this.#lost.add(what);
  }

  #regains(what: "socket" | "media"): void {
    if (!this.#lost.delete(what) || this.#lost.size > 0) return;
    this.#listeners.tell("connectionResumed");
    for (const s of this.#session.subscriptions.values()) if (s.media.getTracks().length > 0) this.#listeners.tell("streamCreated", this.#streamInfo(s.stream.participant, s.media, s.stream));
  }

  #subscribe(stream: RemoteStream): void {
    if (!receives(this.#session.local?.type ?? "") || this.#session.subscriptions.has(stream.id)) return;
    const subscription = this.#session.subscribe(stream);
    subscription.ready.then(
      () => this.#listeners.tell("streamCreated", this.#streamInfo(stream.participant, subscription.media, stream)),
      (failure) => { if (this.#connected) this.#failed(failure); },
    );
  }

  async #publish(active?: Record<Kind, boolean>): Promise<void> {
    const media = this.#media!;
    const { screen } = this.#options;
    const p = this.#session.publish(media, { source: screen ? "screen" : "camera", active, videoCodecs: this.#constraints.videoCodecs });
    this.#publication = p;
    try {
      await p.ready;
    } catch (thrown) {
      if (this.#publication === p) this.#publication = undefined;
      throw thrown;
    }
    this.#listeners.tell("streamCreated", this.#streamInfo(this.#session.local!, media, undefined));
  }

  async #unpublish(): Promise<void> {
    const p = this.#publication;
    this.#publication = undefined;
    release(this.#media);
    this.#media = undefined;
    // The server may have ended it already.
    await p?.unpublish().catch((failure: CallError) => { if (failure.fault !== FaultId.StreamNotPublished) throw failure; });
  }

  /** Sends a kind more. A stream does not change its kinds, so it begins anew. */
  async #widen(kind: Kind, wanted: Wanted): Promise<void> {
    if (!sends(this.#session.local?.type ?? "") || this.#session.local?.type === "A_BROADCASTER" && kind === "video") {
      throw new CallError(FaultId.PermissionPublish, "publish", { details: { kind, type: this.#session.local?.type } });
    }
    const p = this.#publication;
    const active = { audio: kind === "audio" || (p?.isActive("audio") ?? true), video: kind === "video" || (p?.isActive("video") ?? true) };
    const more = await capture({ [kind]: wanted });
    await p?.unpublish();
    this.#media = new MediaStream([...(this.#media?.getTracks() ?? []), ...more.getTracks()]);
    await this.#publish(active);
    this.#changed(this.#session.local!.id, kind, true);
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(run);
    this.#turn = mine.catch(() => {});
    return mine;
  }

  #changed(participantId: string, kind: Kind, active: boolean): void {
    this.#listeners.tell("mediaStreamChanged", { participantId, mediaType: kind === "audio" ? "AUDIO" : "VIDEO", mediaState: active ? "ENABLED" : "DISABLED" });
  }

  #failed(thrown: unknown): void {
    this.#listeners.tell("sessionError", sessionError(thrown));
  }

  #streamInfo(p: Participant, stream: MediaStream, remote: RemoteStream | undefined): StreamInfo {
    const has = (kind: Kind) => remote?.info.has[kind] ?? this.#publication?.has(kind) ?? false;
    const active = (kind: Kind) => remote?.info.active[kind] ?? this.#publication?.isActive(kind) ?? false;
    return {
      ...about(p), stream, streams: [stream],
      streamConstraints: { audio: has("audio"), video: has("video") },
      settings: { mutedAudio: has("audio") && !active("audio"), mutedVideo: has("video") && !active("video") },
    };
  }
}

/** A participant as apps know it. What it says of itself stands behind what the server says. */
export function about(p: Participant): ParticipantInfo {
  return { ...readMetadata(p.metadata), participantId: p.id, participantName: p.name, participantType: p.type, local: p.local, isLocal: p.local };
}

function readMetadata(text: string): Fields {
  try {
    return fields(JSON.parse(text));
  } catch {
    return {};
  }
}
