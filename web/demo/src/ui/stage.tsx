// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import { selectLocalPeer, selectLocalPeerRole, selectPeers, selectRolesMap, selectTracksMap, type HMSPeer, type HMSStore } from "@100mslive/hms-video-store";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { fit } from "../layout";
import { useStore } from "./hooks";
import { Icon } from "./icons";
import { Tile, type TileSource } from "./tile";

/** Everybody who can be seen, as large as the room allows. */
export function Stage({ numbers }: { numbers: boolean }) {
  const sources = useTiles();
  const screens = sources.filter((s) => s.kind === "screen");
  const cameras = sources.filter((s) => s.kind === "camera");
  if (sources.length === 0) return <Empty />;
  if (screens.length > 0) {
    return (
      <div class="stage presenting">
        <Grid sources={screens} numbers={numbers} fill />
        <div class="strip">
          {cameras.map((s) => (
            <Tile key={s.key} source={s} numbers={numbers} />
          ))}
        </div>
      </div>
    );
  }
  return (
    <div class="stage">
      <Grid sources={cameras} numbers={numbers} />
      {cameras.length === 1 && <Alone />}
    </div>
  );
}

function Grid({ sources, numbers, fill }: { sources: TileSource[]; numbers: boolean; fill?: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = box.current!;
    const measure = () => setRoom({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const { width, height } = fit(sources.length, room.width, room.height, fill === true);
  useLayoutEffect(() => {
    box.current!.style.setProperty("--tile-width", `${width}px`);
    box.current!.style.setProperty("--tile-height", `${height}px`);
  }, [width, height]);
  return (
    <div class="grid" ref={box} data-testid="grid">
      {room.width > 0 && sources.map((s) => <Tile key={s.key} source={s} numbers={numbers} />)}
    </div>
  );
}

/** A tile for each camera that is or may be on, and one for each shared screen. */
function useTiles(): TileSource[] {
  const peers = useStore(selectPeers);
  const screens = useStore(selectScreens);
  const roles = useStore(selectRolesMap);
  const seen = (peer: HMSPeer) => {
    const allowed = roles[peer.roleName ?? ""]?.publishParams?.allowed ?? [];
    return Boolean(peer.videoTrack || peer.audioTrack || allowed.includes("video") || allowed.includes("audio"));
  };
  const order = (peer: HMSPeer) => (peer.isLocal ? 1 : 0);
  return [
    ...screens.map((s): TileSource => ({ ...s, key: s.trackId, kind: "screen" })),
    ...peers
      .filter(seen)
      .sort((a, b) => order(a) - order(b))
      .map((p): TileSource => ({ key: p.id, peerId: p.id, trackId: p.videoTrack, kind: "camera" })),
  ];
}

let lastScreens: { peerId: string; trackId: string }[] = [];

/** Shared screens; the same array as long as they are the same. */
function selectScreens(store: HMSStore): { peerId: string; trackId: string }[] {
  const tracks = selectTracksMap(store);
  const now = selectPeers(store).flatMap((peer) =>
    peer.auxiliaryTracks.filter((id) => tracks[id]?.type === "video").map((id) => ({ peerId: peer.id, trackId: id })),
  );
  if (now.length !== lastScreens.length || now.some((s, i) => s.trackId !== lastScreens[i]!.trackId)) lastScreens = now;
  return lastScreens;
}

function Alone() {
  const local = useStore(selectLocalPeer);
  return (
    <p class="alone" data-testid="alone">
      You are the only one here{local ? "" : " yet"}. Open a join link in another tab or on another device.
    </p>
  );
}

function Empty() {
  const role = useStore(selectLocalPeerRole);
  return (
    <div class="stage empty" data-testid="stage-empty">
      <Icon name="people" size={40} />
      <h2>Nobody is on camera yet</h2>
      <p>{role ? `You are here as ${role.name}, which watches and listens. Pictures appear as soon as somebody joins with a camera.` : "Pictures appear as soon as somebody joins."}</p>
    </div>
  );
}
