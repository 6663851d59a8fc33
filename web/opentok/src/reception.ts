// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* What is received of one stream, for as many subscribers as there are to it. */
import { CallError, FaultId, type RemoteStream, type Session as Room, type Subscription } from "../../core/src";
import { withOpus } from "./sdp";

/** What a subscriber wants of a stream. */
export interface Wants {
  audio: boolean;
  video: boolean;
  layer?: "high" | "medium" | "low";
}

/** How long a connection may take to carry media, in ms. */
const patience = 20_000;

/** How long the server says that nothing comes through until that is taken to be so of a connection, in ms: it may speak of an earlier one. */
const doubt = 2_000;

/**
 * Settles when a media connection carries media. Fails with ice.failed, and with
 * ice.slow after a time or once the server says that nothing comes through, which
 * browsers find out minutes later.
 */
export function carries(room: Pick<Room, "mediaBlocked">, pcNow: () => RTCPeerConnection | undefined, operation: "publish" | "subscribe", most = patience): Promise<void> {
  return new Promise((resolve, reject) => {
    let pc: RTCPeerConnection | undefined;
    // A connection that is closed here tells nobody, nor does one that takes its place.
    const looking = setInterval(() => look(), 250);
    const settle = (done: () => void) => {
      clearTimeout(timer);
      clearInterval(looking);
      pc?.removeEventListener("connectionstatechange", look);
      done();
    };
    let blocked: number | undefined; // since when
    const look = () => {
      if (pc !== pcNow()) {
        pc?.removeEventListener("connectionstatechange", look);
        pc = pcNow();
        pc?.addEventListener("connectionstatechange", look);
      }
      blocked = room.mediaBlocked ? (blocked ?? Date.now()) : undefined;
      if (pc?.connectionState === "connected") settle(resolve);
      else if (!pc || pc.connectionState === "failed" || pc.connectionState === "closed") settle(() => reject(new CallError(FaultId.IceFailed, operation)));
      else if (blocked !== undefined && Date.now() - blocked >= doubt) settle(() => reject(new CallError(FaultId.IceSlow, operation)));
    };
    const timer = setTimeout(() => settle(() => reject(new CallError(FaultId.IceSlow, operation, { details: { seconds: most / 1000 } }))), most);
    look();
  });
}

export class Reception {
  readonly ready: Promise<void>;
  readonly #room: Room;
  readonly #subscription: Subscription;
  readonly #wants = new Map<object, Wants>();
  #told: Wants = { audio: true, video: true };
  #arrived = { bytes: 0, at: 0 }; // and when they had become so many

  constructor(room: Room, stream: RemoteStream) {
    this.#room = room;
    // Stereo is taken from everybody: who sends mono sends mono all the same.
    this.#subscription = room.subscribe(stream, { tune: (sdp, side) => (side === "local" ? withOpus(sdp, { stereo: true }) : sdp) });
    this.ready = this.#subscription.ready.then(() => carries(room, () => this.pc, "subscribe"));
    this.ready.catch(() => {});
  }

  get media(): MediaStream {
    return this.#subscription.media;
  }

  get pc(): RTCPeerConnection | undefined {
    return this.#subscription.pc;
  }

  /** Whether media can arrive. What the server says is of all connections of this client, so it is looked after. */
  async arrives(): Promise<boolean> {
    const { pc } = this;
    if (pc?.connectionState !== "connected") return false;
    if (!this.#room.mediaBlocked) return true;
    let bytes = 0;
    (await pc.getStats()).forEach((s) => { if (s.type === "inbound-rtp") bytes += s.bytesReceived ?? 0; });
    if (bytes > 0 && bytes !== this.#arrived.bytes) this.#arrived = { bytes, at: Date.now() };
    return Date.now() - this.#arrived.at < doubt;
  }

  /** Takes what a subscriber wants. What none of them wants is not sent. */
  async want(who: object, wants: Wants): Promise<void> {
    this.#wants.set(who, wants);
    await this.ready;
    const all = [...this.#wants.values()];
    const order = ["high", "medium", "low"] as const;
    const layers = all.map((w) => w.layer ?? "high");
    const now: Wants = { audio: all.some((w) => w.audio), video: all.some((w) => w.video), layer: order.find((l) => layers.includes(l)) };
    const { audio, video, layer = "high" } = this.#told;
    if (now.audio === audio && now.video === video && now.layer === layer) return;
    this.#told = now;
    await this.#room.request("updateSubscription", { streamId: this.#subscription.stream.id, ...now }, "subscribe");
  }

  /** A subscriber is gone. Returns whether it was the last one. */
  release(who: object): boolean {
    this.#wants.delete(who);
    if (this.#wants.size > 0) return false;
    this.#subscription.unsubscribe().catch(() => {}); // a stream that has ended cannot be given up
    return true;
  }
}
