// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What goes on now: rooms, and of one room who sends and gets what.
import { useEffect, useRef, useState } from "preact/hooks";
import { asRefusal, at, call, follow, type Refusal } from "../api";
import { Act } from "../deeds";
import { byNeed, inPlace, mutedIn, named, notFine, troubled, type Gate, type Peer, type Room, type Rooms } from "../live";
import { At, Problem, Shapes, Shown, Title } from "../parts";
import { href } from "../route";
import { safe } from "../safe";
import { useAsk, useShared } from "../state";
import { length } from "../time";
import { plural, who } from "../words";
import { mute, remove, RoomActs } from "./live-acts";

const most = 100; // rows that are drawn before somebody asks for more
const few = 12; // people of whom all are shown at first

const lasted = (since: string, now: string) => length(Math.max(0, Date.parse(now) - Date.parse(since)));

export function LiveRooms() {
  const asked = useAsk("live", (signal) => call<Rooms>("GET", "/api/v1/live", undefined, signal), 5000);
  const [text, setText] = useState("");
  const [all, setAll] = useState(false);
  return (
    <>
      <Title name="Live">Live</Title>
      <Shown of={asked}>
        {(l) => {
          if (l.rooms.length === 0) return <p class="empty">Nobody is in a call.</p>;
          const found = named(l.rooms, text);
          return (
            <>
              <p class="muted">{plural(l.total, "room")}, {plural(l.peers, "person", "people")}{l.total > l.rooms.length && `; the ${l.rooms.length} largest are listed`}</p>
              {l.rooms.length > few && <label class="field">Room <input value={text} onInput={(e) => setText(e.currentTarget.value)} autocomplete="off" spellcheck={false} maxLength={128} /></label>}
              {found.length === 0 && <p class="empty">No room with people in it has this in its name.</p>}
              {found.length > 0 && (
                <ul class="rows">
                  {found.slice(0, all ? undefined : most).map((r) => (
                    <li key={r.room_id}>
                      <a data-row href={href("live", r.room_id)}>
                        <span class="name">{safe(r.room_name || r.room_id, 80)}</span>
                        <span>{plural(r.peers, "person", "people")}</span> <span>{plural(r.tracks, "track")}</span>
                        <span class="muted">for {lasted(r.since, l.at)}{r.locked && " · locked"}</span>
                      </a>
                    </li>
                  ))}
                </ul>
              )}
              {found.length > most && !all && <p><button onClick={() => setAll(true)}>Show all {found.length}</button></p>}
            </>
          );
        }}
      </Shown>
    </>
  );
}

const silent = 40_000; // ms without news after which what is shown may be old
const absent = ["session.not_active", "room.not_found"];

/** A room as it is measured, once a second, while the page is seen. What breaks is begun again. */
function useLive(id: string) {
  const [room, setRoom] = useState<Room>();
  const [error, setError] = useState<Refusal>();
  const [over, setOver] = useState(false);
  const [old, setOld] = useState(false);
  const [turn, next] = useState(0);
  const again = () => next((n) => n + 1);
  useEffect(() => {
    const stop = new AbortController();
    const signal = stop.signal;
    let heard = Date.now(), timer: ReturnType<typeof setTimeout> | undefined;
    const watch = setInterval(() => setOld(Date.now() - heard > silent), 2000);
    const later = (ms: number) => void (timer = setTimeout(again, ms));
    const changed = () => (document.hidden ? (clearTimeout(timer), stop.abort()) : signal.aborted && again());
    document.addEventListener("visibilitychange", changed);
    follow(at`/api/v1/live/${id}/stream`, signal, (event, data) => {
      heard = Date.now();
      if (event === "live") setRoom(JSON.parse(data) as Room), setError(undefined), setOver(false), setOld(false);
      if (event === "end") setOver(true);
    }).then(() => later(5000), (problem: unknown) => {
      if (signal.aborted) return;
      const refusal = asRefusal(problem, "The connection to the server is lost.");
      setError(refusal);
      if (refusal.status !== 403) later(Math.max(5, refusal.after) * 1000);
    });
    return () => {
      stop.abort();
      clearInterval(watch);
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", changed);
    };
  }, [id, turn]);
  return { room, error, over, old, again };
}

/** Keeps rows where they are while somebody points at them or is among them by keyboard: no button is to move away under a hand. */
function useHeld(shown: Peer[], all: Peer[]) {
  const held = useRef<string[] | undefined>(undefined);
  const pointed = useRef(false), focused = useRef(false);
  if (held.current) shown = inPlace(held.current, shown, all);
  const ids = shown.map((p) => p.peer_id);
  if (ids.length === 0) pointed.current = focused.current = false, held.current = undefined; // nothing is left to point at
  if (held.current) held.current = ids;
  const set = (of: { current: boolean }, to: boolean) => {
    of.current = to;
    held.current = pointed.current || focused.current ? held.current ?? ids : undefined;
  };
  return {
    shown,
    on: {
      onPointerEnter: () => set(pointed, true),
      onPointerLeave: () => set(pointed, false),
      onFocusIn: (e: FocusEvent) => set(focused, e.target instanceof Element && e.target.matches(":focus-visible")),
      onFocusOut: () => set(focused, false),
    },
  };
}

export function LiveRoom({ id }: { id: string }) {
  const { room, error, over, old, again } = useLive(id);
  const { may } = useShared();
  const known = useAsk(may("read") ? "room " + id : null, (signal) => call<{ name: string }>("GET", at`/v2/rooms/${id}`, undefined, signal));
  const [odd, setOdd] = useState<boolean>(); // undefined: as the room is large or small
  const [all, setAll] = useState(false);
  const muted = mutedIn(room?.peers ?? []), peers = byNeed(room?.peers ?? [], muted), bad = peers.filter((p) => notFine(p, muted));
  const only = odd ?? peers.length > few;
  const { shown, on } = useHeld(only ? bad : peers, peers);
  const name = safe(room?.room_name || known.data?.name || id, 80);
  if (!room && error && absent.includes(error.fault)) {
    return (
      <>
        <Title name={name}>{name}</Title>
        <p class="empty" role="status">{error.fault === "room.not_found" ? "There is no such room." : "Nobody is in this room now. Whoever joins appears here."} <a data-row href="#/live">All rooms</a></p>
      </>
    );
  }
  return (
    <>
      <Title name={name}>{name}{room && <> · live {lasted(room.since, room.at)} · {peers.length} in{room.locked && " · locked"}</>}</Title>
      {error && !(over && absent.includes(error.fault)) && <Problem error={error} again={again} half={!!room} />}
      {over && <p class="note" role="status">The call is over. Whoever joins appears here. <a href="#/live">All rooms</a></p>}
      {old && !over && <p class="note" role="status">No news for {silent / 1000} s: what is shown may be old.</p>}
      {!room && !error && <Shapes />}
      {room && (
        <div class={over || old ? "stale" : ""}>
          <p>
            <label><input type="checkbox" checked={only} onChange={(e) => setOdd(e.currentTarget.checked)} /> Only what is not fine</label>{" "}
            <span class="muted">{bad.length === 0 ? "everything is fine" : `${bad.length} of ${peers.length} not fine`}</span>
          </p>
          <RoomActs room={room} />
          {shown.length > 0 && (
            <div class="scroll" tabIndex={0} role="region" aria-label="People in this room" {...on}>
              <table class="cards">
                <thead><tr><th>Who</th><th>Path</th><th>Up</th><th>Down</th><th>RTT</th><th>Loss</th><th>Not received</th>{may("operate") && <th>Act</th>}</tr></thead>
                <tbody>{shown.slice(0, all ? undefined : most).map((p) => <Row key={p.peer_id} p={p} room={room} muted={muted} />)}</tbody>
              </table>
            </div>
          )}
          {shown.length > most && !all && <p><button onClick={() => setAll(true)}>Show all {shown.length}</button></p>}
          <p class="muted"><a href={href("session", room.session_id)}>The session so far</a> · measured <At at={room.at} short />, once a second while you look; rows stay in place while you point at them</p>
        </div>
      )}
    </>
  );
}

const kbit = (bits: number | null | undefined) => (bits == null ? "–" : bits >= 1e6 ? `${(bits / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bits / 1000)} kbit/s`);

function Row({ p, room, muted }: { p: Peer; room: Room; muted: Set<string> }) {
  const { may } = useShared();
  const path = p.down ?? p.up, odd = notFine(p, muted);
  const bad = [p.up, p.down].find((x) => x && x.state !== "connected");
  return (
    <tr class={odd ? "odd" : ""} data-row tabIndex={-1}>
      <th scope="row">{odd && <span class="mark" role="img" aria-label="not fine">▲ </span>}{safe(who({ user_name: p.name, ...p }), 60)} <span class="muted">{safe(p.role, 30)}{p.away && " · away"}</span></th>
      <td data-name="Path">{bad ? <strong>{bad.state}</strong> : path ? `${path.protocol}, ${path.remote_type}` : "–"}</td>
      <td data-name="Up">{p.tracks?.length && p.tracks.every((t) => t.muted) ? "muted" : kbit(p.up?.bitrate)}</td>
      <td data-name="Down">{kbit(p.down?.bitrate)}</td>
      <td data-name="RTT">{p.down?.rtt_ms == null ? "–" : `${Math.round(p.down.rtt_ms)} ms`}</td>
      <td data-name="Loss">{p.down?.loss == null ? "–" : `${(p.down.loss * 100).toFixed(1)} %`}</td>
      <td data-name="Not received">{p.gates?.length ? <Gates of={p.gates} at={room.at} muted={muted} /> : p.measured ? "–" : "not known"}</td>
      {may("operate") && <td data-name="Act" class="act"><Act label="Mute" deed={mute(room, p)} /> <Act label="Remove" danger deed={remove(room, p)} /></td>}
    </tr>
  );
}

const lines = 4; // gates of one person that are told one by one

/** What somebody does not receive and why; of many, the rest is counted. */
function Gates({ of, at: now, muted }: { of: Gate[]; at: string; muted: Set<string> }) {
  const state = (g: Gate) => (muted.has(g.track_id) ? "muted" : g.state);
  const sorted = [...of].sort((a, b) => Number(troubled(b, muted)) - Number(troubled(a, muted)));
  return (
    <ul class="plain">
      {sorted.slice(0, lines).map((g) => (
        <li key={g.track_id}>
          {safe(g.from_name || "somebody", 40)} {g.kind}: <strong>{state(g)}</strong>{g.since && `, ${lasted(g.since, now)}`}
          {state(g) === "keyframe" && `, asked ${g.keyframe_requests}, came ${g.keyframes}`}
        </li>
      ))}
      {sorted.length > lines && <li class="muted">and {sorted.length - lines} more: {counted(sorted.slice(lines).map(state))}</li>}
    </ul>
  );
}

function counted(states: string[]): string {
  const by = new Map<string, number>();
  for (const state of states) by.set(state, (by.get(state) ?? 0) + 1);
  return [...by].map(([state, n]) => `${n} ${state}`).join(", ");
}
