// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * A call on wtsdk, as an app of Sceenic WatchTogether makes it. What to join is in
 * the fragment of the address, which is never sent to a server:
 *
 *   #token=JWT     the token of the session
 *   #name=Ann      the name to suggest
 */
import WT from "../../wtsdk/src";
import { blocked, find, itself, mute, onJoin, onSwitch, onWrite, remove, say, show, speaking, state, tile } from "./stage";

let stuck = false; // media, and not the socket
WT.ErrorsListeners.onSessionError(({ code, name, localizedDescription: text, fault }) => {
  stuck ||= fault === "ice.slow";
  show({ code, name, text, fault });
});
WT.SessionListeners.onConnected(() => state("connected", true));
WT.SessionListeners.onDisconnected(() => state("not connected", false));
WT.SessionListeners.onStreamCreated(({ participantId: id, participantName: name, local, stream, settings }) => {
  if (local) itself(id);
  tile({ id, name, local, muted: [...(settings.mutedAudio ? ["AUDIO" as const] : []), ...(settings.mutedVideo ? ["VIDEO" as const] : [])] }).srcObject = stream;
});
WT.SessionListeners.onMessageReceived(({ participantName, message }) => say(participantName, message));
WT.ParticipantListeners.onParticipantLeft(({ participantId }) => remove(participantId));
WT.ParticipantListeners.onParticipantMediaStreamChanged(({ participantId, mediaType, mediaState }) => mute(participantId, mediaType, mediaState === "DISABLED"));
WT.ParticipantListeners.onParticipantSpeaking(({ participantId }) => speaking(participantId, true));
WT.ParticipantListeners.onParticipantStopSpeaking(({ participantId }) => speaking(participantId, false));
WT.ReconnectListeners.onLocalConnectionLost(() => (stuck ? blocked() : state("connecting again", true)));
WT.ReconnectListeners.onLocalConnectionResumed(() => {
  stuck = false;
  state("connected", true);
});

onJoin(async (name, how) => {
  const { connect, connectAsAViewer, connectWithSharingScreen } = WT.Session;
  const enter = { viewer: connectAsAViewer, screen: connectWithSharingScreen }[how] ?? connect;
  await enter(find<HTMLInputElement>("token").value.trim(), name).catch(() => state("not connected", false)); // show() has told why
});

const { enableAudio, disableAudio, enableVideo, disableVideo } = WT.Participant;
onSwitch("audio", (on) => (on ? enableAudio : disableAudio)());
onSwitch("video", (on) => (on ? enableVideo : disableVideo)());
onWrite((text) => WT.Session.sendMessage(text));

find("leave").addEventListener("click", async () => {
  await WT.Session.disconnect();
  state("not connected", false);
});

const link = new URLSearchParams(location.hash.slice(1));
find<HTMLInputElement>("name").value = link.get("name") ?? "";
find<HTMLInputElement>("token").value = link.get("token") ?? "";
