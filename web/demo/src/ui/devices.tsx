// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import { selectDevices, selectIsAllowedToPublish, selectIsAllowedToPreviewMedia, selectLocalMediaSettings } from "@100mslive/hms-video-store";
import { useCall, useStore } from "./hooks";
import { Icon, type IconName } from "./icons";

/** Which microphone, camera and loudspeaker to use. */
export function Devices({ preview }: { preview?: boolean }) {
  const call = useCall();
  const devices = useStore(selectDevices);
  const chosen = useStore(selectLocalMediaSettings);
  const allowed = useStore(preview ? selectIsAllowedToPreviewMedia : selectIsAllowedToPublish);
  const canChooseOutput = "setSinkId" in HTMLMediaElement.prototype;
  return (
    <div class="devices">
      {allowed.audio && <Picker testid="device-mic" icon="mic" label="Microphone" devices={devices.audioInput} value={chosen.audioInputDeviceId} onPick={(id) => void call.run(() => call.actions.setAudioSettings({ deviceId: id }))} />}
      {allowed.video && <Picker testid="device-cam" icon="cam" label="Camera" devices={devices.videoInput} value={chosen.videoInputDeviceId} onPick={(id) => void call.run(() => call.actions.setVideoSettings({ deviceId: id }))} />}
      {canChooseOutput && <Picker testid="device-speaker" icon="speaker" label="Loudspeaker" devices={devices.audioOutput} value={chosen.audioOutputDeviceId} onPick={(id) => void call.run(() => call.actions.setAudioOutputDevice(id))} />}
    </div>
  );
}

function Picker({ testid, icon, label, devices, value, onPick }: { testid: string; icon: IconName; label: string; devices: MediaDeviceInfo[]; value: string | undefined; onPick: (id: string) => void }) {
  const usable = (devices ?? []).filter((d) => d.deviceId !== "");
  return (
    <label class="picker">
      <Icon name={icon} size={18} />
      <span class="sr-only">{label}</span>
      <select data-testid={testid} title={label} disabled={usable.length === 0} value={usable.some((d) => d.deviceId === value) ? value : usable[0]?.deviceId} onChange={(e) => onPick(e.currentTarget.value)}>
        {usable.length === 0 && <option>No {label.toLowerCase()} available</option>}
        {usable.map((d, i) => (
          <option key={d.deviceId} value={d.deviceId}>
            {d.label || `${label} ${i + 1}`}
          </option>
        ))}
      </select>
    </label>
  );
}
