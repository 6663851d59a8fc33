// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* A session: who is connected to it, what they publish, and what is done in it. */
import { CallError, FaultId, Session as Room, type Fields, type Kind, type Operation, type Participant, type Publication, type RemoteStream } from "../../core/src";
import { fields } from "../../core/src/rpc";
import { either, isElement, oneOf, sorted } from "./args";
import { call, tellException } from "./calls";
import { Collection } from "./collection";
import { event, SessionOTEventEmitter } from "./emitter";
import { invalid, otError, OTError, reworded, unsupported } from "./errors";
import type { SessionEvents } from "./events";
import { powers, sessionInfo, type Capabilities, type Door, type SessionInfo } from "./info";
import { inner, Publisher } from "./publisher";
import { streamReason } from "./reasons";
import { carries, Reception } from "./reception";
import { serverOf } from "./sessionid";
import { readSignal, SignalQueue, type Signal } from "./signal";
import { Connection, Stream } from "./stream";
import { Subscriber } from "./subscriber";
import type { Completion, Dimensions, IceConfig, OTError as OTErrorShape, PublisherProperties, SubscriberProperties } from "./types";
import { version } from "./version";

export interface SessionOptions {
  connectionEventsSuppressed?: boolean;
  iceConfig?: IceConfig;
  ipWhitelist?: boolean;
  encryptionSecret?: string;
  singlePeerConnection?: boolean;
  sessionMigration?: boolean;
}

export interface SessionInner {
  /** Fails where a stream cannot be subscribed to. */
  admits(stream: Stream): void;
  has(stream: Stream): boolean;
  receive(who: Subscriber, stream: Stream): Reception;
  released(who: Subscriber, reception: Reception | undefined): void;
  stop(publisher: Publisher, reason: string): void;
  resized(stream: Stream, to: Dimensions): void;
  /** Where the session is, for reports of issues; undefined before it was connected. */
  readonly door: Door | undefined;
}

type Target = HTMLElement | string;
type Done = (error?: OTErrorShape) => void;

interface Publish {
  (publisher: Publisher, handler?: Done): Publisher;
  (targetElement?: Target, properties?: PublisherProperties, handler?: Done): Publisher;
  promise: {
    (publisher: Publisher): Promise<Publisher>;
    (targetElement?: Target, properties?: PublisherProperties): Promise<Publisher>;
  };
}

interface Subscribe {
  (stream: Stream, targetElement?: Target, properties?: SubscriberProperties, handler?: Done): Subscriber;
  (stream: Stream, handler?: Done): Subscriber;
  promise(stream: Stream, targetElement?: Target, properties?: SubscriberProperties): Promise<Subscriber>;
}

/** Subscribers of all sessions, for OT.subscribers. */
export const subscribers = new Set<Subscriber>();

const unknownPowers = () => Object.fromEntries(powers.map((p) => [p, undefined])) as unknown as Capabilities;

export class Session extends SessionOTEventEmitter<SessionEvents<Session>> {
  readonly sessionId: string;
  /** One's own connection, while connected. */
  connection?: Connection;
  /** What the token allows; undefined values before connecting. */
  capabilities: Capabilities = unknownPowers();
  /** Everybody who is connected, oneself too. */
  readonly connections = new Collection(() => this.#connections.values());
  /** What is published, by oneself too. */
  readonly streams = new Collection(() => [...this.#streams.values(), ...[...this.#publications.keys()].flatMap((p) => p.stream ?? [])]);
  readonly [inner]: SessionInner;
  readonly #apiKey: string;
  readonly #options: SessionOptions;
  #ice: IceConfig | undefined;
  #room: Room | undefined;
  #info: SessionInfo | undefined;
  #door: Door | undefined; // of the connection that there is, or is being made
  #last: Door | undefined; // of the one before
  #state: "idle" | "connecting" | "connected" | "reconnecting" = "idle";
  #told = false; // of the streams that were there
  #muted = false; // a moderator has everybody muted
  readonly #connections = new Map<string, Connection>();
  readonly #streams = new Map<string, Stream>(); // of others
  readonly #publications = new Map<Publisher, Publication>();
  readonly #subscribers = new Set<Subscriber>();
  readonly #receptions = new Map<string, Reception>(); // by stream
  readonly #signals = new SignalQueue();
  #pressure: { disconnect(): void } | undefined;

  /** Made by OT.initSession. */
  constructor(apiKey: string, sessionId: string, options: SessionOptions = {}) {
    super();
    this.#apiKey = apiKey;
    this.sessionId = sessionId;
    this.#options = options;
    this.#ice = options.iceConfig;
    const me = this;
    this[inner] = {
      admits: (stream) => this.#admits(stream),
      has: (stream) => this.#streams.get(stream.streamId) === stream,
      receive: (who, stream) => this.#receive(who, stream),
      released: (who, reception) => this.#released(who, reception),
      stop: (publisher, reason) => this.#stop(publisher, reason),
      resized: (stream, { width, height }) => this.#request("streamPropertyChanged", {
        streamId: stream.streamId, property: "videoDimensions", newValue: JSON.stringify({ width, height }), reason: "deviceRotated",
      }, "update").then(() => {}, () => {}),
      get door() { return me.isConnected() ? me.#door : me.#last; },
    };
  }

  /** The same as sessionId, for apps that read it there. */
  get id(): string {
    return this.sessionId;
  }

  isConnected(): boolean {
    return this.#state === "connected" || this.#state === "reconnecting";
  }

  /** Connects with a token that a backend has made. */
  readonly connect: { (token: string, handler?: Done): Session; promise(token: string): Promise<Session> } = Object.assign((token: string, handler?: unknown) => {
    void call("connect", this, handler, () => this.#connect(token));
    return this;
  }, { promise: (token: string) => call("connect", this, undefined, async () => { await this.#connect(token); return this as Session; }) });

  /** Ends the connection; what was published and subscribed to ends with it. */
  disconnect(): Promise<void> {
    const left = this.#room?.leave() ?? Promise.resolve();
    this.#over("clientDisconnected");
    return left;
  }

  /** Publishes, also before the camera is there. Returns the publisher at once. */
  readonly publish: Publish = Object.assign((...given: unknown[]) => {
    const { publisher, handler, wrong } = this.#publisherOf(given);
    void call("publish", this, handler, () => this.#publish(publisher, wrong));
    return publisher as Publisher;
  }, { promise: (...given: unknown[]) => {
    const { publisher, handler, wrong } = this.#publisherOf(given);
    return call("publish", this, handler, () => this.#publish(publisher, wrong));
  } });

  /** Receives a stream, and shows it. Returns the subscriber at once. */
  readonly subscribe: Subscribe = Object.assign((stream: unknown, ...given: unknown[]) => this.#subscriber(stream, given), {
    promise: (stream: unknown, ...given: unknown[]) => this.#subscriber(stream, given)[inner].ready,
  });

  unpublish(publisher: Publisher): void {
    if (!(publisher instanceof Publisher)) {
      tellException(invalid("unpublish", "publisher", "a publisher"), this);
      return;
    }
    this.#stop(publisher, "clientDisconnected");
  }

  unsubscribe(subscriber: Subscriber): void {
    if (!(subscriber instanceof Subscriber)) {
      tellException(invalid("subscribe", "subscriber", "a subscriber"), this);
      return;
    }
    subscriber[inner].end("clientDisconnected");
  }

  /**
   * Sends a text to everybody, oneself too, or to one connection. While the
   * connection is lost it waits, unless retryAfterReconnect is false. A signal that
   * was on its way when it was lost is sent again, so it can arrive twice.
   */
  signal(signal: Signal, handler?: Done): Promise<void> {
    return call("message", this, handler, async () => {
      const { to, type, data, retry } = readSignal(signal, this.#info?.limits);
      for (;;) {
        if (!this.isConnected()) throw new CallError(FaultId.ClientNotConnected, "message");
        if (this.#state === "reconnecting") {
          if (!retry) throw new CallError(FaultId.ClientNotConnected, "message", { message: "the connection to the server is lost" });
          await this.#signals.wait();
          continue;
        }
        try {
          return await this.#room!.send(data, { type, to });
        } catch (thrown) {
          if (!retry || !(thrown instanceof CallError) || thrown.fault !== FaultId.SignalLost) throw thrown;
        }
      }
    });
  }

  forceDisconnect(connection: Connection, handler?: Done): Promise<void> {
    return call("remove", this, handler, async () => {
      this.#connected("remove");
      const id = connection instanceof Connection ? connection.connectionId : undefined;
      if (!id || !this.#connections.has(id)) throw invalid("remove", "connection", "a connection of this session");
      this.#may("forceDisconnect", "remove");
      await this.#request("forceDisconnect", { connectionId: id }, "remove");
    });
  }

  forceUnpublish(stream: Stream, handler?: Done): Promise<void> {
    return call("force-unpublish", this, handler, async () => {
      this.#connected("force-unpublish");
      if (!(stream instanceof Stream)) throw invalid("force-unpublish", "stream", "a stream");
      this.#may("forceUnpublish", "force-unpublish");
      await this.#request("forceUnpublish", { streamId: stream.streamId }, "force-unpublish");
    });
  }

  forceMuteStream(stream: Stream): Promise<void> {
    return call("mute", this, undefined, async () => {
      this.#connected("mute");
      if (!(stream instanceof Stream)) throw invalid("mute", "stream", "a stream");
      this.#may("forceMute", "mute");
      await this.#request("forceMuteStream", { streamId: stream.streamId }, "mute");
    });
  }

  /** Mutes everybody, and whoever publishes later. */
  forceMuteAll(excludedStreams: Stream[] = []): Promise<void> {
    return call("mute", this, undefined, async () => {
      this.#connected("mute");
      if (!Array.isArray(excludedStreams) || !excludedStreams.every((s) => s instanceof Stream)) throw invalid("mute", "excludedStreams", "a list of streams");
      this.#may("forceMute", "mute");
      await this.#request("forceMuteAll", { excludedStreamIds: excludedStreams.map((s) => s.streamId) }, "mute");
    });
  }

  disableForceMute(): Promise<void> {
    return call("mute", this, undefined, async () => {
      this.#connected("mute");
      this.#may("forceMute", "mute");
      await this.#request("disableForceMute", {}, "mute");
    });
  }

  getPublisherForStream(stream: Stream): Publisher | undefined {
    return [...this.#publications.keys()].find((p) => p.stream?.streamId === stream?.streamId);
  }

  getSubscribersForStream(stream: Stream): Subscriber[] {
    return [...this.#subscribers].filter((s) => s.stream?.streamId === stream?.streamId);
  }

  /** Fails: media is encrypted on each way, not from end to end. */
  setEncryptionSecret(_secret: string): Promise<void> {
    return call("init", this, undefined, () => { throw unsupported("end-to-end encryption"); });
  }

  /** Sets the ICE servers of connections that are made from now on. */
  setIceConfig(iceConfig: IceConfig): Promise<void> {
    return call("init", this, undefined, () => {
      this.#ice = checkedIce(iceConfig);
    });
  }

  async #connect(token: string): Promise<void> {
    if (typeof token !== "string" || token === "") throw invalid("connect", "token", "the token that a backend has made");
    if (typeof this.#apiKey !== "string" || this.#apiKey === "") throw invalid("connect", "apiKey", "the key of the project");
    if (typeof this.sessionId !== "string" || this.sessionId === "") throw invalid("connect", "sessionId", "the id of a session");
    if (this.#options.encryptionSecret !== undefined) throw unsupported("end-to-end encryption", "connect");
    if (this.#state !== "idle") throw new CallError(FaultId.ClientAlreadyJoined, "connect");
    if (this.#ice) checkedIce(this.#ice);
    const door: Door = { base: serverOf(this.sessionId), sessionId: this.sessionId, apiKey: this.#apiKey, token };
    this.#state = "connecting";
    this.#door = door;
    let room: Room | undefined;
    try {
      const info = await sessionInfo(door);
      if (this.#door !== door) throw new CallError(FaultId.JoinAbandoned, "connect"); // given up, and perhaps begun anew
      room = this.#room = new Room({ url: info.url, manyStreams: true, configure: (c) => this.#configured(c) });
      this.#listen(room);
      const result = await room.join({ token: info.token, version });
      this.#begin(room, info, result);
    } catch (thrown) {
      if (this.#door === door) {
        this.#room = this.#door = undefined;
        this.#state = "idle";
      }
      throw thrown;
    }
  }

  #begin(room: Room, info: SessionInfo, result: Fields): void {
    this.#info = info;
    this.#state = "connected";
    this.#muted = result.forceMuted === true;
    this.capabilities = { ...info.capabilities };
    this.connection = this.#known(room.local!);
    this.#watchPressure();
    this.#connectionCreated(this.connection);
    for (const p of room.participants.values()) if (!p.local) this.#connectionCreated(this.#known(p));
    this.#say("sessionConnected", {});
    // The handler of connect is called first, and may register others.
    setTimeout(() => {
      if (this.#room !== room) return;
      this.#told = true;
      for (const p of room.participants.values()) for (const s of p.streams.values()) this.#streamCreated(s);
    });
  }

  #listen(room: Room): void {
    const mine = <A extends unknown[]>(run: (...args: A) => void) => (...args: A) => { if (this.#room === room && this.isConnected()) run(...args); };
    room.on("participantJoined", mine((p) => this.#connectionCreated(this.#known(p))));
    room.on("participantLeft", mine((p, reason) => {
      const connection = this.#known(p);
      this.#connections.delete(p.id);
      if (!this.#options.connectionEventsSuppressed) this.#say("connectionDestroyed", { connection, reason: streamReason(reason) });
    }));
    room.on("streamAdded", mine((s) => { if (this.#told) this.#streamCreated(s); }));
    room.on("streamRemoved", mine((s, reason) => this.#streamDestroyed(s, streamReason(reason))));
    room.on("streamChanged", mine((s, kind, active) => this.#streamChanged(s, kind, active)));
    room.on("streamResized", mine((s) => {
      const stream = this.#streams.get(s.id);
      if (!stream || !s.info.dimensions) return;
      const oldValue = stream.videoDimensions;
      stream.videoDimensions = { ...s.info.dimensions };
      this.#say("streamPropertyChanged", { stream, changedProperty: "videoDimensions", oldValue, newValue: stream.videoDimensions });
    }));
    room.on("unpublished", mine((publication, reason) => {
      for (const [publisher, p] of this.#publications) if (p === publication) this.#gone(publisher, reason === "trackEnded" ? "mediaStopped" : streamReason(reason));
    }));
    room.on("message", mine(({ from, type, data }) => {
      const signal = event(type ? `signal:${type}` : "signal", this, { data, from: from ? this.#known(from) : null });
      this.dispatchEvent(signal, undefined, "signal");
      if (type) this.dispatchEvent(signal);
    }));
    room.on("notification", mine((method, params) => this.#notified(method, params)));
    room.on("reconnecting", mine(() => {
      this.#state = "reconnecting";
      this.#say("sessionReconnecting", {});
      for (const s of this.#subscribers) s[inner].reconnecting(true);
    }));
    room.on("reconnected", mine(() => {
      this.#state = "connected";
      this.#say("sessionReconnected", {});
      for (const s of this.#subscribers) s[inner].reconnecting(false);
      this.#signals.release();
    }));
    room.on("failure", mine((failure) => { if (failure.fault !== FaultId.DeviceLost) tellException(otError(failure, failure.operation), this); }));
    room.on("ended", mine((failure) => this.#over(endings[failure.fault] ?? "networkDisconnected")));
  }

  #notified(method: string, params: Fields): void {
    switch (method) {
      case "muteForced": {
        const id = params.streamId;
        if (typeof id === "string") {
          for (const p of this.#publications.keys()) if (p.stream?.streamId === id) p[inner].muted();
        } else {
          this.#muted = params.active === true;
          if (this.#muted) this.#say("muteForced", { active: true });
        }
        break;
      }
      case "recordingStarted":
      case "recordingStopped": {
        const on = method === "recordingStarted";
        for (const p of this.#publications.keys()) p[inner].archiving(on);
        this.#say(on ? "archiveStarted" : "archiveStopped", { id: String(params.id ?? ""), name: String(params.name ?? "") });
      }
    }
  }

  #over(reason: string): void {
    const was = this.#state;
    if (was === "idle") return;
    if (was !== "connecting") this.#last = this.#door;
    this.#room = this.#door = undefined;
    this.#state = "idle";
    this.#told = this.#muted = false;
    this.#signals.release();
    this.#pressure?.disconnect();
    this.#receptions.clear();
    this.#connections.clear();
    this.#streams.clear();
    this.capabilities = unknownPowers();
    if (was !== "connected" && was !== "reconnecting") return;
    for (const publisher of [...this.#publications.keys()]) this.#gone(publisher, reason);
    const connected = [...this.#subscribers];
    this.dispatchEvent(event("sessionDisconnected", this, { reason }, true), () => { for (const s of connected) s[inner].end(reason); });
    this.connection = undefined;
  }

  #publisherOf(given: unknown[]): { publisher: Publisher | undefined; handler: unknown; wrong: boolean } {
    const [first, ...rest] = given;
    if (first instanceof Publisher) return { publisher: first, handler: rest.find((x) => x !== undefined && x !== null), wrong: false };
    const args = sorted<PublisherProperties>(given);
    if (first !== undefined && first !== null && typeof first !== "string" && typeof first !== "function" && !isElement(first)) return { publisher: undefined, handler: args.handler, wrong: true };
    return { publisher: new Publisher({ ...args, handler: undefined }), handler: args.handler, wrong: false };
  }

  async #publish(publisher: Publisher | undefined, wrong: boolean): Promise<Publisher> {
    const room = this.#connected("publish");
    if (wrong || !publisher) throw invalid("publish", "publisher", "a publisher, an element or the id of one");
    if (publisher[inner].destroyed) throw invalid("publish", "publisher", "one that is not destroyed");
    if (publisher.session || this.#publications.has(publisher)) throw invalid("publish", "publisher", "one that is not published");
    if (this.capabilities.publish === 0) throw new CallError(FaultId.PermissionPublish, "publish");
    publisher.session = this;
    let publication: Publication | undefined;
    try {
      const media = await publisher[inner].media.catch((error: OTError) => { throw reworded(error, "publish"); });
      if (this.#room !== room) throw new CallError(FaultId.ClientNotConnected, "publish");
      if (publisher[inner].destroyed) throw invalid("publish", "publisher", "one that is not destroyed");
      publication = room.publish(media, publisher[inner].options());
      await within(this.#info!.limits.publishMs, room, publication);
      const has = { audio: publication.has("audio"), video: publication.has("video") };
      const { about = {} } = publisher[inner].options();
      const stream = new Stream(this.connection!, {
        id: publication.id, createdAt: Date.now(), source: publication.source, has, active: { audio: publication.isActive("audio"), video: publication.isActive("video") },
        name: String(about.name ?? ""), initials: String(about.initials ?? ""), custom: about.typeOfVideo === "CUSTOM",
        frameRate: typeof about.frameRate === "number" ? about.frameRate : undefined, dimensions: undefined,
      });
      this.#publications.set(publisher, publication);
      publisher[inner].published(this, publication, stream);
      if (this.#muted && has.audio) publisher[inner].muted();
      return publisher;
    } catch (thrown) {
      publisher.session = undefined;
      publication?.unpublish().catch(() => {}); // the server may not know it
      throw this.#room !== room && !(thrown instanceof OTError) ? new CallError(FaultId.ClientNotConnected, "publish", { cause: thrown }) : thrown;
    }
  }

  #stop(publisher: Publisher, reason: string): void {
    const publication = this.#publications.get(publisher);
    if (!publication) return;
    publication.unpublish(reason === "mediaStopped" ? reason : undefined).catch(() => {}); // the server may have ended it already
    this.#gone(publisher, reason);
  }

  #gone(publisher: Publisher, reason: string): void {
    this.#publications.delete(publisher);
    publisher[inner].ended(reason);
  }

  #subscriber(stream: unknown, given: unknown[]): Subscriber {
    const subscriber = new Subscriber(this, stream, sorted<SubscriberProperties>(given));
    this.#subscribers.add(subscriber);
    subscribers.add(subscriber);
    return subscriber;
  }

  #admits(stream: Stream): void {
    if (!this.isConnected()) throw new OTError(FaultId.ClientNotConnected, "subscribe", { word: { code: 1010, name: "OT_NOT_CONNECTED" } });
    if ([...this.#publications.keys()].some((p) => p.stream?.streamId === stream.streamId)) throw unsupported("receiving one's own stream", "subscribe");
    if (!this[inner].has(stream)) throw new CallError(FaultId.TrackNotFound, "subscribe", { details: { stream: stream.streamId } });
    if (this.capabilities.subscribe === 0) throw new OTError(FaultId.PermissionDenied, "subscribe", { word: { code: 0, name: "OT_PERMISSION_DENIED" } });
  }

  #receive(who: Subscriber, stream: Stream): Reception {
    this.#admits(stream);
    let reception = this.#receptions.get(stream.streamId);
    if (!reception) {
      const remote = [...this.#room!.participants.values()].map((p) => p.streams.get(stream.streamId)).find(Boolean);
      if (!remote) throw new CallError(FaultId.StreamEnded, "subscribe");
      this.#receptions.set(stream.streamId, (reception = new Reception(this.#room!, remote)));
    }
    this.#subscribers.add(who);
    return reception;
  }

  #released(who: Subscriber, reception: Reception | undefined): void {
    this.#subscribers.delete(who);
    subscribers.delete(who);
    if (!reception?.release(who)) return;
    for (const [id, one] of this.#receptions) if (one === reception) this.#receptions.delete(id);
  }

  #known(p: Participant): Connection {
    let connection = this.#connections.get(p.id);
    if (!connection) this.#connections.set(p.id, (connection = new Connection(p)));
    return connection;
  }

  #connectionCreated(connection: Connection): void {
    if (!this.#options.connectionEventsSuppressed) this.#say("connectionCreated", { connection });
  }

  #streamCreated(remote: RemoteStream): void {
    if (this.#streams.has(remote.id)) return;
    const stream = new Stream(this.#known(remote.participant), remote.info);
    this.#streams.set(remote.id, stream);
    this.#say("streamCreated", { stream });
  }

  #streamDestroyed(remote: RemoteStream, reason: string): void {
    const stream = this.#streams.get(remote.id);
    if (!stream) return;
    this.#streams.delete(remote.id);
    this.#receptions.delete(remote.id);
    const received = this.getSubscribersForStream(stream);
    this.dispatchEvent(event("streamDestroyed", this, { stream, reason }, true), () => { for (const s of received) s[inner].end(reason); });
  }

  #streamChanged(remote: RemoteStream, kind: Kind, newValue: boolean): void {
    const stream = this.#streams.get(remote.id);
    if (!stream) return;
    const changedProperty = kind === "audio" ? "hasAudio" : "hasVideo";
    const oldValue = stream[changedProperty];
    stream[changedProperty] = newValue;
    this.#say("streamPropertyChanged", { stream, changedProperty, oldValue, newValue });
    if (kind === "video") for (const s of this.getSubscribersForStream(stream)) s[inner].pictured(newValue);
  }

  #connected(operation: Operation): Room {
    if (!this.#room || !this.isConnected()) throw new CallError(FaultId.ClientNotConnected, operation);
    return this.#room;
  }

  #may(power: keyof Capabilities, operation: Operation): void {
    if (this.capabilities[power] === 0) throw new CallError(FaultId.PermissionDenied, operation);
  }

  async #request(method: string, params: object, operation: Operation): Promise<unknown> {
    return this.#connected(operation).request(method, params, operation);
  }

  #configured(given: RTCConfiguration): RTCConfiguration {
    const ice = this.#ice;
    if (!ice) return given;
    const servers = ice.includeServers === "custom" ? [] : (given.iceServers ?? []);
    return { iceServers: [...servers, ...(ice.customServers ?? [])], iceTransportPolicy: ice.transportPolicy };
  }

  /** Watches how busy the device is, where the browser says so (W3C Compute Pressure). */
  #watchPressure(): void {
    const Observer = (globalThis as { PressureObserver?: new (told: (records: { state: string }[]) => void) => { observe(source: string): Promise<void>; disconnect(): void } }).PressureObserver;
    if (!Observer) return;
    let last = "";
    const observer = new Observer((records) => {
      const state = records.at(-1)?.state ?? last;
      if (last !== (last = state)) this.#say("cpuPerformanceChanged", { cpuPerformanceState: state });
    });
    this.#pressure = observer;
    observer.observe("cpu").catch(() => {}); // not where a policy forbids it
  }

  #say(name: string, more: object): void {
    this.dispatchEvent(event(name, this, more));
  }
}

/** Why a session has ended, by the fault that ended it. */
const endings: Partial<Record<FaultId, string>> = {
  [FaultId.PeerRemoved]: "forceDisconnected", [FaultId.RoomEnded]: "forceDisconnected", [FaultId.ServerDraining]: "serverRotation",
  [FaultId.SignalNodeMoved]: "serverRotation", [FaultId.ServerRestarted]: "serverRotation",
};

function checkedIce(config: IceConfig): IceConfig {
  const { includeServers = "all", transportPolicy = "all", customServers = [] } = fields(config) as Partial<IceConfig>;
  const bad = (want: string | undefined, field: string) => { if (want) throw invalid("init", `iceConfig.${field}`, want); };
  bad(either(oneOf("all", "custom"))(includeServers), "includeServers");
  bad(either(oneOf("all", "relay"))(transportPolicy), "transportPolicy");
  bad(Array.isArray(customServers) && customServers.every((s) => [fields(s).urls].flat().every((u) => /^(stuns?|turns?):/.test(String(u)))) ? undefined : "a list of servers with urls such as turn:HOST:PORT", "customServers");
  return { includeServers, transportPolicy, customServers };
}

/** Waits until a publication carries media. Fails with ice.failed and ice.slow, and with publish.timeout when it takes too long. */
async function within(ms: number, room: Room, publication: Publication): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new CallError(FaultId.PublishTimeout, "publish", { details: { seconds: ms / 1000 } })), ms);
  });
  const done = publication.ready.then(() => carries(room, () => publication.pc, "publish", ms + 1_000));
  done.catch(() => {});
  try {
    await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

export type { Completion };
