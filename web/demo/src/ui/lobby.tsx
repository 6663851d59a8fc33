// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import {
  selectIsAllowedToPreviewMedia,
  selectIsLocalAudioEnabled,
  selectIsLocalVideoDisplayEnabled,
  selectLocalAudioTrackID,
  selectLocalVideoTrackID,
  selectPeerCount,
  selectRoom,
  selectTrackAudioByID,
} from "@100mslive/hms-video-store";
import { useEffect, useRef } from "preact/hooks";
import { MediaToggles } from "./controls";
import { Devices } from "./devices";
import { selectById, useCall, useCell, useStore } from "./hooks";
import { Icon, Mark } from "./icons";
import { ProblemStack } from "./problem-stack";
import { Avatar } from "./tile";

/** Before the call: how one looks and sounds, and under which name. */
export function Lobby({ name, onName, onJoin }: { name: string; onName: (name: string) => void; onJoin: () => void }) {
  const call = useCall();
  const { stage, late } = useCell(call.state);
  const room = useStore(selectRoom);
  const count = useStore(selectPeerCount);
  const ready = stage === "preview";
  const joining = stage === "joining";
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus({ preventScroll: true }), []);

  return (
    <main class="page lobby" data-testid="lobby" data-stage={stage}>
      <header class="brand">
        <Mark />
        <span>Redial</span>
      </header>
      <div class="lobby-columns">
        <div class="lobby-picture">
          <Preview name={name} opening={stage === "opening"} />
          <ProblemStack />
        </div>
        <form
          class="lobby-form"
          onSubmit={(e) => {
            e.preventDefault();
            if (ready && name.trim()) onJoin();
          }}
        >
          <h1>{room.name || "Ready to join?"}</h1>
          <p class="lobby-facts">
            <span class="chip">
              <Icon name="user" size={15} /> {call.token.role || "guest"}
            </span>
            <span class="lobby-count">{count ? `${count} in the call` : ready ? "Nobody is here yet" : ""}</span>
          </p>
          <label class="field">
            <span>Your name</span>
            <input ref={field} data-testid="name-input" name="name" autocomplete="name" required maxLength={100} placeholder="How others see you" value={name} disabled={joining} onInput={(e) => onName(e.currentTarget.value)} />
          </label>
          <button type="submit" class="button primary large" data-testid="join" disabled={!ready || name.trim() === ""}>
            {(stage === "opening" || joining) && <span class="spinner" />}
            {joining ? "Joining…" : stage === "opening" ? "Getting ready…" : "Join the call"}
          </button>
          <Devices preview />
          {late && (
            <div class="late" role="status" data-testid="late">
              <p>{joining ? "Joining takes longer than it should. The server may be out of reach." : "This takes longer than it should. The browser may be asking for the camera, or the server may be out of reach."}</p>
              <button type="button" class="button" data-testid="start-over" onClick={() => location.reload()}>
                <Icon name="retry" size={18} /> Start over
              </button>
            </div>
          )}
        </form>
      </div>
    </main>
  );
}

function Preview({ name, opening }: { name: string; opening: boolean }) {
  const call = useCall();
  const video = useRef<HTMLVideoElement>(null);
  const trackId = useStore(selectLocalVideoTrackID);
  const videoOn = useStore(selectIsLocalVideoDisplayEnabled) === true;
  const allowed = useStore(selectIsAllowedToPreviewMedia);
  useEffect(() => {
    const element = video.current;
    if (!element || !trackId || !videoOn) return;
    void call.run(() => call.actions.attachVideo(trackId, element));
    return () => void call.actions.detachVideo(trackId, element).catch(() => undefined);
  }, [call, trackId, videoOn]);
  const watching = !opening && !allowed.audio && !allowed.video;
  return (
    <section class="preview" aria-label="Preview" data-testid="preview" data-video={videoOn ? "on" : "off"}>
      <video ref={video} autoplay playsInline muted tabIndex={-1} class="mirrored" hidden={!videoOn} />
      {!videoOn && (
        <div class="preview-off">
          {opening ? (
            <>
              <span class="spinner large" />
              <p>Opening camera and microphone…</p>
            </>
          ) : watching ? (
            <>
              <Icon name="people" size={40} />
              <p>As {call.token.role} you watch and listen. Your camera and microphone stay off.</p>
            </>
          ) : (
            <>
              <Avatar name={name} id={call.token.userId} />
              <p>Your camera is off</p>
            </>
          )}
        </div>
      )}
      <div class="preview-controls">
        <Meter />
        <MediaToggles />
      </div>
    </section>
  );
}

/** How loud the microphone is, so that a dead one is noticed before the call. */
function Meter() {
  const call = useCall();
  const meter = useRef<HTMLDivElement>(null);
  const trackId = useStore(selectLocalAudioTrackID);
  const on = useStore(selectIsLocalAudioEnabled);
  useEffect(() => {
    meter.current?.style.setProperty("--level", "0");
    if (!trackId || !on) return;
    return call.store.subscribe((level: number) => meter.current?.style.setProperty("--level", String(Math.min(1, (level || 0) / 70))), selectById(selectTrackAudioByID, trackId));
  }, [call, trackId, on]);
  if (!trackId) return null;
  return (
    <div class="meter" ref={meter} role="img" aria-label={on ? "Microphone level" : "Microphone off"} title={on ? "Microphone level" : "Microphone off"}>
      <span />
    </div>
  );
}
