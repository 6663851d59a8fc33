// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * A call on wtsdk, as an app of Sceenic WatchTogether makes it. What to join is in
 * the fragment of the address, which is never sent to a server:
 *
 *   #token=JWT     the token of the session
 *   #name=Ann      the name to suggest
 */
import { fault } from "../../faults";
import WT, { type SessionError, type StreamInfo } from "../../wtsdk/src";

const find = <T extends HTMLElement = HTMLElement>(id: string) => document.getElementById(id) as T;
const tiles = new Map<string, { figure: HTMLElement; caption: HTMLElement; name: string; muted: Set<string> }>();

function state(text: string, inside: boolean): void {
  find("state").textContent = text;
  find("join").hidden = inside;
  find("controls").hidden = find("talk").hidden = !inside;
  if (inside) return;
  for (const { figure } of tiles.values()) figure.remove();
  tiles.clear();
}

function tile({ participantId, participantName, local, stream, settings }: StreamInfo): void {
  let t = tiles.get(participantId);
  if (!t) {
    const figure = document.createElement("figure");
    figure.dataset.testid = "tile";
    figure.dataset.participant = participantId;
    figure.dataset.name = participantName;
    figure.dataset.local = String(local);
    const video = Object.assign(document.createElement("video"), { autoplay: true, playsInline: true, muted: local });
    const caption = document.createElement("figcaption");
    figure.append(video, caption);
    find("tiles").append(figure);
    tiles.set(participantId, (t = { figure, caption, name: local ? `${participantName} (you)` : participantName, muted: new Set() }));
  }
  t.figure.querySelector("video")!.srcObject = stream;
  t.muted = new Set([...(settings.mutedAudio ? ["AUDIO"] : []), ...(settings.mutedVideo ? ["VIDEO"] : [])]);
  caption(participantId);
}

function caption(id: string): void {
  const t = tiles.get(id);
  if (!t) return;
  const off = [...t.muted].map((m) => (m === "AUDIO" ? "muted" : "camera off"));
  t.caption.textContent = [t.name, ...off].join(" · ");
  t.figure.dataset.muted = [...t.muted].sort().join(" ");
}

function remove(id: string): void {
  tiles.get(id)?.figure.remove();
  tiles.delete(id);
}

function speaking(id: string, on: boolean): void {
  const figure = tiles.get(id)?.figure;
  if (figure) figure.dataset.speaking = String(on);
}

/** Shows an error by its number, and what the catalogue knows of it. */
function show(error: SessionError): void {
  const item = document.createElement("li");
  item.dataset.code = String(error.code);
  item.dataset.fault = error.fault;
  const title = document.createElement("strong");
  title.textContent = `${error.code} ${error.name}`;
  const advice = document.createElement("p");
  advice.textContent = fault(error.fault)?.do ?? "";
  item.append(title, ` ${error.localizedDescription}`, advice);
  find("errors").prepend(item);
  while (find("errors").children.length > 10) find("errors").lastElementChild!.remove();
}

WT.ErrorsListeners.onSessionError(show);
WT.SessionListeners.onConnected(() => state("connected", true));
WT.SessionListeners.onDisconnected(() => state("not connected", false));
WT.SessionListeners.onStreamCreated(tile);
WT.SessionListeners.onMessageReceived(({ participantName, message }) => {
  const item = document.createElement("li");
  const who = document.createElement("b");
  who.textContent = participantName;
  item.append(who, ` ${message}`);
  find("messages").append(item);
  while (find("messages").children.length > 200) find("messages").firstElementChild!.remove();
});
WT.ParticipantListeners.onParticipantLeft(({ participantId }) => remove(participantId));
WT.ParticipantListeners.onParticipantMediaStreamChanged(({ participantId, mediaType, mediaState }) => {
  const muted = tiles.get(participantId)?.muted;
  if (mediaState === "DISABLED") muted?.add(mediaType);
  else muted?.delete(mediaType);
  caption(participantId);
});
WT.ParticipantListeners.onParticipantSpeaking(({ participantId }) => speaking(participantId, true));
WT.ParticipantListeners.onParticipantStopSpeaking(({ participantId }) => speaking(participantId, false));
WT.ReconnectListeners.onLocalConnectionLost(() => state("connecting again", true));
WT.ReconnectListeners.onLocalConnectionResumed(() => state("connected", true));

find("join").addEventListener("submit", async (e) => {
  e.preventDefault();
  const name = find<HTMLInputElement>("name").value;
  const token = find<HTMLInputElement>("token").value.trim();
  find("errors").replaceChildren();
  state("connecting", false);
  const { connect, connectAsAViewer, connectWithSharingScreen } = WT.Session;
  const how = { viewer: connectAsAViewer, screen: connectWithSharingScreen }[((e as SubmitEvent).submitter as HTMLButtonElement | null)?.value ?? ""] ?? connect;
  await how(token, name).catch(() => state("not connected", false)); // show() has told why
});

for (const kind of ["audio", "video"] as const) {
  const button = find(kind);
  button.addEventListener("click", async () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    const { enableAudio, disableAudio, enableVideo, disableVideo } = WT.Participant;
    const change = kind === "audio" ? (on ? enableAudio : disableAudio) : on ? enableVideo : disableVideo;
    await change().then(() => button.setAttribute("aria-pressed", String(on)), () => {});
  });
}

find("leave").addEventListener("click", async () => {
  await WT.Session.disconnect();
  state("not connected", false);
});

find("write").addEventListener("submit", async (e) => {
  e.preventDefault();
  const text = find<HTMLInputElement>("text");
  if (text.value.trim() === "") return;
  await WT.Session.sendMessage(text.value).then(() => { text.value = ""; }, () => {});
});

const link = new URLSearchParams(location.hash.slice(1));
find<HTMLInputElement>("name").value = link.get("name") ?? "";
find<HTMLInputElement>("token").value = link.get("token") ?? "";
