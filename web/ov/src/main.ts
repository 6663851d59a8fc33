// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * A call on openvidu-browser as it is published, as an app of OpenVidu 2 makes it.
 * What to join is in the fragment of the address, which is never sent to a server:
 *
 *   #token=wss://...           a connection's token, as a backend gives it out, good once
 *   #session=demo&secret=...   the page makes a connection itself, as a backend does:
 *                              for trying only, since that secret opens every session
 *   #name=Ann                  the name to suggest
 */
import { OpenVidu, type Connection, type Publisher, type Session, type StreamManager } from "openvidu-browser";
import { explain } from "../../faults";
import { blocked, find, itself, mute, onJoin, onSwitch, onWrite, remove, say, show, speaking, state, tile } from "../../watch/src/stage";

const link = new URLSearchParams(location.hash.slice(1));
const openVidu = new OpenVidu();
openVidu.enableProdMode(); // says errors only

let session: Session | undefined;
let publisher: Publisher | undefined;

/** The name that an app gave somebody: JSON of the client's, before what the backend said. */
function nameOf({ data, connectionId }: Connection): string {
  try {
    return String(JSON.parse(data.split("%/%")[0]!).clientData ?? connectionId);
  } catch {
    return connectionId;
  }
}

/** Shows what the client failed with. Some errors of the server it makes a text of, which ends with their JSON. */
function failed(e: any): void {
  const text = String(e?.message ?? e);
  let told = e;
  try {
    told = JSON.parse(/\{"code":.*\}/s.exec(text)?.[0] ?? "");
  } catch { /* it is the client's own */ }
  const name = String(told?.data?.name ?? told?.name ?? "Error");
  const fault = told?.data?.fault ?? told?.fault ?? explain({ name, message: text })?.fault.id;
  show({ code: typeof told?.code === "number" ? told.code : undefined, name, text: String(told?.message ?? text), fault });
}

const attempt = (run: () => unknown) => Promise.resolve().then(run).then(() => {}, (e) => { failed(e); throw e; });

/** A call of the backend's API; its refusal is thrown as it is. */
async function api(path: string, body: unknown, fine: number[] = []): Promise<any> {
  const res = await fetch(`/openvidu/api${path}`, {
    method: "POST",
    credentials: "omit", // or a wrong secret makes the browser ask for a password
    headers: { "content-type": "application/json", authorization: `Basic ${btoa(`OPENVIDUAPP:${link.get("secret")}`)}` },
    body: JSON.stringify(body),
  });
  const said = await res.json().catch(() => ({}));
  if (!res.ok && !fine.includes(res.status)) throw { ...said, code: res.status, name: said.error ?? "HTTP" };
  return said;
}

/** The token to join with: the one in the form, or one of a connection made now. */
async function token(role: string): Promise<string> {
  const given = find<HTMLInputElement>("token").value.trim();
  const name = link.get("session");
  if (given || !name) return given;
  await api("/sessions", { customSessionId: name }, [409]); // it may be there
  return (await api(`/sessions/${encodeURIComponent(name)}/connection`, { role })).token;
}

function put(manager: StreamManager): void {
  const { stream } = manager;
  const muted = [...(stream.audioActive ? [] : ["AUDIO" as const]), ...(stream.videoActive ? [] : ["VIDEO" as const])];
  const { connection } = stream;
  manager.addVideoElement(tile({ id: connection.connectionId, name: nameOf(connection), local: !manager.remote, muted }));
}

function listen(to: Session): void {
  to.on("streamCreated", ({ stream }) => attempt(async () => put(await to.subscribeAsync(stream, undefined as never))).catch(() => {}));
  to.on("streamDestroyed", ({ stream }) => remove(stream.connection.connectionId));
  to.on("streamPropertyChanged", ({ stream, changedProperty, newValue }) => {
    const kind = changedProperty === "audioActive" ? "AUDIO" : changedProperty === "videoActive" ? "VIDEO" : undefined;
    if (kind) mute(stream.connection.connectionId, kind, !newValue);
  });
  to.on("signal:chat", ({ from, data }) => say(from ? nameOf(from) : "", data ?? ""));
  to.on("publisherStartSpeaking", ({ connection }) => speaking(connection.connectionId, true));
  to.on("publisherStopSpeaking", ({ connection }) => speaking(connection.connectionId, false));
  to.on("reconnecting", () => state("connecting again", true));
  to.on("reconnected", () => state("connected", true));
  to.on("sessionDisconnected", ({ reason }) => {
    publisher = session = undefined;
    state(reason === "disconnect" ? "not connected" : `not connected: ${reason}`, false);
  });
  to.on("networkQualityLevelChanged", ({ connection, newValue, oldValue }) => {
    if (connection.connectionId !== to.connection?.connectionId) return;
    if (newValue === 0) {
      blocked(); // the server knows; the browser may go on trying for minutes
      show({ name: "networkQualityLevelChanged 0", text: "The server gets no sound and no picture through.", fault: "ice.slow" });
    } else if (oldValue === 0) {
      state("connected", true);
    }
  });
  to.on("exception", failed);
}

onJoin(async (name, how) => {
  const viewer = how === "viewer";
  const made = openVidu.initSession();
  await attempt(async () => {
    listen(made);
    await made.connect(await token(viewer ? "SUBSCRIBER" : "PUBLISHER"), { clientData: name });
    session = made;
    itself(made.connection.connectionId);
    state("connected", true);
  }).catch(() => state("not connected", false));
  if (session !== made || viewer) return;
  // Without a camera somebody is in the call all the same.
  await attempt(async () => {
    publisher = await openVidu.initPublisherAsync(undefined as never, { mirror: how !== "screen", ...(how === "screen" && { videoSource: "screen" }) });
    publisher.on("streamDestroyed", ({ stream }) => remove(stream.connection.connectionId));
    await made.publish(publisher);
    put(publisher);
  }).catch(() => {});
});

onSwitch("audio", async (on) => publisher?.publishAudio(on));
onSwitch("video", async (on) => publisher?.publishVideo(on).then(() => {}));
onWrite((data) => attempt(() => session?.signal({ type: "chat", data })));
find("leave").addEventListener("click", () => session?.disconnect());

find<HTMLInputElement>("name").value = link.get("name") ?? "";
find<HTMLInputElement>("token").value = link.get("token") ?? "";
find("token").parentElement!.hidden = link.has("session");
