// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Who is in the session and what they publish, kept in step with what the server tells. */
import { fields, type Fields } from "./rpc";
import { readDimensions, readFlag, readStream, type Dimensions, type Kind, type StreamInfo } from "./streams";

/** Somebody in the session. The same object for as long as they are in it. */
export interface Participant {
  readonly id: string;
  readonly local: boolean;
  readonly name: string;
  readonly type: string; // what they may send and receive, in the server's words
  readonly metadata: string; // what their app says of them
  readonly capabilities: Fields; // what they may do, where the server says so
  readonly createdAt: number; // ms since the epoch
  readonly streams: ReadonlyMap<string, RemoteStream>; // by id; of the local participant none, see Publication
}

/** A stream of somebody else. */
export interface RemoteStream {
  readonly participant: Participant;
  readonly info: StreamInfo; // changes with mutes
  readonly id: string;
}

export interface RosterEvents {
  participantJoined(participant: Participant): void;
  participantLeft(participant: Participant, reason: string): void;
  participantChanged(participant: Participant): void;
  streamAdded(stream: RemoteStream): void;
  streamRemoved(stream: RemoteStream, reason: string): void;
  streamChanged(stream: RemoteStream, kind: Kind, active: boolean): void;
  streamResized(stream: RemoteStream, was: Dimensions | undefined): void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Stored = Mutable<Omit<Participant, "streams">> & { readonly streams: Map<string, Mutable<RemoteStream>> };

export class Roster {
  readonly #events: RosterEvents;
  readonly #all = new Map<string, Stored>();
  #local: Stored | undefined;

  constructor(events: RosterEvents) {
    this.#events = events;
  }

  /** Everybody, the local participant too. */
  get participants(): ReadonlyMap<string, Participant> {
    return this.#all;
  }

  get local(): Participant | undefined {
    return this.#local;
  }

  stream(id: string): RemoteStream | undefined {
    for (const p of this.#all.values()) {
      const s = p.streams.get(id);
      if (s) return s;
    }
    return undefined;
  }

  /** Takes the answer to a join. Returns whether it says who the client is. */
  joined(result: Fields): boolean {
    const self = read(result, true);
    if (!self) return false;
    this.clear();
    this.#all.set(self.id, self);
    this.#local = self;
    for (const one of Array.isArray(result.value) ? result.value : []) this.#add(fields(one));
    return true;
  }

  clear(): void {
    this.#all.clear();
    this.#local = undefined;
  }

  /** Takes a notification. Returns whether it was about participants or streams of others. */
  take(method: string, params: Fields): boolean {
    const about = this.#all.get(String(params.connectionId ?? ""));
    const reason = String(params.reason ?? "");
    switch (method) {
      case "participantJoined":
      case "participantPublished":
        this.#add(params);
        return true;
      case "participantLeft":
        if (about && !about.local) this.#remove(about, reason);
        return true;
      case "participantUnpublished":
        if (about?.local) return false;
        for (const s of [...(about?.streams.values() ?? [])]) {
          if (typeof params.streamId !== "string" || params.streamId === s.id) this.#removeStream(s, reason); // without one, all
        }
        return true;
      case "participantTypeChanged":
        if (about && typeof params.type === "string") {
          about.type = params.type;
          this.#events.participantChanged(about);
        }
        return true;
      case "streamPropertyChanged":
        this.#property(params);
        return true;
    }
    return false;
  }

  #add(params: Fields): void {
    const made = read(params, false);
    if (!made || made.id === this.#local?.id) return;
    let p = this.#all.get(made.id);
    if (!p) {
      this.#all.set(made.id, (p = made));
      this.#events.participantJoined(p);
    }
    for (const info of (Array.isArray(params.streams) ? params.streams : []).map(readStream)) {
      if (!info || p.streams.has(info.id)) continue;
      const s = { id: info.id, participant: p, info };
      p.streams.set(s.id, s);
      this.#events.streamAdded(s);
    }
  }

  #remove(p: Stored, reason: string): void {
    for (const s of [...p.streams.values()]) this.#removeStream(s, reason);
    this.#all.delete(p.id);
    this.#events.participantLeft(p, reason);
  }

  #removeStream(s: RemoteStream, reason: string): void {
    this.#all.get(s.participant.id)?.streams.delete(s.id);
    this.#events.streamRemoved(s, reason);
  }

  #property(params: Fields): void {
    const s = this.stream(String(params.streamId ?? "")) as Mutable<RemoteStream> | undefined;
    const size = params.property === "videoDimensions" ? readDimensions(params.newValue) : undefined;
    if (s && size && (size.width !== s.info.dimensions?.width || size.height !== s.info.dimensions.height)) {
      const was = s.info.dimensions;
      s.info = { ...s.info, dimensions: size };
      this.#events.streamResized(s, was);
      return;
    }
    const kind = params.property === "audioActive" ? "audio" : params.property === "videoActive" ? "video" : undefined;
    const active = readFlag(params.newValue);
    if (!s || !kind || active === undefined || !s.info.has[kind] || s.info.active[kind] === active) return;
    s.info = { ...s.info, active: { ...s.info.active, [kind]: active } };
    this.#events.streamChanged(s, kind, active);
  }
}

function read(x: Fields, local: boolean): Stored | undefined {
  if (typeof x.id !== "string" || x.id === "") return undefined;
  const text = (v: unknown) => (typeof v === "string" ? v : "");
  return {
    id: x.id, local, name: text(x.participantName), type: text(x.type), metadata: text(x.metadata), capabilities: fields(x.capabilities),
    createdAt: typeof x.createdAt === "number" ? x.createdAt : 0, streams: new Map(),
  };
}
