// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Statistics in the shapes of the API, from those of the browser (W3C WebRTC Statistics). */
import type {
  NetworkCondition, NetworkConditionReason, PublisherStats, PublisherVideoStats, QualityScore, SubscriberStats, SubscriberVideoStats, TransportStats,
  VideoLayerStats, VideoQualityReason,
} from "./types";

type Row = Readonly<Record<string, any>>;
export type Report = ReadonlyMap<string, Row>;

const rows = (report: Report, type: string, kind?: string) => [...report.values()].filter((s) => s.type === type && (kind === undefined || s.kind === kind));
const sum = (list: readonly Row[], key: string) => list.reduce((n, s) => n + (typeof s[key] === "number" ? s[key] : 0), 0);
const codecOf = (report: Report, s: Row) => String(report.get(String(s.codecId))?.mimeType ?? "").replace(/^\w+\//, "").toUpperCase();

/** Bits a second between two readings of bytes. */
function rate(now: Row, before: Row | undefined, key: string): number {
  const seconds = before ? (now.timestamp - before.timestamp) / 1000 : 0;
  return seconds > 0 ? Math.max(0, Math.round((8 * ((now[key] ?? 0) - (before![key] ?? 0))) / seconds)) : 0;
}

/** How good a network is, by the share of packets that are lost and the round trip in seconds. */
export function condition(loss: number | undefined, roundTrip: number | undefined): { condition: NetworkCondition; reason: NetworkConditionReason } {
  if (loss === undefined) return { condition: "unknown", reason: "unknown" };
  const steps: [NetworkCondition, number, number][] = [["excellent", 0.01, 0.15], ["good", 0.03, 0.3], ["fair", 0.06, 0.5], ["warning", 0.12, 1]];
  const level = (value: number, at: 1 | 2) => { const found = steps.findIndex((s) => value <= s[at]); return found < 0 ? steps.length : found; };
  const [lost, slow] = [level(loss, 1), level(roundTrip ?? 0, 2)];
  const worst = Math.max(lost, slow);
  return { condition: steps[worst]?.[0] ?? "critical", reason: worst === 0 ? "none" : lost >= slow ? "packetLoss" : "bandwidth" };
}

/** The share of packets lost between two readings; undefined while nothing came. */
function lossBetween(now: readonly Row[], before: readonly Row[], key: "packetsReceived" | "packetsSent"): number | undefined {
  const packets = sum(now, key) - sum(before, key);
  const lost = Math.max(0, sum(now, "packetsLost") - sum(before, "packetsLost"));
  const all = key === "packetsReceived" ? packets + lost : packets;
  return all > 0 ? Math.min(1, lost / all) : undefined;
}

function roundTripOf(report: Report): number | undefined {
  return pair(report)?.currentRoundTripTime;
}

function pair(report: Report): Row | undefined {
  const transport = rows(report, "transport")[0];
  return report.get(String(transport?.selectedCandidatePairId)) ?? rows(report, "candidate-pair").find((p) => p.nominated || p.selected);
}

/** What a subscriber receives; `before` is an earlier reading, for what is counted a second. */
export function subscriberStats(report: Report, before?: Report): SubscriberStats {
  const [audio, video] = [rows(report, "inbound-rtp", "audio")[0], rows(report, "inbound-rtp", "video")[0]];
  const all = rows(report, "inbound-rtp");
  const { condition: networkCondition, reason: networkConditionReason } = condition(lossBetween(all, before ? rows(before, "inbound-rtp") : [], "packetsReceived"), roundTripOf(report));
  const transport: TransportStats = { connectionEstimatedBandwidth: Math.round(pair(report)?.availableIncomingBitrate ?? 0), networkCondition, networkConditionReason };
  const incoming = (s: Row) => ({ bytesReceived: s.bytesReceived ?? 0, packetsLost: s.packetsLost ?? 0, packetsReceived: s.packetsReceived ?? 0 });
  return {
    ...(audio ? { audio: incoming(audio) } : {}),
    ...(video ? { video: {
      ...incoming(video), codec: codecOf(report, video), width: video.frameWidth ?? 0, height: video.frameHeight ?? 0,
      bitrate: rate(video, before?.get(video.id), "bytesReceived"), totalBitrate: rate(video, before?.get(video.id), "bytesReceived") + (audio ? rate(audio, before?.get(audio.id), "bytesReceived") : 0),
      frameRate: video.framesPerSecond ?? 0, decodedFrameRate: video.framesPerSecond ?? 0,
      pauseCount: video.pauseCount, totalPausesDuration: video.totalPausesDuration, freezeCount: video.freezeCount, totalFreezesDuration: video.totalFreezesDuration,
    } satisfies SubscriberVideoStats } : {}),
    mediaLink: { transport, remotePublisherTransport: { connectionEstimatedBandwidth: 0, networkCondition: "unknown", networkConditionReason: "unknown" }, networkDegradationSource: networkCondition === "critical" || networkCondition === "warning" ? "bothOrUnclear" : "none" },
    timestamp: Date.now(),
  } as SubscriberStats;
}

/** What a publisher sends. */
export function publisherStats(report: Report, before?: Report): PublisherStats {
  const [audio, video] = [rows(report, "outbound-rtp", "audio"), rows(report, "outbound-rtp", "video")];
  const remote = (kind?: string) => rows(report, "remote-inbound-rtp", kind);
  const outgoing = (sent: readonly Row[], kind: string) => ({ bytesSent: sum(sent, "bytesSent"), packetsLost: Math.max(0, sum(remote(kind), "packetsLost")), packetsSent: sum(sent, "packetsSent") });
  const sentNow = [...audio, ...video, ...remote()], sentBefore = before ? [...rows(before, "outbound-rtp"), ...rows(before, "remote-inbound-rtp")] : [];
  const slowest = Math.max(0, ...remote().map((s) => s.roundTripTime ?? 0)) || roundTripOf(report);
  const { condition: networkCondition, reason: networkConditionReason } = condition(lossBetween(sentNow, sentBefore, "packetsSent"), slowest);
  const transport: TransportStats = { connectionEstimatedBandwidth: Math.round(pair(report)?.availableOutgoingBitrate ?? 0), networkCondition, networkConditionReason };
  return {
    ...(audio.length > 0 ? { audio: outgoing(audio, "audio") } : {}),
    ...(video.length > 0 ? { video: {
      ...outgoing(video, "video"), frameRate: Math.max(...video.map((s) => s.framesPerSecond ?? 0)),
      layers: video.map((s): VideoLayerStats => ({
        codec: codecOf(report, s), width: s.frameWidth ?? 0, height: s.frameHeight ?? 0, encodedFrameRate: s.framesPerSecond ?? 0,
        bitrate: rate(s, before?.get(s.id), "bytesSent"), totalBitrate: rate(s, before?.get(s.id), "bytesSent"),
        ...(s.scalabilityMode ? { scalabilityMode: s.scalabilityMode } : {}), qualityLimitationReason: (s.qualityLimitationReason ?? "none") as VideoQualityReason,
      })),
    } satisfies PublisherVideoStats } : {}),
    mediaLink: { transport }, transportStats: transport, timestamp: Date.now(),
  } as PublisherStats;
}

/** From 1 to 5, by what is lost and late (as in the E-model of ITU-T G.107, simplified), and for video by what stands still. */
export function qualityScore(stats: SubscriberStats, before: SubscriberStats | undefined): QualityScore {
  const share = (now: { packetsLost: number; packetsReceived: number }, was: { packetsLost: number; packetsReceived: number } | undefined) => {
    const lost = now.packetsLost - (was?.packetsLost ?? 0), got = now.packetsReceived - (was?.packetsReceived ?? 0);
    return lost + got > 0 ? Math.max(0, lost / (lost + got)) : 1;
  };
  const score = (bad: number) => Math.round(10 * Math.max(1, 5 - 4 * Math.min(1, bad))) / 10;
  const out: QualityScore = {};
  if (stats.audio) out.audioQualityScore = score(4 * share(stats.audio, before?.audio));
  if (stats.video) {
    const frozen = (stats.video.totalFreezesDuration ?? 0) - (before?.video?.totalFreezesDuration ?? 0);
    out.videoQualityScore = score(4 * share(stats.video, before?.video) + frozen / 2);
  }
  return out;
}

/** Why a video looks different from before; undefined when it does not. */
export function videoChange(now: SubscriberVideoStats | undefined, before: SubscriberVideoStats | undefined): VideoQualityReason | undefined {
  if (!now || !before) return undefined;
  if (before.codec && now.codec !== before.codec) return "codecChange";
  if (before.width > 0 && now.width > 0 && (now.width !== before.width || now.height !== before.height)) return "resolutionChange";
  if (before.frameRate > 0 && now.frameRate === 0 && now.packetsReceived === before.packetsReceived) return "videoInterruption";
  return undefined;
}

/** What limits what is sent, when that is something else than before. */
export function limitChange(now: PublisherVideoStats | undefined, before: PublisherVideoStats | undefined): VideoQualityReason | undefined {
  const worst = (v: PublisherVideoStats | undefined) => v?.layers?.map((l) => l.qualityLimitationReason).find((r) => r && r !== "none") ?? "none";
  if (!now || !before) return undefined;
  if (worst(now) !== worst(before)) return worst(now);
  const [layer, was] = [now.layers?.[0], before.layers?.[0]];
  if (layer && was && was.width > 0 && layer.width > 0 && layer.width !== was.width) return "resolutionChange";
  return layer && was && was.codec && layer.codec !== was.codec ? "codecChange" : undefined;
}
