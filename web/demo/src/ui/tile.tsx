// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import {
  selectHMSStats,
  selectIsPeerAudioEnabled,
  selectLocalPeerID,
  selectPeerAudioByID,
  selectPeerByID,
  selectVideoTrackByID,
  type HMSStatsStore,
} from "@100mslive/hms-video-store";
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { selectById, useById, useCall, useStore } from "./hooks";
import { Icon } from "./icons";
import { Quality, qualityWord, useQuality } from "./quality";

export interface TileSource {
  key: string;
  peerId: string;
  trackId: string | undefined; // the video; undefined while there is none
  kind: "camera" | "screen";
}

type Picture = "live" | "waiting" | "paused" | "off";

const pictureWords: Record<Picture, string> = {
  live: "video on",
  waiting: "video on its way",
  paused: "video paused",
  off: "video off",
};

/** One picture with its name and state. */
export function Tile({ source, numbers }: { source: TileSource; numbers: boolean }) {
  const call = useCall();
  const frame = useRef<HTMLElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const peer = useById(selectPeerByID, source.peerId);
  const track = useById(selectVideoTrackByID, source.trackId);
  const audioOn = useById(selectIsPeerAudioEnabled, source.peerId);
  const score = useQuality(source.peerId);
  const isLocal = useStore(selectLocalPeerID) === source.peerId;
  const [hasFrames, setHasFrames] = useState(false);
  const shown = track?.enabled === true;

  // The SDK subscribes to a video when it is attached and visible, and stops
  // receiving it when it is detached.
  useEffect(() => {
    const element = video.current;
    if (!element || !source.trackId || !shown) return;
    setHasFrames(false);
    const trackId = source.trackId;
    void call.run(() => call.actions.attachVideo(trackId, element));
    return () => void call.actions.detachVideo(trackId, element).catch(() => undefined);
  }, [call, source.trackId, shown]);

  useEffect(() => {
    if (source.kind === "screen") return;
    // Levels change several times a second; they go to the style, not through a render.
    return call.store.subscribe((level: number) => {
      frame.current?.style.setProperty("--level", String(Math.min(1, (level || 0) / 60)));
      frame.current?.toggleAttribute("data-speaking", (level || 0) > 8);
    }, selectById(selectPeerAudioByID, source.peerId));
  }, [call, source.peerId, source.kind]);

  if (!peer) return null;
  const picture: Picture = !shown ? "off" : track.degraded ? "paused" : hasFrames ? "live" : "waiting";
  const name = peer.name || "Guest";
  const title = source.kind === "screen" ? (isLocal ? "Your screen" : `${name}'s screen`) : isLocal ? `${name} (you)` : name;

  return (
    <article
      class="tile"
      ref={frame}
      aria-label={`${title}, ${pictureWords[picture]}${source.kind === "camera" ? `, microphone ${audioOn ? "on" : "off"}, connection ${qualityWord(score)}` : ""}`}
      data-testid="tile"
      data-peer-id={source.peerId}
      data-peer-name={name}
      data-kind={source.kind}
      data-local={isLocal}
      data-video={picture}
      data-audio={audioOn ? "on" : "off"}
    >
      {picture !== "live" && source.kind === "camera" && <Avatar name={name} id={source.peerId} />}
      <video
        ref={video}
        data-testid="tile-video"
        autoplay
        playsInline
        muted
        tabIndex={-1}
        hidden={!shown}
        class={isLocal && source.kind === "camera" && track?.facingMode !== "environment" ? "mirrored" : ""}
        onPlaying={() => setHasFrames(true)}
        onEmptied={() => setHasFrames(false)}
      />
      {picture === "paused" && <p class="tile-note">Video paused</p>}
      {picture === "waiting" && !isLocal && (
        <p class="tile-note">
          <span class="spinner" /> Receiving…
        </p>
      )}
      <div class="tile-top">
        {source.kind === "camera" && peer.isHandRaised && (
          <span class="tile-hand" data-testid="tile-hand" role="img" aria-label="Hand raised" title="Hand raised">
            <Icon name="hand" size={16} />
          </span>
        )}
        {source.kind === "camera" && <Quality peerId={source.peerId} />}
      </div>
      <div class="tile-name">
        {source.kind === "screen" ? <Icon name="screen" size={15} /> : !audioOn && <Icon name="micOff" size={15} />}
        <span data-testid="tile-name">{title}</span>
      </div>
      {numbers && source.trackId && shown && <Numbers trackId={source.trackId} isLocal={isLocal} layer={track.layer} />}
    </article>
  );
}

const hues = 8; // as many as style.css knows

/** Initials on a colour that stays with the peer. */
export function Avatar({ name, id, small }: { name: string; id: string; small?: boolean }) {
  const letters = name
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((word) => [...word][0]!.toUpperCase())
    .join("");
  const hue = [...id].reduce((sum, c) => sum + c.charCodeAt(0), 0) % hues;
  return (
    <span class={small ? "avatar small" : "avatar"} aria-hidden="true" data-hue={hue}>
      {letters || "?"}
    </span>
  );
}

/** What the SDK measures of a track, once a second. */
function Numbers({ trackId, isLocal, layer }: { trackId: string; isLocal: boolean; layer: string | undefined }) {
  const call = useCall();
  const [, again] = useReducer((n: number, _: void) => n + 1, 0);
  const stats = call.hms.getStats();
  useEffect(() => stats.subscribe(() => again(), (store: HMSStatsStore) => (isLocal ? store.localTrackStats : store.remoteTrackStats)[trackId]), [stats, trackId, isLocal]);
  const lines: string[] = [];
  if (isLocal) {
    for (const s of stats.getState(selectHMSStats.localVideoTrackStatsByID(trackId)) ?? []) {
      if (s.bitrate > 0) lines.push([s.rid, size(s.frameWidth, s.frameHeight), fps(s.framesPerSecond), rate(s.bitrate)].filter(Boolean).join(" · "));
    }
  } else {
    const s = stats.getState(selectHMSStats.trackStatsByID(trackId));
    if (s) lines.push([layer, size(s.frameWidth, s.frameHeight), fps(s.framesPerSecond), rate(s.bitrate), s.packetsLost ? `${s.packetsLost} lost` : ""].filter(Boolean).join(" · "));
  }
  return lines.length > 0 ? (
    <p class="tile-numbers" data-testid="tile-numbers">
      {lines.map((line) => (
        <span key={line}>{line}</span>
      ))}
    </p>
  ) : null;
}

const size = (w?: number, h?: number) => (w && h ? `${w}×${h}` : "");
const fps = (n?: number) => (n ? `${Math.round(n)} fps` : "");
const rate = (bits: number) => (bits >= 1e6 ? `${(bits / 1e6).toFixed(1)} Mb/s` : `${Math.round(bits / 1e3)} kb/s`);
