// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A session: who was there, and what happened to whom, on two lanes.
import { useEffect } from "preact/hooks";
import { at, call, query, Refusal } from "../api";
import { Lanes, type Mark } from "../lanes";
import { At, Copy, Problem, Shown, Sure, Title } from "../parts";
import { href, type Route } from "../route";
import { safe } from "../safe";
import type { Diagnosis } from "../shapes";
import { useAsk, useShared } from "../state";
import { length, span } from "../time";
import { couldNot, plural, who } from "../words";

interface Peer {
  id: string;
  name: string;
  role: string;
  user_id: string;
  joined_at: string;
  left_at?: string;
  reason?: string;
}

interface Session {
  id: string;
  room_id: string;
  room_name: string;
  active: boolean;
  peers: Record<string, Peer>;
  created_at: string;
  ended_at?: string;
}

interface Tracks {
  events: { timestamp: string; type: string; data: { peer_id?: string; type?: string; source?: string; mute?: boolean }; redial?: { happened?: string } }[];
}

const most = 200; // people that are shown; those with failures first

export function SessionPage({ id, route }: { id: string; route: Route }) {
  const asked = useAsk(id, async (signal) => {
    const half = (error: unknown) => { // half an answer is shown as half
      if (error instanceof Refusal && error.status === 404) return error;
      throw error;
    };
    const [session, failures, tracks] = await Promise.all([
      call<Session>("GET", at`/v2/sessions/${id}`, undefined, signal).catch(half),
      call<{ diagnoses: Diagnosis[]; total: number }>("GET", "/api/v1/diagnoses" + query({ session_id: id, order: "asc", limit: 50 }), undefined, signal),
      call<Tracks>("GET", "/v2/analytics/events" + query({ session_id: id, limit: 100 }) + ["track.add.success", "track.update.success", "track.remove.success"].map((t) => "&type=" + t).join(""), undefined, signal)
        .catch(half),
    ]);
    return { session: session instanceof Refusal ? remembered(id, failures.diagnoses) : session, gone: session instanceof Refusal ? session : undefined, failures, tracks };
  });
  return (
    <Shown of={asked} rows={8} heading="Session">
      {({ session, gone, ...d }) => session
        ? <Told {...d} session={session} gone={gone} peer={route.query.get("peer") ?? ""} />
        : <><Title name="No such session">This session is not on record</Title>{gone && <Problem error={gone} />}</>}
    </Shown>
  );
}

/** A session of which only failures are left. */
function remembered(id: string, failures: Diagnosis[]): Session | undefined {
  const sorted = failures.map((d) => d.failure).sort((a, b) => a.happened.localeCompare(b.happened));
  const first = sorted[0], last = sorted[sorted.length - 1];
  if (!first || !last) return undefined;
  const peers: Record<string, Peer> = {};
  for (const { failure: f } of failures) {
    if (f.peer_id) peers[f.peer_id] ??= { id: f.peer_id, name: f.user_name ?? "", role: f.role ?? "", user_id: f.user_id ?? "", joined_at: "" };
  }
  return { id, room_id: first.room_id ?? "", room_name: first.room_name ?? "", active: false, peers, created_at: first.happened, ended_at: last.happened };
}

function Told({ session, gone, failures, tracks, peer }: { session: Session; gone?: Refusal; failures: { diagnoses: Diagnosis[]; total: number }; tracks: Tracks | Refusal; peer: string }) {
  const { zone } = useShared();
  const roots = failures.diagnoses.filter((d) => !d.verdict.leads || !failures.diagnoses.some((o) => o.failure.id === d.verdict.leads));
  const ofPeer = (id: string) => roots.filter((d) => d.failure.peer_id === id);
  const peers = Object.values(session.peers).sort((a, b) =>
    Number(b.id === peer) - Number(a.id === peer) || ofPeer(b.id).length - ofPeer(a.id).length || a.joined_at.localeCompare(b.joined_at));
  const until = session.ended_at ?? new Date().toISOString();
  const name = safe(session.room_name || session.room_id, 80);
  useEffect(() => {
    if (peer) document.getElementById("peer-" + peer)?.scrollIntoView({ block: "nearest" });
  }, [peer]);
  return (
    <article>
      <Title name={name}>{name} · {span(new Date(session.created_at), new Date(until), zone)}</Title>
      <p class="muted">
        {plural(peers.length, "person", "people")} · {length(Date.parse(until) - Date.parse(session.created_at))}
        {" · "}{roots.length ? `${roots.length} ${roots.length === 1 ? "incident" : "incidents"}` : "nothing failed"}
        {session.active && <> · <a href={href("live", session.room_id)}>still running</a></>} · <Copy text={location.href} label="Copy link" class="quiet" />
      </p>
      {failures.total > failures.diagnoses.length && <p class="note">Of {failures.total} failures the first {failures.diagnoses.length} are shown.</p>}
      {gone && <p class="note">The session itself is not on record any more; this is what failed in it.</p>}
      {tracks instanceof Refusal && <Problem error={tracks} half />}
      {peers.slice(0, most).map((p) => (
        <section key={p.id} id={"peer-" + p.id} class="person">
          <h2>{who({ user_name: p.name, user_id: p.user_id, peer_id: p.id })} <span class="muted">{safe(p.role, 40)} {p.joined_at && <> · <At at={p.joined_at} short /> to </>}{!p.joined_at ? "" : p.left_at ? <At at={p.left_at} short /> : "now"}{p.reason && ` · ${safe(p.reason, 60)}`}</span></h2>
          <Lanes marks={marksOf(p, failures.diagnoses, tracks)} />
          {ofPeer(p.id).map((d) => (
            <p key={d.failure.id} class="incident">
              <a data-row href={href("failure", d.failure.id)}><At at={d.failure.happened} short /> {safe(d.verdict.says, 200)}</a> <Sure of={d.verdict.confidence} />
              {!!d.verdict.follows?.length && <span class="muted"> and {d.verdict.follows.length} that follow</span>}
            </p>
          ))}
        </section>
      ))}
      {peers.length > most && <p class="muted">{peers.length - most} more, with whom nothing failed.</p>}
      {roots.some((d) => !d.failure.peer_id || !session.peers[d.failure.peer_id]) && (
        <section>
          <h2>Who never got in</h2>
          {roots.filter((d) => !d.failure.peer_id || !session.peers[d.failure.peer_id]).map((d) => (
            <p key={d.failure.id}><a data-row href={href("failure", d.failure.id)}><At at={d.failure.happened} short /> {who(d.failure)} {couldNot(d.failure.type)}: {safe(d.verdict.says, 200)}</a></p>
          ))}
        </section>
      )}
    </article>
  );
}

function marksOf(p: Peer, all: Diagnosis[], tracks: Tracks | Refusal): Mark[] {
  const marks: Mark[] = p.joined_at ? [{ at: p.joined_at, lane: "server", text: "joined", bad: false }] : [];
  if (p.left_at) marks.push({ at: p.left_at, lane: "server", text: "left" + (p.reason ? `: ${safe(p.reason, 60)}` : ""), bad: false });
  for (const d of all.filter((o) => o.failure.peer_id === p.id)) {
    for (const lane of d.failure.source === "both" ? ["client", "server"] : [d.failure.source]) {
      marks.push({ at: d.failure.happened, lane, text: couldNot(d.failure.type) + (d.failure.fault ? ` (${d.failure.fault})` : ""), bad: true, href: href("failure", d.failure.id) });
    }
  }
  if (!(tracks instanceof Refusal)) {
    for (const e of tracks.events.filter((o) => o.data.peer_id === p.id)) {
      const what = { "track.add.success": "published", "track.update.success": e.data.mute ? "muted" : "unmuted", "track.remove.success": "stopped" }[e.type] ?? e.type;
      marks.push({ at: e.redial?.happened ?? e.timestamp, lane: "server", text: `${what} ${safe(e.data.source && e.data.source !== "regular" ? e.data.source + " " : "", 30)}${safe(e.data.type ?? "", 10)}`, bad: false });
    }
  }
  return marks;
}
