// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import { selectConnectionQualityByPeerID } from "@100mslive/hms-video-store";
import type { Call } from "../call";
import { useById, useCall } from "./hooks";

const words = ["lost", "very poor", "poor", "fair", "good", "excellent"];

/** "Connection good"; the scale is the SDK's, 0 to 5, and -1 while nothing is known. */
export function qualityWord(score: number | undefined): string {
  return score === undefined || score < 0 ? "not measured yet" : (words[Math.min(5, Math.round(score))] ?? "");
}

const known = new WeakMap<Call, Map<string, number>>();

/**
 * The quality of a peer's connection. The SDK sets it back to "unknown" whenever
 * it reads the list of peers again, so the last measured value is kept.
 */
export function useQuality(peerId: string | undefined): number | undefined {
  const call = useCall();
  const now = useById(selectConnectionQualityByPeerID, peerId)?.downlinkQuality;
  let scores = known.get(call);
  if (!scores) known.set(call, (scores = new Map()));
  if (now !== undefined && now >= 0) scores.set(peerId ?? "", now);
  return scores.get(peerId ?? "");
}

/** Four bars. Colour is never the only sign: the bars count, and the label says it. */
export function Quality({ peerId }: { peerId: string | undefined }) {
  const score = useQuality(peerId);
  const measured = score !== undefined;
  const bars = measured ? Math.max(0, Math.min(4, Math.round(score) - 1)) : 0;
  const label = `Connection: ${qualityWord(score)}`;
  return (
    <span class="quality" role="img" aria-label={label} title={label} data-testid="quality" data-score={score ?? ""} data-level={measured ? (score >= 4 ? "good" : score >= 3 ? "fair" : "bad") : "unknown"}>
      <svg width="16" height="14" viewBox="0 0 16 14" aria-hidden="true">
        {[0, 1, 2, 3].map((i) => (
          <rect key={i} class={i < bars ? "on" : ""} x={i * 4} y={9 - i * 3} width="3" height={5 + i * 3} rx="1" />
        ))}
      </svg>
    </span>
  );
}
