// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * Whether the media connections of the page are up. The SDK calls itself connected
 * once it has signalled; that is not yet a call.
 */
import { Cell } from "./emitter";

/** As much of an RTCPeerConnection as matters here. */
export interface Connection extends EventTarget {
  readonly connectionState: RTCPeerConnectionState;
  readonly signalingState: RTCSignalingState;
  readonly remoteDescription: unknown;
}

export class Paths {
  /** Every connection that has been negotiated is up; also while there is none. */
  readonly up = new Cell(true);
  private list: Connection[] = [];

  watch(pc: Connection): void {
    this.list.push(pc);
    for (const event of ["connectionstatechange", "signalingstatechange"]) pc.addEventListener(event, () => this.look());
    this.look();
  }

  /** A connection that is closed tells nobody. */
  look(): void {
    this.list = this.list.filter((pc) => pc.signalingState !== "closed");
    this.up.set(this.list.every((pc) => !pc.remoteDescription || pc.connectionState === "connected"));
  }
}
