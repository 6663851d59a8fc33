// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A session: who was there, and what happened to whom, on two lanes.
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { at, call, query, Refusal, unsupported } from "../api";
import { Known, type Moment } from "../asked";
import { ndjson } from "../exports";
import { step } from "../keys";
import { At, Copy, Problem, save, Shown, Sure, Title } from "../parts";
import { href, type Route } from "../route";
import { safe } from "../safe";
import type { Diagnosis } from "../shapes";
import { idly, memo, useAsk, useInSight, useShared, useWhenIdle } from "../state";
import { Strip } from "../strip";
import { apart, clock, length, span } from "../time";
import { clockOf, decode, first, fold, windowOf, type Clock, type Columns, type Incident, type Marks, type Report, type Scale } from "../timeline";
import { couldNot, late, plural, who } from "../words";

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

interface Late {
  happened?: string;
  happened_error_ms?: number;
}

/** An event, as far as it says how far a client's clock was off. */
interface Told {
  timestamp: string;
  data: { peer_id?: string; user_id?: string; user_name?: string; role?: string; room_id?: string; room_name?: string };
  redial?: Late & { client_timestamp?: string; source?: string; client?: Late & { at?: string; taken?: string } };
}

interface Asked {
  session: Session;
  gone?: Refusal;
  columns: Columns;
  drawn: boolean; // false: the store of events draws none, and columns are the failures alone
  clocks: Record<string, Clock>;
}

type Window = [from: number, to: number]; // ms since 1970

interface Failures {
  diagnoses: Diagnosis[];
  total: number;
}

const most = 200; // people that are shown; those with failures first
const failed = ["client.connect.failed", "client.join.failed", "client.publish.failed", "client.subscribe.failed", "client.disconnected"];
const types = (list: string[]) => list.map((t) => "&type=" + t).join("");
const noFailures: Failures = { diagnoses: [], total: 0 };
const none: Columns = { total: 0, complete: true, origin: "", times: [], lanes: "", kinds: [], peers: [], told: [], incident: [], incidents: 0, kind: [], peer: [] };

export function SessionPage({ id, route }: { id: string; route: Route }) {
  const peer = route.query.get("peer") ?? "", then = route.query.get("known") ?? "", from = Date.parse(route.query.get("from") ?? ""), to = Date.parse(route.query.get("to") ?? "");
  const explained = (signal: AbortSignal) => call<Failures>("GET", "/api/v1/diagnoses" + query({ session_id: id, order: "asc", limit: 50, as_known_at: then }), undefined, signal);
  const asked = useAsk<Asked>(`${id} ${then}`, async (signal) => {
    const half = (error: unknown) => { // half an answer is shown as half
      if (error instanceof Refusal && error.status === 404) return error;
      throw error;
    };
    const [session, columns, told] = await Promise.all([
      call<Session>("GET", at`/v2/sessions/${id}`, undefined, signal).catch(half),
      call<Columns>("GET", at`/api/v1/sessions/${id}/timeline` + query({ as_known_at: then }), undefined, signal).catch(unsupported).catch(half),
      call<{ events: Told[] }>("GET", "/v2/analytics/events" + query({ session_id: id, limit: 100, halves: true }) + types(failed), undefined, signal).catch(half),
    ]);
    const events = told instanceof Refusal ? [] : told.events;
    // Whom the events of later tell of was not known then.
    const left = !(session instanceof Refusal) ? [] : !then ? events.map((e) => ({ ...e.data, happened: happened(e) }))
      : (await explained(signal)).diagnoses.map((d) => d.failure);
    let was = session instanceof Refusal ? remembered(id, left) : session;
    if (!was && then) { // nothing was known of it then
      const now = remembered(id, events.map((e) => ({ ...e.data, happened: happened(e) })));
      was = now && { ...now, peers: {} };
    }
    if (!was) throw session;
    return {
      session: was, gone: session instanceof Refusal ? session : undefined, drawn: !!columns,
      columns: columns instanceof Refusal ? none : columns ?? none, clocks: clocks(events),
    };
  });
  // Why each failed takes longer than what is drawn: it is asked for then, and put in when it comes.
  const why = useAsk(asked.data ? `why ${id} ${then}` : null, explained);
  if (asked.error?.status === 404 && !asked.data) return <><Title name="No such session">This session is not on record</Title><Problem error={asked.error} /></>;
  return (
    <Shown of={asked} rows={8} heading="Session">
      {(d) => {
        const failures = why.data ?? noFailures;
        return (
          <>
            {why.error && <Problem error={why.error} again={why.again} half />}
            <Told key={id} {...d} columns={d.drawn ? d.columns : listed(failures)} failures={failures} peer={peer} then={then} linked={from < to ? `${from} ${to}` : ""} />
          </>
        );
      }}
    </Shown>
  );
}

const happened = (e: Told) => e.redial?.client?.happened ?? e.redial?.happened ?? e.timestamp;

type Left = Told["data"] & { happened: string };

/** A session of which only failures are left, the first of them. */
function remembered(id: string, failures: Left[]): Session | undefined {
  const sorted = [...failures].sort((a, b) => a.happened.localeCompare(b.happened));
  const first = sorted[0], last = sorted[sorted.length - 1];
  if (!first || !last) return undefined;
  const peers: Record<string, Peer> = {};
  for (const f of failures) {
    if (f.peer_id) peers[f.peer_id] ??= { id: f.peer_id, name: f.user_name ?? "", role: f.role ?? "", user_id: f.user_id ?? "", joined_at: "" };
  }
  return { id, room_id: first.room_id ?? "", room_name: first.room_name ?? "", active: false, peers, created_at: first.happened, ended_at: last.happened };
}

/** The failures as incidents, of a store that draws nothing. */
function listed({ diagnoses, total }: Failures): Columns {
  const peer = [...new Set(diagnoses.map((d) => d.failure.peer_id ?? ""))];
  const incident = diagnoses.map(({ failure: f, verdict: v }) => ({
    id: f.id, peer: peer.indexOf(f.peer_id ?? ""), began: f.happened, ended: f.happened, marks: [], cause: v.cause, confidence: v.confidence,
  }));
  return { ...none, incident, incidents: total, peer };
}

/** How far each one's clock is off. */
function clocks(events: Told[]): Record<string, Clock> {
  const reports: Record<string, Report[]> = {};
  for (const { data, redial: r, timestamp } of events) {
    const late = r?.client?.happened ? r.client : r?.source === "client" && r.happened ? r : undefined;
    const sent = Date.parse(r?.client?.at ?? r?.client_timestamp ?? ""), came = Date.parse(late?.happened ?? r?.client?.taken ?? timestamp);
    if (data.peer_id && !isNaN(sent)) (reports[data.peer_id] ??= []).push({ sent, came, wrong: late && (late.happened_error_ms ?? Infinity) });
  }
  return Object.fromEntries(Object.entries(reports).flatMap(([peer, list]) => (clockOf(list) ? [[peer, clockOf(list)!]] : [])));
}

function Told({ session, gone, failures, columns, drawn, clocks, peer, then, linked }: Asked & { failures: Failures; peer: string; then: string; linked: string }) {
  const { zone, say } = useShared();
  const [window, move] = useWindow(linked, `${peer} ${then}`);
  // Beyond what is given at once, the window is asked for by itself.
  const part = useAsk(!columns.complete && window ? `${session.id} ${window} ${then}` : null, (signal) => call<Columns>("GET",
    at`/api/v1/sessions/${session.id}/timeline` + query({ from: new Date(window![0]).toISOString(), to: new Date(window![1]).toISOString(), as_known_at: then }), undefined, signal));
  const c = part.data && window && !columns.complete ? part.data : columns;
  const all = useMemo(() => decode(columns), [columns]), marks = useMemo(() => (c === columns ? all : decode(c)), [c, all]);
  const until = session.ended_at ?? new Date().toISOString();
  const begun = Math.min(Date.parse(session.created_at), all.at[0] ?? Infinity), over = Math.max(Date.parse(until), all.at[all.at.length - 1] ?? 0);
  const beside = Math.max(500, (over - begun) / 100); // so that what is at an end is seen whole
  const least = begun - beside, end = over + beside;
  const [from, to] = window ? windowOf(window[0], window[1], {}, least, end) : [least, end];
  const overview = useMemo(() => fold(all.at, least, end), [all, least, end]);
  const scale = useMemo(() => (marks === all && from === least && to === end ? overview : fold(marks.at, from, to)), [marks, from, to, overview]);
  const number = useMemo(() => new Map(c.peer.map((id, i) => [id, i])), [c]), after = useMemo(() => new Map(c.told.map((t) => [t.mark, t.after_ms])), [c]);
  const incidents = useMemo(() => {
    const byPeer = new Map<string, Incident[]>(columns.peer.map((id) => [id, []]));
    for (const i of columns.incident) byPeer.get(columns.peer[i.peer] ?? "")?.push(i);
    return (id: string) => byPeer.get(id) ?? nothing;
  }, [columns]);
  const peers = useMemo(() => Object.values(session.peers).sort((a, b) =>
    Number(b.id === peer) - Number(a.id === peer) || incidents(b.id).length - incidents(a.id).length || a.joined_at.localeCompare(b.joined_at)), [session, peer, incidents]);
  const strangers = columns.incident.filter((i) => !session.peers[columns.peer[i.peer] ?? ""]);
  const known = useMemo(() => new Map(failures.diagnoses.map((d) => [d.failure.id, d])), [failures.diagnoses]);
  const name = safe(session.room_name || session.room_id, 80);
  const link = (f: number, t: number) => href("session", session.id, f <= least && t >= end ? { peer, known: then } : { peer, known: then, from: new Date(f).toISOString(), to: new Date(t).toISOString() });
  const show = (f: number, t: number) => move(f <= least && t >= end ? undefined : [f, t], link(f, t));
  const latest = useRef(show);
  latest.current = show;
  const around = useCallback((i: Incident) => latest.current(Date.parse(i.began) - 30_000, Date.parse(i.ended) + 30_000), []);
  const made = useGrowing(Math.min(peers.length, most));
  const moveBy = (by: { pan?: number; zoom?: number }) => show(...windowOf(from, to, by, least, end));
  useEffect(() => {
    if (peer) document.getElementById("peer-" + peer)?.scrollIntoView({ block: "nearest" });
  }, [peer]);
  const exported = async () => {
    const list: unknown[] = [];
    try {
      for (let start = ""; list.length < mostExported; ) {
        const page = await call<{ events: unknown[]; next?: string }>("GET", "/v2/analytics/events" + query({ session_id: session.id, limit: 100, halves: true, start }));
        list.push(...page.events);
        if (!page.next || !page.events.length) break;
        start = page.next;
      }
      save(`session-${session.id}.ndjson`, ndjson(`events of session ${session.id}` + (list.length >= mostExported ? `, the first ${list.length}` : ""), new Date(), list), "application/x-ndjson");
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <article>
      <Title name={name}>{name} · {span(new Date(session.created_at), new Date(until), zone)}</Title>
      <p class="muted">
        {peers.length > 0 && <>{plural(peers.length, "person", "people")} · {length(Date.parse(until) - Date.parse(session.created_at))} · </>}{columns.incidents ? plural(columns.incidents, "incident") : "nothing failed"}
        {session.active && <> · <a href={href("live", session.room_id)}>still running</a></>}
      </p>
      {gone && <p class="note">The session itself is not on record any more; this is what is left of it.</p>}
      {drawn && <Known told={moments(columns, all)} then={then} choose={(known) => location.replace(href("session", session.id, { peer, known }))} />}
      {columns.incidents > columns.incident.length && <p class="note">Of {columns.incidents} incidents the first {columns.incident.length} are shown.</p>}
      {!drawn && <p class="note">This store of events draws no timelines; what failed is listed.</p>}
      {!columns.complete && <p class="note">It has {columns.total} events, more than can be drawn at once: choose a shorter time.</p>}
      {part.error && <Problem error={part.error} half />}
      <section aria-label="The whole session">
        <Strip whole marks={all} scale={overview} shown={window && [from, to]} label={`The whole session: ${columns.total} things, ${plural(columns.incidents, "incident")}`} choose={show} />
        <p class="actions tight">
          <button onClick={() => moveBy({ pan: -0.5 })} disabled={from <= least}>Earlier</button>
          <button onClick={() => moveBy({ pan: 0.5 })} disabled={to >= end}>Later</button>
          <button onClick={() => moveBy({ zoom: 0.5 })}>Closer</button>
          <button onClick={() => moveBy({ zoom: 2 })} disabled={!window}>Wider</button>
          <button onClick={() => show(least, end)} disabled={!window}>All of it</button>
          <button onClick={() => step(incident, -1)} disabled={!columns.incident.length}>Previous incident</button>
          <button onClick={() => step(incident, 1)} disabled={!columns.incident.length}>Next incident</button>
          <Copy text={() => new URL(link(from, to), location.href).href} label="Copy link" class="quiet" />
          <button class="quiet" onClick={() => void exported()}>Export events</button>
        </p>
        <p class="muted" role="status">Shown: {span(new Date(from), new Date(to), zone)}</p>
      </section>
      {peers.slice(0, made).map((p) => (
        <Person key={p.id} {...{ p, marks, c, scale, after, known }} number={number.get(p.id)} offset={clocks[p.id]} incidents={incidents(p.id)} show={around} />
      ))}
      {peers.length > most && <p class="muted">{peers.length - most} more, with whom nothing failed.</p>}
      {strangers.length > 0 && (
        <section>
          <h2>Who never got in</h2>
          {strangers.map((i) => <OneIncident key={i.id} i={i} d={known.get(i.id)} />)}
        </section>
      )}
    </article>
  );
}

const mostMoments = 30;

/** When more came to be on record: what was told late, and the end of each incident. */
function moments(c: Columns, m: Marks): Moment[] {
  const late = c.told.map((t) => ({ at: m.at[t.mark]! + t.after_ms, what: `one thing was told ${length(t.after_ms)} late` }));
  const over = c.incident.map((i) => ({ at: Date.parse(i.ended), what: i.title ?? "something failed" }));
  const sorted = [...late, ...over].sort((a, b) => a.at - b.at).filter((o, i, all) => o.at !== all[i - 1]?.at);
  // To the next second, as it is shown by seconds.
  return sorted.slice(-mostMoments).map((o) => ({ at: new Date(Math.ceil((o.at + 1) / 1000) * 1000).toISOString(), what: o.what }));
}

/** The window of a link, and what moves it: here at once, and in the link when it rests, since that takes a browser long. */
function useWindow(linked: string, page: string): [Window | undefined, (to: Window | undefined, link: string) => void] {
  const [moved, set] = useState<{ to?: Window }>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => (clearTimeout(timer.current), set(undefined)), [linked, page]);
  const move = (to: Window | undefined, link: string) => {
    set({ to });
    clearTimeout(timer.current);
    timer.current = setTimeout(() => location.replace(link), 200);
  };
  const [from, to] = linked.split(" ").map(Number);
  return [moved ? moved.to : linked ? [from!, to!] : undefined, move];
}

const mostExported = 10_000;
const incident = ".incident [data-row]";

const rows = 100; // of a table behind a picture

interface Somebody {
  p: Peer;
  marks: Marks;
  c: Columns;
  scale: Scale;
  number?: number;
  after: Map<number, number>;
  offset?: Clock;
  incidents: Incident[];
  known: Map<string, Diagnosis>;
  show(i: Incident): void;
}

/** Somebody who was there. While the time moves, those in sight move with it, and the others of some hundred follow. */
function Person({ p, incidents, known, show, ...now }: Somebody) {
  const { marks, c, scale, number, after, offset } = now, at = useRef<HTMLElement>(null);
  const moved = useMemo(() => ({ marks, c, scale, number, after, offset }), [marks, c, scale, number, after, offset]);
  const drawn = useWhenIdle(moved, useInSight(at));
  return useMemo(() => (
    <section ref={at} id={"peer-" + p.id} class="person">
      <h2>{who({ user_name: p.name, user_id: p.user_id, peer_id: p.id })} <span class="muted">{safe(p.role, 40)} {p.joined_at && <> · <At at={p.joined_at} short /> to </>}{!p.joined_at ? "" : p.left_at ? <At at={p.left_at} short /> : "now"}{p.reason && ` · ${safe(p.reason, 60)}`}</span></h2>
      <Lanes {...drawn} />
      {incidents.map((i) => <OneIncident key={i.id} i={i} d={known.get(i.id)} show={show} />)}
    </section>
  ), [p, drawn, incidents, known, show]);
}

/** The two lanes of somebody, their clock, and the same as a table. */
function Lanes({ marks, c, scale, number, after, offset }: Pick<Somebody, "marks" | "c" | "scale" | "number" | "after" | "offset">) {
  const { zone } = useShared();
  const [open, setOpen] = useState(false); // thousands of rows that nobody looks at are none
  const places = marks.byPeer.get(number ?? -1) ?? empty;
  const told = places.some((i) => marks.lane[i]! & 1);
  const within: number[] = [];
  let more = 0;
  for (let k = first(marks.at, scale.from, places); k < places.length && marks.at[places[k]!]! < scale.to; k++) within.length < rows ? within.push(places[k]!) : more++;
  const kind = (i: number) => c.kind[c.kinds[i]!];
  return (
    <>
      <div class="lanes-of">
        <span class="muted">client</span><span class="muted">server</span>
        <Strip marks={marks} scale={scale} places={places} offset={offset} told={told}
          label={`${within.length + more} things between ${clock(new Date(scale.from), zone)} and ${clock(new Date(scale.to), zone)}; the table below has them`} />
      </div>
      {told && (
        <p class="muted">
          {!offset ? "How far their clock is off is not known: no order is claimed between what they told and what the server saw."
            : Math.abs(offset.ahead) <= offset.wrong ? `Their clock is right, to ${apart(offset.wrong)}.`
              : `Their clock is ${apart(Math.abs(offset.ahead))} ${offset.ahead > 0 ? "ahead" : "behind"}, ± ${apart(offset.wrong)}.`}
        </p>
      )}
      {within.length > 0 && (
        <details onToggle={(e) => setOpen(e.currentTarget.open)}>
          <summary>{plural(within.length + more, "thing")} as a table</summary>
          {open && <table class="cards">
            <thead><tr><th>When</th><th>Told by</th><th>What</th></tr></thead>
            <tbody>
              {within.map((i) => (
                <tr key={i}>
                  <td data-name="When"><At at={new Date(marks.at[i]!).toISOString()} short />{after.has(i) && <span class="late"> told {length(after.get(i)!)} later</span>}</td>
                  <td data-name="Told by">{["", "client", "server", "client and server"][marks.lane[i]!]}</td>
                  <td data-name="What">{what[kind(i)?.type ?? ""] ?? couldNot(kind(i)?.type ?? "")}{kind(i)?.fault && <span class="muted"> {kind(i)!.fault}</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>}
          {more > 0 && <p class="muted">And {more} more: choose a shorter time.</p>}
        </details>
      )}
    </>
  );
}

const empty = new Int32Array(0);
const nothing: Incident[] = [];
const what: Record<string, string> = { "track.add.success": "published a track", "track.update.success": "muted or unmuted a track", "track.remove.success": "stopped a track" };

/** How many of a long list are made: those on the first screens at once, the others when nothing else is to be done. */
function useGrowing(all: number): number {
  const [made, make] = useState(10);
  useEffect(() => (made >= all ? undefined : idly(() => make((n) => n + 10))), [made, all]);
  return Math.min(made, all);
}

/** An incident: its first failure, and what follows folded. Hundreds of them stay as they are while the time moves. */
const OneIncident = memo(({ i, d, show }: { i: Incident; d?: Diagnosis; show?: (i: Incident) => void }) => {
  const says = d ? safe(d.verdict.says, 200) : i.title ?? (i.confidence ? "The cause is not known." : "Not judged yet.");
  return (
    <div class="incident">
      <a data-row href={href("failure", i.id)}><At at={i.began} short /> {d && !d.failure.peer_id ? `${who(d.failure)} ${couldNot(d.failure.type)}: ` : ""}{says}</a>{" "}
      <Sure of={d?.verdict.confidence ?? i.confidence ?? "not known"} />
      {d && late(d.failure) && <span class="late"> told {late(d.failure)} later</span>}
      {d?.failure.injected && <span class="late"> provoked</span>}
      {i.marks.length > 1 && <span class="muted"> · {i.marks.length - 1} that follow, until <At at={i.ended} short /></span>}
      {show && <button class="quiet" onClick={() => show(i)}>Show</button>}
    </div>
  );
});
