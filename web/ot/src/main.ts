// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * A call on the library for OpenTok apps, as such an app makes it. What to join is in
 * the fragment of the address, which is never sent to a server:
 *
 *   #key=...&session=...&token=...   of the project, the session and who joins, as a backend gives them out
 *   #name=Ann                        the name to suggest
 */
import OT from "../../opentok/src";
import { blocked, find, itself, mute, onJoin, onSwitch, onWrite, remove, say, show, speaking, state, tile } from "../../watch/src/stage";

const link = new URLSearchParams(location.hash.slice(1));
const session = OT.initSession(link.get("key") ?? "", link.get("session") ?? "");
let publisher: OT.Publisher | undefined;

// Apps of other kinds hear it from the server; this one finds out by itself.
const noMedia = new Set(["OT_ICE_WORKFLOW_FAILED", "OT_TIMEOUT"]);

const done = (e?: OT.OTError) => {
  if (e && noMedia.has(e.name) && session.isConnected()) blocked();
  if (e) show({ code: e.code || undefined, name: e.name, text: e.message, fault: e.fault });
};

/** Puts the video of a publisher or subscriber into the tile of its stream, and tells who speaks. */
function put(media: OT.OTEventEmitter<any>, id: string, name: string, local: boolean, muted: ("AUDIO" | "VIDEO")[]): void {
  const place = tile({ id, name, local, muted });
  media.on("videoElementCreated", ({ element }: { element: HTMLVideoElement }) => place.replaceWith(element));
  media.on("audioLevelUpdated", ({ audioLevel }: { audioLevel: number }) => speaking(id, audioLevel > 0.1));
  media.on("destroyed", () => remove(id));
}

session.on({
  streamCreated: ({ stream }: { stream: OT.Stream }) => {
    const subscriber = session.subscribe(stream, undefined, { insertDefaultUI: false }, done);
    put(subscriber, stream.streamId, stream.name || stream.connection.data || stream.connection.connectionId, false,
      [...(stream.hasAudio ? [] : ["AUDIO" as const]), ...(stream.hasVideo ? [] : ["VIDEO" as const])]);
  },
  streamPropertyChanged: ({ stream, changedProperty, newValue }: { stream: OT.Stream; changedProperty: string; newValue: unknown }) => {
    const kind = changedProperty === "hasAudio" ? "AUDIO" : changedProperty === "hasVideo" ? "VIDEO" : undefined;
    if (kind) mute(stream.streamId, kind, !newValue);
  },
  sessionConnected: () => {
    itself(session.connection!.connectionId);
    state("connected", true);
  },
  sessionReconnecting: () => state("connecting again", true),
  sessionReconnected: () => state("connected", true),
  sessionDisconnected: ({ reason }: { reason: string }) => {
    publisher = undefined;
    state(reason === "clientDisconnected" ? "not connected" : `not connected: ${reason}`, false);
  },
});
session.on("signal:chat", ({ from, data }) => {
  const { name = "", text = data ?? "" } = JSON.parse(data ?? "{}") as { name?: string; text?: string };
  say(name || from?.data || "", text);
});

onJoin((name, how) => new Promise((resolve) => {
  session.connect(find<HTMLInputElement>("token").value.trim(), (error) => {
    resolve();
    if (error) {
      done(error);
      state("not connected", false);
      return;
    }
    if (how === "viewer") return;
    publisher = OT.initPublisher(undefined, { name, insertDefaultUI: false, ...(how === "screen" ? { videoSource: "screen" } : {}) }, done);
    put(publisher, "own", name, true, []);
    session.publish(publisher, done);
  });
}));

onSwitch("audio", async (on) => { publisher?.publishAudio(on); });
onSwitch("video", async (on) => { publisher?.publishVideo(on); });
onWrite((text) => session.signal({ type: "chat", data: JSON.stringify({ name: find<HTMLInputElement>("name").value, text }) }, done));
find("leave").addEventListener("click", () => { void session.disconnect(); });

find<HTMLInputElement>("name").value = link.get("name") ?? "";
find<HTMLInputElement>("token").value = link.get("token") ?? "";
