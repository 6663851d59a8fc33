// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* What a stream's connection carries, in the terms of W3C WebRTC Statistics. */
import type { Kind } from "./streams";

export interface TrackStats {
  kind: Kind;
  direction: "sent" | "received";
  codec?: string; // MIME type
  bytes: number;
  packets: number;
  lost: number; // packets; of what is sent, as the server reports it
  jitter?: number; // seconds
  roundTrip?: number; // seconds
  frames?: number; // encoded or decoded
  width?: number;
  height?: number;
}

export interface StreamStats {
  stream: string;
  participant: string;
  tracks: TrackStats[];
}

type Report = ReadonlyMap<string, Record<string, unknown>>;

const number = (x: unknown) => (typeof x === "number" ? x : undefined);

/** One row for each track that is sent or received; layers of one are counted together. */
export function trackStats(report: Report): TrackStats[] {
  const rows = new Map<string, TrackStats>();
  const remote = new Map<unknown, Record<string, unknown>>(); // what the server reports, by the id of ours
  for (const s of report.values()) if (s.type === "remote-inbound-rtp") remote.set(s.localId, s);
  for (const s of report.values()) {
    const sent = s.type === "outbound-rtp";
    if (!sent && s.type !== "inbound-rtp") continue;
    const kind = s.kind === "video" ? "video" : "audio";
    const key = `${String(s.type)} ${String(s.mid ?? "")} ${kind}`;
    const row = rows.get(key) ?? { kind, direction: sent ? "sent" : "received", bytes: 0, packets: 0, lost: 0 };
    rows.set(key, row);
    const theirs = sent ? (remote.get(s.id) ?? {}) : {};
    row.codec ??= report.get(String(s.codecId))?.mimeType as string | undefined;
    row.bytes += number(sent ? s.bytesSent : s.bytesReceived) ?? 0;
    row.packets += number(sent ? s.packetsSent : s.packetsReceived) ?? 0;
    row.lost += number(sent ? theirs.packetsLost : s.packetsLost) ?? 0;
    row.jitter = number(sent ? theirs.jitter : s.jitter) ?? row.jitter;
    row.roundTrip = number(theirs.roundTripTime) ?? row.roundTrip;
    if (kind === "video") {
      row.frames = (row.frames ?? 0) + (number(sent ? s.framesEncoded : s.framesDecoded) ?? 0);
      if ((number(s.frameWidth) ?? 0) > (row.width ?? 0)) {
        row.width = number(s.frameWidth);
        row.height = number(s.frameHeight);
      }
    }
  }
  return [...rows.values()];
}
