// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import {
  selectAvailableRoleNames,
  selectIsPeerAudioEnabled,
  selectIsPeerVideoEnabled,
  selectLocalPeerRoleName,
  selectPeerByID,
  selectPeerCount,
  selectPeers,
  selectPermissions,
  type HMSPeer,
} from "@100mslive/hms-video-store";
import { useState } from "preact/hooks";
import { removedReason } from "../call";
import { Dialog } from "./dialog";
import { useById, useCall, useStore } from "./hooks";
import { Icon } from "./icons";
import { Quality } from "./quality";
import { Avatar } from "./tile";

export function People() {
  const call = useCall();
  const peers = useStore(selectPeers);
  const count = useStore(selectPeerCount) || peers.length;
  const permissions = useStore(selectPermissions);
  const role = useStore(selectLocalPeerRoleName);
  const [managed, setManaged] = useState("");
  const [ending, setEnding] = useState(false);
  const order = (p: HMSPeer) => (p.isHandRaised ? 0 : p.isLocal ? 1 : 2);
  const sorted = [...peers].sort((a, b) => order(a) - order(b) || (a.name || "").localeCompare(b.name || ""));
  return (
    <>
      <div class="panel-body">
        <ul class="people" data-testid="participants" aria-label={`${count} in this call`}>
          {sorted.map((peer) => (
            <Person key={peer.id} id={peer.id} open={managed === peer.id} onManage={() => setManaged(managed === peer.id ? "" : peer.id)} />
          ))}
        </ul>
        {count > peers.length && <p class="hint">{count - peers.length} more are in this call without being listed.</p>}
      </div>
      <footer class="panel-foot">
        {permissions?.mute && (
          <button type="button" class="button" data-testid="mute-all" onClick={() => void call.run(() => call.actions.setRemoteTracksEnabled({ enabled: false, type: "audio", source: "regular" }))}>
            <Icon name="micOff" size={18} /> Mute everybody
          </button>
        )}
        {permissions?.endRoom ? (
          <button type="button" class="button danger" data-testid="end-room" aria-haspopup="dialog" onClick={() => setEnding(true)}>
            <Icon name="leave" size={18} /> End the call for everybody
          </button>
        ) : (
          <p class="hint">You are here as {role}.</p>
        )}
      </footer>
      {ending && <EndDialog onClose={() => setEnding(false)} />}
    </>
  );
}

function Person({ id, open, onManage }: { id: string; open: boolean; onManage: () => void }) {
  const peer = useById(selectPeerByID, id);
  const audioOn = useById(selectIsPeerAudioEnabled, id);
  const videoOn = useById(selectIsPeerVideoEnabled, id);
  const permissions = useStore(selectPermissions);
  if (!peer) return null;
  const name = peer.name || "Guest";
  const canManage = Boolean(permissions && (permissions.changeRole || (!peer.isLocal && (permissions.mute || permissions.unmute || permissions.removeOthers))));
  const panel = `manage-${id}`;
  return (
    <li class="person" data-testid="participant" data-peer-id={id} data-peer-name={name} data-role={peer.roleName} data-hand={peer.isHandRaised}>
      <div class="person-line">
        <Avatar name={name} id={id} small />
        <div class="person-who">
          <span class="person-name" data-testid="participant-name">
            {name}
            {peer.isLocal && <em> (you)</em>}
          </span>
          <span class="person-role" data-testid="participant-role">
            {peer.roleName}
          </span>
        </div>
        <div class="person-state">
          {peer.isHandRaised && (
            <span class="hand" role="img" aria-label="Hand raised" title="Hand raised">
              <Icon name="hand" size={17} />
            </span>
          )}
          {peer.audioTrack && <Device kind="mic" on={audioOn} />}
          {peer.videoTrack && <Device kind="cam" on={videoOn} />}
          <Quality peerId={id} />
        </div>
        {canManage && (
          <button type="button" class="button square quiet" data-testid="manage" aria-label={`Manage ${name}`} title={`Manage ${name}`} aria-expanded={open} aria-controls={panel} onClick={onManage}>
            <Icon name="down" size={18} />
          </button>
        )}
      </div>
      {open && canManage && <Manage peer={peer} panel={panel} audioOn={audioOn} videoOn={videoOn} />}
    </li>
  );
}

function Device({ kind, on }: { kind: "mic" | "cam"; on: boolean }) {
  const label = `${kind === "mic" ? "Microphone" : "Camera"} ${on ? "on" : "off"}`;
  return (
    <span role="img" aria-label={label} title={label} data-off={!on}>
      <Icon name={on ? kind : `${kind}Off`} size={17} />
    </span>
  );
}

function Manage({ peer, panel, audioOn, videoOn }: { peer: HMSPeer; panel: string; audioOn: boolean; videoOn: boolean }) {
  const call = useCall();
  const permissions = useStore(selectPermissions);
  const roles = useStore(selectAvailableRoleNames);
  const name = peer.name || "Guest";
  const [role, setRole] = useState(peer.roleName ?? "");
  const { actions } = call;

  const change = async (force: boolean) => {
    const asked = await call.run(() => actions.changeRoleOfPeer(peer.id, role, force || peer.isLocal));
    if (asked && !force && !peer.isLocal) call.remark(`${name} is asked to become ${role}`);
  };
  const switchTrack = (track: string | undefined, on: boolean) => track && void call.run(() => actions.setRemoteTrackEnabled(track, on));

  return (
    <div class="manage" id={panel}>
      {permissions?.changeRole && (
        <div class="manage-role">
          <label>
            <span>Role</span>
            <select data-testid="role-select" value={role} onChange={(e) => setRole(e.currentTarget.value)}>
              {roles.map((r) => (
                <option key={r} value={r}>
                  {r}
                </option>
              ))}
            </select>
          </label>
          {!peer.isLocal && (
            <button type="button" class="button" data-testid="role-ask" disabled={role === peer.roleName} onClick={() => void change(false)}>
              Ask
            </button>
          )}
          <button type="button" class="button" data-testid="role-set" disabled={role === peer.roleName} onClick={() => void change(true)}>
            Change
          </button>
        </div>
      )}
      <div class="manage-buttons">
        {peer.isHandRaised && (
          <button type="button" class="button" data-testid="lower-hand" onClick={() => void call.run(() => (peer.isLocal ? actions.lowerLocalPeerHand() : actions.lowerRemotePeerHand(peer.id)))}>
            Lower hand
          </button>
        )}
        {!peer.isLocal && peer.audioTrack && audioOn && permissions?.mute && (
          <button type="button" class="button" data-testid="mute-audio" onClick={() => switchTrack(peer.audioTrack, false)}>
            Mute
          </button>
        )}
        {!peer.isLocal && peer.audioTrack && !audioOn && permissions?.unmute && (
          <button type="button" class="button" data-testid="unmute-audio" onClick={() => switchTrack(peer.audioTrack, true)}>
            Ask to unmute
          </button>
        )}
        {!peer.isLocal && peer.videoTrack && videoOn && permissions?.mute && (
          <button type="button" class="button" data-testid="mute-video" onClick={() => switchTrack(peer.videoTrack, false)}>
            Camera off
          </button>
        )}
        {!peer.isLocal && peer.videoTrack && !videoOn && permissions?.unmute && (
          <button type="button" class="button" data-testid="unmute-video" onClick={() => switchTrack(peer.videoTrack, true)}>
            Ask for camera
          </button>
        )}
        {!peer.isLocal && permissions?.removeOthers && (
          <button type="button" class="button danger" data-testid="remove-peer" onClick={() => void call.run(() => actions.removePeer(peer.id, removedReason))}>
            Remove
          </button>
        )}
      </div>
    </div>
  );
}

function EndDialog({ onClose }: { onClose: () => void }) {
  const call = useCall();
  const [lock, setLock] = useState(false);
  return (
    <Dialog title="End the call for everybody?" onClose={onClose}>
      <p>Everybody leaves at once, you too.</p>
      <label class="check">
        <input type="checkbox" data-testid="end-room-lock" checked={lock} onChange={(e) => setLock(e.currentTarget.checked)} />
        <span>
          Lock the room <small>Nobody can join it again until it is unlocked</small>
        </span>
      </label>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="button danger solid" data-testid="end-room-confirm" onClick={() => (onClose(), void call.end(lock))}>
          {lock && <Icon name="lock" size={18} />} End the call
        </button>
      </div>
    </Dialog>
  );
}
