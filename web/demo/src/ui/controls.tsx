// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import {
  selectIsAllowedToPublish,
  selectIsLocalAudioEnabled,
  selectIsLocalScreenShared,
  selectIsLocalVideoDisplayEnabled,
  selectLocalAudioTrackID,
  selectLocalPeer,
  selectLocalVideoTrackID,
  selectUnreadHMSMessagesCount,
} from "@100mslive/hms-video-store";
import { useEffect, useState } from "preact/hooks";
import { useCall, useCell, useMedia, useStore } from "./hooks";
import { Icon, type IconName } from "./icons";

export type Panel = "chat" | "people" | "problems" | null;

interface ToggleProps {
  testid: string;
  label: string;
  hint: string;
  icon: IconName;
  pressed: boolean;
  look?: "off" | "on" | undefined;
  badge?: number;
  disabled?: boolean;
  expands?: boolean;
  onClick: () => void;
}

function Toggle({ testid, label, hint, icon, pressed, look, badge, disabled, expands, onClick }: ToggleProps) {
  return (
    <button
      type="button"
      class="control"
      data-testid={testid}
      data-look={look}
      data-on={pressed}
      aria-label={badge ? `${label}, ${badge} new` : label}
      aria-pressed={expands ? undefined : pressed}
      aria-expanded={expands ? pressed : undefined}
      title={hint}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} size={22} />
      <span class="control-label" aria-hidden="true">
        {label}
      </span>
      {badge ? (
        <span class="badge" aria-hidden="true">
          {badge > 99 ? "99+" : badge}
        </span>
      ) : null}
    </button>
  );
}

const canShareScreen = typeof navigator.mediaDevices?.getDisplayMedia === "function";

/** The microphone and the camera: in the lobby and in the room. */
export function MediaToggles() {
  const call = useCall();
  const hasAudio = Boolean(useStore(selectLocalAudioTrackID));
  const hasVideo = Boolean(useStore(selectLocalVideoTrackID));
  const audioOn = useStore(selectIsLocalAudioEnabled);
  const videoOn = useStore(selectIsLocalVideoDisplayEnabled) === true;
  const [busy, setBusy] = useState({ audio: false, video: false });

  const toggle = async (kind: "audio" | "video") => {
    setBusy((b) => ({ ...b, [kind]: true }));
    await call.run(() => (kind === "audio" ? call.actions.setLocalAudioEnabled(!audioOn) : call.actions.setLocalVideoEnabled(!videoOn)));
    setBusy((b) => ({ ...b, [kind]: false }));
  };

  useEffect(() => {
    const pressed = (e: KeyboardEvent) => {
      const at = e.target as HTMLElement;
      if (e.ctrlKey || e.metaKey || e.altKey || e.repeat || at.closest("input, textarea, select, dialog")) return;
      if (e.key === "m" && hasAudio && !busy.audio) void toggle("audio");
      if (e.key === "v" && hasVideo && !busy.video) void toggle("video");
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  });

  return (
    <>
      {hasAudio && (
        <Toggle testid="mic" label="Mic" hint={`${audioOn ? "Turn off" : "Turn on"} microphone (M)`} icon={audioOn ? "mic" : "micOff"} pressed={audioOn} look={audioOn ? undefined : "off"} disabled={busy.audio} onClick={() => void toggle("audio")} />
      )}
      {hasVideo && (
        <Toggle testid="cam" label="Camera" hint={`${videoOn ? "Turn off" : "Turn on"} camera (V)`} icon={videoOn ? "cam" : "camOff"} pressed={videoOn} look={videoOn ? undefined : "off"} disabled={busy.video} onClick={() => void toggle("video")} />
      )}
    </>
  );
}

interface BarProps {
  panel: Panel;
  onPanel: (panel: Panel) => void;
  onSettings: () => void;
}

/** Whether the bar has no room for everything; the rest is then at the top. */
export function useNarrow(): boolean {
  return useMedia("(max-width: 720px)");
}

/** What is wanted less often. */
export function MoreToggles({ panel, onPanel, onSettings }: BarProps) {
  const call = useCall();
  const open = useCell(call.problems.list).filter((p) => p.status !== "recovered").length;
  return (
    <>
      <Toggle testid="problems" label="Errors" hint="What went wrong in this call" icon="problems" pressed={panel === "problems"} expands badge={open} onClick={() => onPanel(panel === "problems" ? null : "problems")} />
      <button type="button" class="control" data-testid="settings" aria-label="Settings" title="Settings" aria-haspopup="dialog" onClick={onSettings}>
        <Icon name="settings" size={22} />
        <span class="control-label" aria-hidden="true">
          Settings
        </span>
      </button>
    </>
  );
}

export function Controls({ panel, onPanel, onSettings }: BarProps) {
  const call = useCall();
  const allowed = useStore(selectIsAllowedToPublish);
  const sharing = useStore(selectIsLocalScreenShared);
  const local = useStore(selectLocalPeer);
  const unread = useStore(selectUnreadHMSMessagesCount);
  const toggle = (which: Panel) => onPanel(panel === which ? null : which);
  return (
    <nav class="controls" aria-label="Call controls">
      <div class="controls-group">
        <MediaToggles />
        {allowed.screen && canShareScreen && (
          <Toggle testid="screen" label="Share" hint={sharing ? "Stop sharing your screen" : "Share your screen"} icon="screen" pressed={sharing} look={sharing ? "on" : undefined} onClick={() => void call.run(() => call.actions.setScreenShareEnabled(!sharing))} />
        )}
        <Toggle
          testid="hand"
          label="Hand"
          hint={local?.isHandRaised ? "Lower your hand" : "Raise your hand"}
          icon="hand"
          pressed={local?.isHandRaised === true}
          look={local?.isHandRaised ? "on" : undefined}
          onClick={() => void call.run(() => (local?.isHandRaised ? call.actions.lowerLocalPeerHand() : call.actions.raiseLocalPeerHand()))}
        />
      </div>
      <div class="controls-group">
        <Toggle testid="chat" label="Chat" hint="Chat" icon="chat" pressed={panel === "chat"} expands badge={panel === "chat" ? 0 : unread} onClick={() => toggle("chat")} />
        <Toggle testid="people" label="People" hint="People" icon="people" pressed={panel === "people"} expands onClick={() => toggle("people")} />
        {!useNarrow() && <MoreToggles panel={panel} onPanel={onPanel} onSettings={onSettings} />}
      </div>
      <button type="button" class="control leave" data-testid="leave" aria-label="Leave the call" title="Leave the call" onClick={() => void call.leave()}>
        <Icon name="leave" size={24} />
        <span class="control-label" aria-hidden="true">
          Leave
        </span>
      </button>
    </nav>
  );
}
