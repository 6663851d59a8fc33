// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* One RTCPeerConnection: a stream in one direction. */
import { explain, FaultId, type Operation } from "../../faults";
import { CallError, failureOf } from "./failure";
import { patience } from "./patience";
import { witness } from "./witness";

/** How long a connection may be disconnected before it is made anew, in ms; most come back by themselves. */
const grace = 4_000;

export interface MediaEvents {
  candidate(candidate: RTCIceCandidateInit): void;
  track?(event: RTCTrackEvent): void;
  /** Nothing comes through any more; once. */
  broken(failure: CallError): void;
  /** Edits a session description (RFC 8866) before it is applied or sent. */
  tune?(sdp: string, side: "local" | "remote"): string;
}

export class MediaConnection {
  readonly pc: RTCPeerConnection;
  readonly #events: MediaEvents;
  readonly #early: RTCIceCandidateInit[] = []; // candidates of the server that came before its description
  #mended = () => {}; // what is disconnected is waited for no longer
  #over = false;
  #closed!: () => void;
  readonly #closing = new Promise<void>((resolve) => { this.#closed = resolve; });

  /** Fails with ice.server_invalid, browser.webrtc_missing and peerconnection.create. */
  constructor(configuration: RTCConfiguration, operation: Operation, events: MediaEvents) {
    this.#events = events;
    this.pc = peerConnection(configuration, operation);
    this.pc.onicecandidate = (e) => { if (e.candidate?.candidate) events.candidate(e.candidate.toJSON()); };
    this.pc.ontrack = (e) => events.track?.(e);
    this.pc.onconnectionstatechange = () => this.#changed(operation);
  }

  /**
   * Offers, and takes the server's answer to it. The offer is sent before it is
   * applied, so that no candidate is ahead of it. Fails with the sdp faults and
   * with what `ask` fails with.
   */
  async offer(operation: Operation, ask: (sdp: string) => Promise<string>): Promise<void> {
    const offer = this.#tuned(await this.#step(FaultId.SdpCreateOffer, operation, () => this.pc.createOffer()));
    const [answer] = await Promise.all([
      ask(offer.sdp ?? ""),
      this.#step(FaultId.SdpSetLocal, operation, () => this.pc.setLocalDescription(offer)),
    ]);
    await this.#remote({ type: "answer", sdp: answer }, operation);
  }

  /** Takes an offer of the server and answers it. */
  async answer(sdp: string, operation: Operation, tell: (sdp: string) => Promise<unknown>): Promise<void> {
    await this.#remote({ type: "offer", sdp }, operation);
    const answer = this.#tuned(await this.#step(FaultId.SdpCreateAnswer, operation, () => this.pc.createAnswer()));
    await Promise.all([
      tell(answer.sdp ?? ""),
      this.#step(FaultId.SdpSetLocal, operation, () => this.pc.setLocalDescription(answer)),
    ]);
  }

  /** Takes a candidate of the server. One that cannot be read is passed over: the others carry the call. */
  addCandidate(candidate: RTCIceCandidateInit): void {
    if (this.#over) return;
    if (!this.pc.remoteDescription) {
      if (this.#early.length < 256) this.#early.push(candidate);
      return;
    }
    this.pc.addIceCandidate(candidate).catch(() => {});
  }

  /** Whether media can come through now. */
  get connected(): boolean {
    return this.pc.connectionState === "connected";
  }

  close(): void {
    this.#over = true;
    this.#mended();
    this.pc.onicecandidate = this.pc.ontrack = this.pc.onconnectionstatechange = null;
    this.pc.close();
    this.#closed();
  }

  async #remote(description: RTCSessionDescriptionInit, operation: Operation): Promise<void> {
    const { tune } = this.#events;
    const tuned = tune ? { ...description, sdp: tune(description.sdp ?? "", "remote") } : description;
    await this.#step(FaultId.SdpSetRemote, operation, () => this.pc.setRemoteDescription(tuned));
    for (const candidate of this.#early.splice(0)) this.addCandidate(candidate);
  }

  #tuned({ type, sdp = "" }: RTCSessionDescriptionInit): RTCSessionDescriptionInit {
    return { type, sdp: this.#events.tune?.(sdp, "local") ?? sdp };
  }

  /** Runs a step of the negotiation. One whose connection is closed meanwhile was cancelled: browsers never settle it (W3C WebRTC, section 4.4.1.5). */
  async #step<T>(fault: FaultId, operation: Operation, run: () => Promise<T>): Promise<T> {
    try {
      const v = await Promise.race([run(), this.#closing]) as T;
      if (!this.#over) return v;
    } catch (thrown) {
      if (!this.#over) throw failureOf(thrown, fault, operation);
    }
    throw new CallError(FaultId.RequestCancelled, operation);
  }

  #changed(operation: Operation): void {
    this.#mended();
    switch (this.pc.connectionState) {
      case "failed":
        this.#broken(new CallError(FaultId.IceFailed, operation));
        break;
      case "disconnected":
        this.#mended = patience(grace, () => this.#broken(new CallError(FaultId.IceDisconnected, operation)));
    }
  }

  #broken(failure: CallError): void {
    if (this.#over) return;
    this.#over = true; // whatever else it says is not news
    this.#events.broken(failure);
  }
}

function peerConnection(configuration: RTCConfiguration, operation: Operation): RTCPeerConnection {
  if (typeof RTCPeerConnection === "undefined") throw new CallError(FaultId.BrowserWebrtcMissing, operation);
  try {
    const pc = new RTCPeerConnection({ ...configuration, bundlePolicy: "max-bundle" });
    witness()?.watch(pc);
    return pc;
  } catch (cause) {
    const fault = explain(cause, { dialect: "web", method: "RTCPeerConnection" })?.fault.id === FaultId.IceServerInvalid ? FaultId.IceServerInvalid : FaultId.PeerconnectionCreate;
    throw new CallError(fault, operation, { cause });
  }
}

/**
 * Checks addresses of STUN and TURN servers (RFC 7064 and 7065) as the browser
 * would, before anything is opened. Fails with ice.server_invalid, which names the
 * address.
 */
export function checkIceServers(servers: readonly RTCIceServer[], operation: Operation = "connect"): void {
  for (const server of servers) {
    for (const url of Array.isArray(server.urls) ? server.urls : [server.urls]) {
      const [, scheme, host, port] = /^(stuns?|turns?):(?:\/\/)?(\[[0-9a-fA-F:.]+\]|[^:/?#\s@]+)(?::(\d{1,5}))?(?:\?transport=(?:udp|tcp))?$/.exec(String(url)) ?? [];
      const problem = !scheme || !host ? "not stun:HOST:PORT or turn:HOST:PORT"
        : port !== undefined && (Number(port) === 0 || Number(port) > 65535) ? "the port is not one"
        : scheme.startsWith("turn") && (!server.username || !server.credential) ? "a TURN server without user name and credential"
        : undefined;
      if (problem) throw new CallError(FaultId.IceServerInvalid, operation, { details: { url: String(url).slice(0, 200), problem } });
    }
  }
}
