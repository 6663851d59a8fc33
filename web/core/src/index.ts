// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/**
 * A participant in a session of Redial, in a browser: joins, publishes, receives,
 * survives lost sockets and lost media, and fails in faults of the catalogue.
 *
 *   const session = new Session({ url: "wss://example.org/sceenic" });
 *   session.on("streamAdded", (stream) => show(session.subscribe(stream).media));
 *   await session.join({ token, name: "Ann" });
 *   await session.publish(capture({ audio: true, video: true })).ready;
 */
export { explain, fault, FaultId, faults, userMessage } from "../../faults";
export type { Explanation, Fault, Operation } from "../../faults";
export { capture, captureScreen, devices, release, type CaptureOptions, type Device, type Wanted } from "./devices";
export { CallError, type Details, type Wording } from "./failure";
export { checkIceServers } from "./media";
export { Publication, type PublishOptions } from "./publication";
export type { Participant, RemoteStream } from "./roster";
export type { Fields } from "./rpc";
export { Session, type JoinOptions, type Message, type SessionOptions } from "./session";
export { SpeakingGate, type GateOptions } from "./speaking";
export type { StreamStats, TrackStats } from "./stats";
export type { Dimensions, Kind, Source, StreamInfo } from "./streams";
export { Subscription, type SubscribeOptions } from "./subscription";
