// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What goes on now: rooms, and of one room who sends and gets what.
import { useEffect, useRef, useState } from "preact/hooks";
import { at, call, follow, Refusal } from "../api";
import { At, Problem, Shown, Title } from "../parts";
import { href } from "../route";
import { safe } from "../safe";
import { useAsk, useShared } from "../state";
import { length } from "../time";
import { plural } from "../words";

interface Rooms {
  at: string;
  rooms: { room_id: string; room_name: string; session_id: string; since: string; locked: boolean; peers: number; tracks: number }[];
  total: number;
  peers: number;
}

interface Path {
  state: string;
  protocol: string;
  remote_type: string;
  rtt_ms: number | null;
  loss: number | null;
  bitrate: number | null;
  score: number;
}

interface Gate {
  track_id: string;
  kind: string;
  from: string;
  from_name: string;
  state: string;
  since: string | null;
  wanted: string;
  target: string;
  current: string;
  keyframe_requests: number;
  keyframes: number;
}

interface Peer {
  peer_id: string;
  name: string;
  user_id: string;
  role: string;
  away: boolean;
  measured: boolean;
  up: Path | null;
  down: Path | null;
  tracks: { track_id: string; kind: string; source: string; muted: boolean; layers: { layer: string; bitrate: number }[] | null }[] | null;
  open: number;
  gates: Gate[] | null;
}

interface Room {
  at: string;
  room_id: string;
  room_name: string;
  session_id: string;
  since: string;
  locked: boolean;
  peers: Peer[] | null;
}

export function LiveRooms() {
  const asked = useAsk("live", (signal) => call<Rooms>("GET", "/api/v1/live", undefined, signal), 5000);
  return (
    <>
      <Title name="Live">Live</Title>
      <Shown of={asked}>
        {(l) => l.rooms.length === 0 ? <p class="empty">Nobody is in a call.</p> : (
          <>
            <p class="muted" role="status">{plural(l.total, "room")}, {plural(l.peers, "person", "people")}</p>
            <ul class="rows">
              {l.rooms.map((r) => (
                <li key={r.room_id}>
                  <a data-row href={href("live", r.room_id)}>
                    <span class="name">{safe(r.room_name || r.room_id, 80)}</span>
                    <span>{plural(r.peers, "person", "people")}</span> <span>{plural(r.tracks, "track")}</span>
                    <span class="muted">for {length(Date.now() - Date.parse(r.since))}{r.locked && " · locked"}</span>
                  </a>
                </li>
              ))}
            </ul>
          </>
        )}
      </Shown>
    </>
  );
}

/** A room as it is measured, once a second, while the page is seen. */
function useLive(id: string) {
  const [room, setRoom] = useState<Room>();
  const [error, setError] = useState<Refusal>();
  const [over, setOver] = useState(false);
  const [turn, again] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    const seen = () => (document.hidden ? stop.abort() : undefined);
    document.addEventListener("visibilitychange", seen);
    const back = () => !document.hidden && stop.signal.aborted && again((n) => n + 1);
    document.addEventListener("visibilitychange", back);
    follow(at`/api/v1/live/${id}/stream`, stop.signal, (event, data) => {
      if (event === "live") setRoom(JSON.parse(data) as Room), setError(undefined), setOver(false);
      if (event === "end") setOver(true);
    }).catch((problem: unknown) => {
      if (!stop.signal.aborted) setError(problem instanceof Refusal ? problem : new Refusal(0, "", "The connection to the server is lost."));
    });
    return () => {
      stop.abort();
      document.removeEventListener("visibilitychange", seen);
      document.removeEventListener("visibilitychange", back);
    };
  }, [id, turn]);
  return { room, error, over, again: () => again((n) => n + 1) };
}

export function LiveRoom({ id }: { id: string }) {
  const { room, error, over, again } = useLive(id);
  const { may } = useShared();
  const [odd, setOdd] = useState(false);
  const name = safe(room?.room_name || id, 80);
  if (error?.fault === "session.not_active" || error?.fault === "room.not_found") {
    return <><Title name="Live">{name}</Title><p class="empty">Nobody is in this room now. <button onClick={again}>Look again</button> <a href="#/live">All rooms</a></p></>;
  }
  const stale = room && Date.now() - Date.parse(room.at) > 40_000;
  const peers = (room?.peers ?? []).filter((p) => !odd || notFine(p));
  return (
    <>
      <Title name={name}>{name}{room && <> · live {length(Date.now() - Date.parse(room.since))} · {room.peers?.length ?? 0} in</>}</Title>
      {error && <Problem error={error} again={again} half={!!room} />}
      {over && <p class="note" role="status">The call is over. <button onClick={again}>Look again</button></p>}
      {stale && <p class="note" role="status">No news for 40 s: what is shown may be old.</p>}
      {room && (
        <>
          <p><label><input type="checkbox" checked={odd} onChange={(e) => setOdd(e.currentTarget.checked)} /> Only what is not fine</label></p>
          {peers.length === 0 && <p class="muted">{odd ? "Everything is fine." : "Nobody is there."}</p>}
          <div class="scroll" tabIndex={0} role="region" aria-label="People in this room">
            <table class="cards">
              <thead><tr><th>Who</th><th>Path</th><th>Up</th><th>Down</th><th>RTT</th><th>Loss</th><th>Not received</th>{may("operate") && <th>Act</th>}</tr></thead>
              <tbody>{peers.map((p) => <Row key={p.peer_id} p={p} room={room} />)}</tbody>
            </table>
          </div>
          {may("operate") && <Acts room={room} />}
          <p class="muted"><a href={href("session", room.session_id)}>The session so far</a> · measured <At at={room.at} short />, once a second while you look</p>
        </>
      )}
    </>
  );
}

const notFine = (p: Peer) => p.away || !p.measured || !!p.gates?.length || [p.up, p.down].some((x) => x && (x.state !== "connected" || (x.loss ?? 0) > 0.02));

const kbit = (bits: number | null | undefined) => (bits == null ? "–" : bits >= 1e6 ? `${(bits / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bits / 1000)} kbit/s`);

function Row({ p, room }: { p: Peer; room: Room }) {
  const { may } = useShared();
  const path = p.down ?? p.up;
  const bad = [p.up, p.down].find((x) => x && x.state !== "connected");
  return (
    <tr class={notFine(p) ? "odd" : ""}>
      <th scope="row">{safe(p.name || p.user_id || p.peer_id, 60)} <span class="muted">{safe(p.role, 30)}{p.away && " · away"}</span></th>
      <td data-name="Path">{bad ? <strong>{bad.state}</strong> : path ? `${path.protocol}, ${path.remote_type}` : "–"}</td>
      <td data-name="Up">{kbit(p.up?.bitrate)}</td>
      <td data-name="Down">{kbit(p.down?.bitrate)}</td>
      <td data-name="RTT">{p.down?.rtt_ms == null ? "–" : `${Math.round(p.down.rtt_ms)} ms`}</td>
      <td data-name="Loss">{p.down?.loss == null ? "–" : `${(p.down.loss * 100).toFixed(1)} %`}</td>
      <td data-name="Not received">
        {p.gates?.length
          ? <ul class="plain">{p.gates.map((g) => <li key={g.track_id}>{safe(g.from_name || "somebody", 40)} {g.kind}: <strong>{g.state}</strong>{g.since && `, ${length(Math.max(0, Date.parse(room.at) - Date.parse(g.since)))}`}{g.state === "keyframe" && `, asked ${g.keyframe_requests}, came ${g.keyframes}`}</li>)}</ul>
          : p.measured ? "–" : "not known"}
      </td>
      {may("operate") && (
        <td data-name="Act">
          <Act label="Mute" name={p.name} what={`Mute ${safe(p.name || "them", 40)}`} how={() => call("POST", at`/v2/active-rooms/${room.room_id}/peers/${p.peer_id}/mute`, {})} />
          <Act label="Remove" name={p.name} danger what={`Remove ${safe(p.name || "them", 40)}`} how={() => call("POST", at`/v2/active-rooms/${room.room_id}/remove-peers`, { peer_id: p.peer_id, reason: "removed by an operator" })} />
        </td>
      )}
    </tr>
  );
}

const patience = 5; // seconds in which an action can be taken back

/** An action that names whom it is about and waits for second thoughts. */
function Act({ label, name, what, how, danger = false }: { label: string; name: string; what: string; how: () => Promise<unknown>; danger?: boolean }) {
  const { say } = useShared();
  const [left, setLeft] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    if (!left) return;
    timer.current = setTimeout(() => {
      if (left > 1) return setLeft(left - 1);
      setLeft(0);
      how().then(() => say(what + ": done."), (error: unknown) => say(what + ": " + (error instanceof Error ? error.message : String(error))));
    }, 1000);
    return () => clearTimeout(timer.current);
  }, [left]);
  return left
    ? <button class="danger" onClick={() => setLeft(0)}>Undo: {what} in {left}</button>
    : <button class={danger ? "danger" : ""} aria-label={`${label} ${safe(name, 40)}`} onClick={() => setLeft(patience)}>{label}</button>;
}

function Acts({ room }: { room: Room }) {
  const { say } = useShared();
  const [ending, setEnding] = useState(false);
  const [typed, setTyped] = useState("");
  const lock = room.locked ? "Unlock" : "Lock";
  const wanted = room.room_name || room.room_id;
  return (
    <div class="actions">
      <Act label={lock} name={room.room_name} what={`${lock} ${safe(room.room_name, 40)}`} how={() => call("POST", at`/v2/rooms/${room.room_id}/${room.locked ? "unlock" : "lock"}`, {})} />
      {ending ? (
        <form onSubmit={(e) => {
          e.preventDefault();
          if (typed !== wanted) return say("That is not the room's name.");
          setEnding(false);
          call("POST", at`/v2/active-rooms/${room.room_id}/end-room`, { reason: "ended by an operator" }).then(() => say("Ended."), (error: Error) => say(error.message));
        }}>
          <label>Write “{safe(wanted, 60)}” to end the call of {plural(room.peers?.length ?? 0, "person", "people")} <input value={typed} onInput={(e) => setTyped(e.currentTarget.value)} autocomplete="off" /></label>
          <button class="danger">End the call</button> <button type="button" onClick={() => setEnding(false)}>Cancel</button>
        </form>
      ) : <button class="danger" onClick={() => setEnding(true)}>End…</button>}
    </div>
  );
}
