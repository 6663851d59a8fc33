// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* A stream of somebody else, as it arrives. */
import { FaultId, type Operation } from "../../faults";
import type { Connection } from "./connection";
import { CallError, failureOf } from "./failure";
import { MediaConnection } from "./media";
import type { RemoteStream } from "./roster";
import { fields } from "./rpc";
import { Upkeep } from "./upkeep";

/** What a subscription needs of its session. */
export interface SubscriptionHost {
  readonly connection: Connection;
  configuration(): RTCConfiguration; // of a connection that is made now
  readonly endpoint: string; // under which the server knows its candidates
  failed(failure: CallError): void;
  ended(subscription: Subscription): void;
}

export interface SubscribeOptions {
  /** Edits session descriptions, such as parameters of a codec (RFC 8866). */
  tune?(sdp: string, side: "local" | "remote"): string;
}

export class Subscription {
  readonly stream: RemoteStream;
  /** What arrives: the same object also when its connection is made anew, so that elements that play it go on. */
  readonly media = new MediaStream();
  /** Settles once the connection is negotiated, or cannot be. */
  readonly ready: Promise<void>;
  readonly #host: SubscriptionHost;
  readonly #options: SubscribeOptions;
  readonly #upkeep: Upkeep;
  #connection: MediaConnection | undefined;
  #over = false;

  constructor(host: SubscriptionHost, stream: RemoteStream, options: SubscribeOptions = {}) {
    this.#host = host;
    this.#options = options;
    this.stream = stream;
    this.#upkeep = new Upkeep({
      run: async () => this.#negotiate(await this.#ask(true), "reconnect"),
      failed: (failure) => host.failed(failure),
    });
    this.ready = this.#start();
  }

  get pc(): RTCPeerConnection | undefined {
    return this.#connection?.pc;
  }

  /** Stops receiving the stream. */
  async unsubscribe(): Promise<void> {
    if (this.#over) return;
    this.close();
    await this.#host.connection.request("unsubscribeFromVideo", { sender: this.endpoint }, "subscribe");
  }

  /** The session has a socket again. */
  restored(): void {
    this.#upkeep.restored();
  }

  get endpoint(): string {
    return this.#host.endpoint;
  }

  takeCandidate(candidate: RTCIceCandidateInit): void {
    this.#connection?.addCandidate(candidate);
  }

  /** Takes an offer that the server makes by itself, to have the connection made anew. */
  takeOffer(sdp: string): void {
    this.#negotiate(sdp, "reconnect").catch((thrown) => {
      if (!this.#over) this.#host.failed(failureOf(thrown, FaultId.MediaRenegotiation, "reconnect"));
    });
  }

  /** Ends the connection without telling anybody. */
  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#upkeep.stop();
    this.#connection?.close();
    for (const track of this.media.getTracks()) this.media.removeTrack(track);
    this.#host.ended(this);
  }

  async #start(): Promise<void> {
    try {
      await this.#negotiate(await this.#ask(false), "subscribe");
    } catch (thrown) {
      const over = this.#over;
      this.close();
      if (!over) this.#host.connection.request("unsubscribeFromVideo", { sender: this.endpoint }, "subscribe").catch(() => {});
      throw over ? new CallError(FaultId.SubscribePeerLeft, "subscribe", { cause: thrown }) : failureOf(thrown, FaultId.SubscriberInternal, "subscribe");
    }
  }

  async #ask(reconnect: boolean): Promise<string> {
    const operation = reconnect ? "reconnect" : "subscribe";
    const { sdpOffer } = fields(await this.#host.connection.request("prepareReceiveVideoFrom", { sender: this.stream.id, reconnect }, operation));
    if (typeof sdpOffer !== "string") throw new CallError(FaultId.ResponseUnexpected, operation, { details: { field: "sdpOffer" } });
    return sdpOffer;
  }

  /** Answers an offer on a connection of its own. */
  async #negotiate(offer: string, operation: Operation): Promise<void> {
    if (this.#over) throw new CallError(FaultId.RequestCancelled, operation);
    this.#connection?.close();
    const { connection } = this.#host;
    const made = new MediaConnection(this.#host.configuration(), operation, {
      tune: this.#options.tune,
      candidate: (c) => {
        connection.request("onIceCandidate", { endpointName: this.endpoint, ...c }, operation).catch(() => {});
      },
      track: (e) => this.#take(e.track),
      broken: () => this.#upkeep.broken(),
    });
    this.#connection = made;
    await made.answer(offer, operation, (sdp) => operation === "subscribe"
      ? connection.request("receiveVideoFrom", { sender: this.stream.id, sdpAnswer: sdp }, operation)
      : connection.request("reconnectStream", { stream: this.stream.id, sdpString: sdp }, operation));
  }

  #take(track: MediaStreamTrack): void {
    for (const old of this.media.getTracks()) if (old.kind === track.kind) this.media.removeTrack(old);
    this.media.addTrack(track);
  }
}
