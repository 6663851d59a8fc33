// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What can be done in a running room, and what it is called in the audit.
import { useEffect, useRef, useState } from "preact/hooks";
import { asRefusal, at, call, type Refusal } from "../api";
import { Act, type Deed } from "../deeds";
import { lookAgain } from "../injected";
import type { Peer, Room } from "../live";
import { Problem } from "../parts";
import { safe } from "../safe";
import { useAsk, useShared } from "../state";
import { plural, who } from "../words";

const called = (p: Peer) => safe(who({ user_name: p.name, ...p }), 40);

/** Asks somebody to mute what they send; there is no unmuting for others. */
export const mute = (room: Room, p: Peer): Deed => ({
  key: "mute " + p.peer_id, what: "Mute " + called(p), audit: "peer.mute",
  how: async () => {
    const asked = await call<{ tracks: string[] }>("POST", at`/v2/active-rooms/${room.room_id}/peers/${p.peer_id}/mute`, {});
    return asked.tracks.length ? `${called(p)} was asked to mute ${plural(asked.tracks.length, "track")}.` : `${called(p)} sends nothing that is not muted.`;
  },
});

export const remove = (room: Room, p: Peer): Deed => ({
  key: "remove " + p.peer_id, what: "Remove " + called(p), audit: "peer.remove",
  how: () => call("POST", at`/v2/active-rooms/${room.room_id}/remove-peers`, { peer_id: p.peer_id, reason: "removed by an operator" }),
});

const lock = (room: Room): Deed => {
  const [to, verb] = room.locked ? ["Unlock", "unlock"] : ["Lock", "lock"];
  return { key: "lock " + room.room_id, what: `${to} ${safe(room.room_name || room.room_id, 40)}`, audit: "room." + verb, how: () => call("POST", at`/v2/rooms/${room.room_id}/${verb}`, {}) };
};

export function RoomActs({ room }: { room: Room }) {
  const { may, me } = useShared();
  return (
    <div class="actions">
      {may("operate") && <><Act label={room.locked ? "Unlock" : "Lock"} deed={lock(room)} /><End room={room} /></>}
      {may("inject") && me.inject && <Provoke room={room} />}
    </div>
  );
}

const plain = (text: string) => text.replace(/\s+/g, " ").trim();

/** What has the focus when something opens, and not again with each news of the room. */
function useFocus(open: boolean) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (open) field.current?.focus();
  }, [open]);
  return field;
}

function End({ room }: { room: Room }) {
  const { say } = useShared();
  const [open, setOpen] = useState(false);
  const field = useFocus(open);
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState("");
  // A name that cannot be read off the page cannot be written: then it is the id.
  const name = plain(room.room_name), wanted = name && name === safe(name, 60) ? name : room.room_id;
  if (!open) return <button class="danger" onClick={() => setOpen(true)}>End…</button>;
  return (
    <form class="asks" onSubmit={(e) => {
      e.preventDefault();
      if (plain(typed) !== wanted) return setWrong(`That is not the room's ${wanted === name ? "name" : "id"}.`);
      setOpen(false);
      call("POST", at`/v2/active-rooms/${room.room_id}/end-room`, { reason: "ended by an operator" }).then(() => say("The call was ended."), (error: Error) => say("It was not ended: " + error.message));
    }}>
      <label class="field">Write “{wanted}” to end the call of {plural(room.peers?.length ?? 0, "person", "people")}
        <input ref={field} value={typed} onInput={(e) => (setTyped(e.currentTarget.value), setWrong(""))} autocomplete="off" aria-describedby="end-wrong" />
      </label>
      <p id="end-wrong" role="alert" class="wrong">{wrong}</p>
      <button class="danger" title="In the audit: room.end">End the call</button> <button type="button" onClick={() => (setOpen(false), setTyped(""))}>Cancel</button>
    </form>
  );
}

/** What can be provoked on this server. */
interface Possible {
  mechanisms: { name: string; about: string; for: string }[];
  causes: { id: string; about: string; inside?: boolean }[];
  faults: { id: string; at: string[] }[];
}

const spans: [string, string][] = [["", "as long as usual"], ["10s", "10 seconds"], ["30s", "30 seconds"], ["1m", "a minute"], ["5m", "5 minutes"]];

/** Provokes a fault in the room; it counts down, and is stopped, in the bar of every page. */
function Provoke({ room }: { room: Room }) {
  const { say } = useShared();
  const [open, setOpen] = useState(false);
  const field = useFocus(open);
  const [what, setWhat] = useState("");
  const [peer, setPeer] = useState("");
  const [lasts, setLasts] = useState("");
  const [error, setError] = useState<Refusal>();
  const sent = useRef(false); // pressed twice it is provoked once
  const asked = useAsk(open ? "possible" : null, (signal) => call<Possible>("GET", "/api/v1/injections", undefined, signal));
  if (!open) return <button onClick={() => setOpen(true)}>Provoke…</button>;
  const named = what.trim();
  const cause = asked.data?.causes.find((c) => c.id === named);
  const mechanism = asked.data?.mechanisms.find((m) => m.name === named);
  const once = mechanism?.for === "0s"; // it is done at once, and lasts no time
  return (
    <form class="asks" onSubmit={(e) => {
      e.preventDefault();
      if (sent.current) return;
      sent.current = true;
      const by = cause && !asked.data?.faults.some((f) => f.id === named) ? { cause: named } : { fault: named };
      call("POST", "/api/v1/injections", { ...by, room: room.room_id, ...(peer && { peer }), ...(lasts && !once && { for: lasts }) }).then(
        () => (setOpen(false), setWhat(""), setError(undefined), say(`Provoked: ${safe(named, 60)}.`), lookAgain()),
        (refusal: unknown) => setError(asRefusal(refusal))).finally(() => void (sent.current = false));
    }}>
      {error && <Problem error={error} />}
      <label class="field">What
        <input ref={field} list="possible" value={what} onInput={(e) => (setWhat(e.currentTarget.value), setError(undefined))} required maxLength={128} autocomplete="off" spellcheck={false} placeholder="loss, room.full, 4005" aria-describedby="about" />
      </label>
      <datalist id="possible">
        {asked.data?.mechanisms.map((m) => <option key={m.name} value={m.name}>{m.about}</option>)}
        {asked.data?.causes.filter((c) => c.inside).map((c) => <option key={c.id} value={c.id}>{c.about}</option>)}
      </datalist>
      <p id="about" class="muted">{cause?.about ?? mechanism?.about ?? "A mechanism, a cause, a fault of the catalogue, or a vendor's code."}</p>
      <label class="field">On
        <select value={peer} onChange={(e) => setPeer(e.currentTarget.value)}>
          <option value="">everybody in the room</option>
          {room.peers?.map((p) => <option key={p.peer_id} value={p.peer_id}>{called(p)}</option>)}
        </select>
      </label>
      {!once && (
        <label class="field">For
          <select value={lasts} onChange={(e) => setLasts(e.currentTarget.value)}>{spans.map(([value, label]) => <option key={value} value={value}>{label}</option>)}</select>
        </label>
      )}
      <button class="danger" title="In the audit: injection.add">Provoke</button> <button type="button" onClick={() => (setOpen(false), setError(undefined))}>Cancel</button>
    </form>
  );
}
