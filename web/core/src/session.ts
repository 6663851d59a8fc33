// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* One participant in one session: the way into this package. */
import { FaultId, type Operation } from "../../faults";
import { Connection, type ConnectionOptions } from "./connection";
import { Emitter } from "./emitter";
import { CallError, failureOf } from "./failure";
import { checkIceServers } from "./media";
import { Publication, type PublishOptions } from "./publication";
import { Roster, type Participant, type RemoteStream } from "./roster";
import { fields, refusal, type Fields } from "./rpc";
import { received, sent, SpeakingWatch } from "./speaking";
import { trackStats, type StreamStats } from "./stats";
import { readCandidate, type Dimensions, type Kind } from "./streams";
import { Subscription, type SubscribeOptions } from "./subscription";
import { witness } from "./witness";

export interface SessionOptions extends ConnectionOptions {
  /** Changes how media connections are made, such as their ICE servers, from what the server says (W3C WebRTC, RTCConfiguration). Asked for each one. */
  configure?(given: RTCConfiguration): RTCConfiguration;
  /** The server takes several streams of a participant and names media connections apart; otherwise a participant has one of each. */
  manyStreams?: boolean;
}

export interface JoinOptions {
  /** What opens the session, as the backend got it. */
  token: string;
  /** How the participant is called in the session. */
  name?: string;
  /** What it may send and receive, in the server's words. */
  type?: string;
  /** What the app says of it, up to 32 KiB. */
  metadata?: string;
  /** Version of the library, for the record. */
  version?: string;
}

export interface Message {
  from: Participant | undefined; // undefined when the server or somebody who has left sent it
  type: string;
  data: string;
}

interface Events extends Record<string, unknown[]> {
  participantJoined: [Participant];
  participantLeft: [Participant, reason: string];
  participantChanged: [Participant];
  streamAdded: [RemoteStream];
  streamRemoved: [RemoteStream, reason: string];
  /** Somebody else has muted or unmuted. */
  streamChanged: [RemoteStream, kind: Kind, active: boolean];
  /** The video of somebody else has another size, as they say. */
  streamResized: [RemoteStream, was: Dimensions | undefined];
  /** What was published here has ended, and not by unpublish(). */
  unpublished: [Publication, reason: string];
  speaking: [Participant, speaking: boolean];
  message: [Message];
  /** The socket is lost. Media goes on as far as it can. */
  reconnecting: [CallError];
  reconnected: [];
  /** The session is over, and not by leave(). */
  ended: [CallError];
  /** Nothing comes through to or from here, as the server knows, whatever the browser believes. */
  mediaBlocked: [CallError];
  /** Media comes through again. */
  mediaRestored: [];
  /** Something went wrong outside of any call, and the session goes on. */
  failure: [CallError];
  /** What else the server tells. */
  notification: [method: string, params: Fields];
}

type State = "new" | "joining" | "joined" | "over";

/** How long leaving waits for the server, in ms. */
const goodbye = 2_000;

export class Session extends Emitter<Events> {
  readonly #options: SessionOptions;
  readonly #connection: Connection;
  readonly #roster: Roster;
  readonly #publications = new Set<Publication>();
  readonly #subscriptions = new Map<string, Subscription>(); // by stream
  readonly #speaking = new SpeakingWatch<string>((id, on) => {
    const p = this.#roster.participants.get(id);
    if (p) this.emit("speaking", p, on);
  });
  #state: State = "new";
  #left = false;
  #servers: RTCIceServer[] = [];
  #published = 0; // of all times
  #blocked = false; // nothing comes through

  constructor(options: SessionOptions) {
    super();
    this.#options = options;
    this.#connection = new Connection(options);
    this.#roster = new Roster({
      participantJoined: (p) => this.emit("participantJoined", p),
      participantLeft: (p, reason) => this.emit("participantLeft", p, reason),
      participantChanged: (p) => this.emit("participantChanged", p),
      streamAdded: (s) => this.emit("streamAdded", s),
      streamRemoved: (s, reason) => {
        this.#subscriptions.get(s.id)?.close();
        this.emit("streamRemoved", s, reason);
      },
      streamChanged: (s, kind, active) => this.emit("streamChanged", s, kind, active),
      streamResized: (s, was) => this.emit("streamResized", s, was),
    });
    const c = this.#connection;
    c.on("notification", (method, params) => this.#notified(method, params));
    c.on("lost", (failure) => this.emit("reconnecting", failure));
    c.on("restored", () => {
      for (const p of this.#publications) p.restored();
      for (const s of this.#subscriptions.values()) s.restored();
      this.emit("reconnected");
    });
    c.on("ended", (failure) => this.#end(failure));
    c.on("unreadable", (failure) => this.emit("failure", failure));
  }

  /** Everybody in the session, by id. */
  get participants(): ReadonlyMap<string, Participant> {
    return this.#roster.participants;
  }

  /** The local participant; undefined before it has joined. */
  get local(): Participant | undefined {
    return this.#roster.local;
  }

  get publications(): ReadonlySet<Publication> {
    return this.#publications;
  }

  /** Nothing comes through to or from here, as the server knows: between mediaBlocked and mediaRestored. */
  get mediaBlocked(): boolean {
    return this.#blocked;
  }

  /** What is received, by the id of the stream. */
  get subscriptions(): ReadonlyMap<string, Subscription> {
    return this.#subscriptions;
  }

  /**
   * Joins, and tells of everybody who is there by events before it settles.
   * Returns all that the server says. Fails as the server refuses, with
   * endpoint.invalid, endpoint.unreachable, ice.server_invalid, and with
   * join.abandoned when leave() is called meanwhile.
   */
  async join({ token, name, type, metadata, version }: JoinOptions): Promise<Fields> {
    if (this.#left) throw new CallError(FaultId.JoinAbandoned, "join");
    if (this.#state !== "new") throw new CallError(FaultId.ClientAlreadyJoined, "join");
    this.#state = "joining";
    try {
      await this.#connection.open();
      witness()?.reportTo(this.#options.url.replace(/^ws/, "http"));
      const result = fields(await this.#connection.request("joinRoom", { token, participantName: name, type, metadata, sdkVersion: version }, "join"));
      const secret = result.sessionId;
      const servers = readIceServers(result);
      checkIceServers(servers, "join");
      if (typeof secret === "string") this.#connection.resumeBy({ method: "connect", params: { sessionId: secret, reconnect: true } });
      this.#servers = servers;
      if (this.#left) throw new CallError(FaultId.JoinAbandoned, "join");
      this.#state = "joined";
      if (!this.#roster.joined(result)) throw new CallError(FaultId.ResponseUnexpected, "join", { details: { field: "id" } });
      return result;
    } catch (thrown) {
      this.#close();
      throw this.#left ? new CallError(FaultId.JoinAbandoned, "join", { cause: thrown }) : failureOf(thrown, FaultId.ClientInternal, "join");
    }
  }

  /** Leaves. It never fails: a server that does not hear it notices by itself. */
  async leave(): Promise<void> {
    const was = this.#state;
    this.#left = true;
    this.#state = "over";
    this.#closeMedia(); // the server ends it with the session, and is asked to end nothing else by itself
    if (this.#connection.state === "open") {
      if (was === "joined") await this.#connection.request("leaveRoom", {}, "leave", goodbye).catch(() => {});
      // The answer to the join may be on its way, so the server cannot tell by itself.
      if (was === "joining") this.#connection.request("leaveRoom", { abandoned: true }, "leave", goodbye).catch(() => {});
    }
    this.#close();
  }

  /**
   * Publishes a stream, also one that is still being captured: the publication is
   * there at once and settles `ready` when it is with the server.
   */
  publish(media: MediaStream | Promise<MediaStream>, options: PublishOptions = {}): Publication {
    const local = this.#joined("publish");
    const publication = new Publication({
      connection: this.#connection, configuration: () => this.#configuration(),
      endpoint: this.#options.manyStreams ? `pub-${this.#published++}` : local.id, named: this.#options.manyStreams ?? false,
      failed: (failure) => this.emit("failure", failure),
      ended: (p) => {
        this.#publications.delete(p);
        this.#speaking.remove(local.id);
      },
      trackEnded: (p, kind) => {
        if (p.source === "screen" && kind === "video") {
          p.unpublish().catch((failure: CallError) => this.emit("failure", failure));
          this.emit("unpublished", p, "trackEnded");
        } else {
          this.emit("failure", new CallError(FaultId.DeviceLost, "publish", { details: { device: kind === "audio" ? "microphone" : "camera" } }));
        }
      },
    }, media, options);
    this.#publications.add(publication);
    publication.ready.then(() => {
      if (this.#publications.has(publication) && publication.source === "camera") this.#speaking.add(local.id, async () => publication.pc && sent(publication.pc));
    }, () => {});
    return publication;
  }

  /** Receives a stream. A second subscription to one fails with subscribe.duplicate. */
  subscribe(stream: RemoteStream, options: SubscribeOptions = {}): Subscription {
    this.#joined("subscribe");
    if (this.#subscriptions.has(stream.id)) throw new CallError(FaultId.SubscribeDuplicate, "subscribe", { details: { stream: stream.id } });
    const id = stream.participant.id;
    const subscription = new Subscription({
      connection: this.#connection, configuration: () => this.#configuration(), endpoint: this.#options.manyStreams ? stream.id : id,
      failed: (failure) => this.emit("failure", failure),
      ended: (s) => {
        if (this.#subscriptions.get(stream.id) !== s) return;
        this.#subscriptions.delete(stream.id);
        this.#speaking.remove(id);
      },
    }, stream, options);
    this.#subscriptions.set(stream.id, subscription);
    subscription.ready.then(() => {
      if (this.#subscriptions.get(stream.id) === subscription) this.#speaking.add(id, async () => subscription.pc && received(subscription.pc));
    }, () => {});
    return subscription;
  }

  /** Sends a message to those named, or to everybody, the sender too. */
  async send(data: string, { type = "chat", to = [] }: { type?: string; to?: readonly string[] } = {}): Promise<void> {
    await this.request("sendMessage", { message: JSON.stringify({ to, type: `signal:${type}`, data }) }, "message");
  }

  /** Calls a method of the server, for what this class has no name for. */
  async request(method: string, params: object, operation: Operation): Promise<unknown> {
    this.#joined(operation);
    return this.#connection.request(method, params, operation);
  }

  /** What all streams carry, sent and received. */
  async stats(): Promise<StreamStats[]> {
    const all = [
      ...[...this.#publications].map((p) => ({ stream: p.id, participant: this.local?.id ?? "", pc: p.pc })),
      ...[...this.#subscriptions.values()].map((s) => ({ stream: s.stream.id, participant: s.stream.participant.id, pc: s.pc })),
    ];
    return Promise.all(all.filter((s) => s.pc).map(async ({ stream, participant, pc }) => {
      try {
        return { stream, participant, tracks: trackStats(await pc!.getStats() as unknown as ReadonlyMap<string, Record<string, unknown>>) };
      } catch (thrown) {
        throw failureOf(thrown, FaultId.StatsFailed, "stats");
      }
    }));
  }

  #joined(operation: Operation): Participant {
    const local = this.#roster.local;
    if (this.#state !== "joined" || !local) throw new CallError(FaultId.ClientNotConnected, operation);
    return local;
  }

  #notified(method: string, params: Fields): void {
    if (this.#state !== "joined") return;
    if (this.#roster.take(method, params)) return;
    const reason = String(params.reason ?? "");
    switch (method) {
      case "participantEvicted":
        this.#end(params.error ? refusal(fields(params.error), "connect") : new CallError(evictions[reason] ?? FaultId.PeerGone, "connect", { details: { reason } }));
        break;
      case "participantUnpublished":
        for (const p of [...this.#publications]) {
          if (typeof params.streamId === "string" && params.streamId !== p.id) continue; // without one, all
          p.close();
          this.emit("unpublished", p, reason);
        }
        break;
      case "iceCandidate":
        this.#candidate(params);
        break;
      case "forciblyReconnectSubscriber":
        if (typeof params.sdpOffer === "string") this.#subscriptions.get(String(params.streamId))?.takeOffer(params.sdpOffer);
        break;
      case "sendMessage":
        this.emit("message", {
          from: this.#roster.participants.get(String(params.from ?? "")), type: String(params.type ?? "").replace(/^signal:/, ""), data: String(params.data ?? ""),
        });
        break;
      case "networkQualityLevelChanged":
        if (params.connectionId === this.local?.id) this.#rated(Number(params.newValue));
        this.emit("notification", method, params);
        break;
      case "mediaError":
        this.emit("failure", refusal(fields(params.error), "subscribe"));
        break;
      default:
        this.emit("notification", method, params);
    }
  }

  /** How well this participant receives, from 0 to 5; 0 is not at all. */
  #rated(level: number): void {
    const blocked = level === 0;
    if (blocked === this.#blocked) return;
    this.#blocked = blocked;
    if (blocked) this.emit("mediaBlocked", new CallError(FaultId.IceSlow, "publish"));
    else this.emit("mediaRestored");
  }

  #candidate(params: Fields): void {
    const candidate = readCandidate(params);
    if (!candidate) return;
    const whose = String(params.endpointName ?? "");
    for (const one of [...this.#publications, ...this.#subscriptions.values()]) if (one.endpoint === whose) one.takeCandidate(candidate);
  }

  #end(failure: CallError): void {
    const was = this.#state;
    if (was === "over") return;
    this.#close();
    if (was === "joined") this.emit("ended", failure); // a join fails by itself
  }

  #configuration(): RTCConfiguration {
    const given = { iceServers: this.#servers };
    return this.#options.configure?.(given) ?? given;
  }

  #closeMedia(): void {
    for (const p of [...this.#publications]) p.close();
    for (const s of [...this.#subscriptions.values()]) s.close();
  }

  #close(): void {
    this.#state = "over";
    this.#speaking.clear();
    this.#closeMedia();
    this.#connection.close();
    this.#roster.clear();
  }
}

/** Why the server puts somebody out. */
const evictions: Readonly<Record<string, FaultId>> = {
  forceDisconnectByUser: FaultId.PeerRemoved,
  forceDisconnectByServer: FaultId.PeerRemoved,
  sessionClosedByServer: FaultId.RoomEnded,
  nodeCrashed: FaultId.ServerInternal,
  networkDisconnect: FaultId.SignalSilent,
};

/** Reads the servers of a join, in the browser's form or with one address each. */
function readIceServers(result: Fields): RTCIceServer[] {
  const list = Array.isArray(result.iceServers) ? result.iceServers : Array.isArray(result.customIceServers) ? result.customIceServers : [];
  return list.map(fields).map((s) => ({
    urls: Array.isArray(s.urls) ? s.urls.map(String) : String(s.urls ?? s.url ?? ""),
    ...(typeof s.username === "string" ? { username: s.username } : {}),
    ...(typeof s.credential === "string" ? { credential: s.credential } : {}),
  }));
}
