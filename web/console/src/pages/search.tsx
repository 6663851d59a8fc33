// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Who tried, when, and what became of it: found by a name and a rough time.
import { useEffect, useRef } from "preact/hooks";
import { call, query } from "../api";
import { At, SaveTable, Shown, Sure, Title } from "../parts";
import { go, href, type Route } from "../route";
import { safe } from "../safe";
import type { Attempt, Diagnosis, Found } from "../shapes";
import { useAsk, useShared } from "../state";
import { span, zones } from "../time";
import { late, outcome, room, plural, who } from "../words";

const outcomes: [string, string][] = [["", "any outcome"], ["failed", "could not get in"], ["trouble", "got in, then trouble"], ["fine", "nothing failed"]];

export function Search({ route }: { route: Route }) {
  const { zone } = useShared();
  const text = route.query.get("q") ?? "", turn = route.query.get("n") ?? "";
  const set = { q: text, room: route.query.get("room") ?? "", since: route.query.get("since") ?? "", until: route.query.get("until") ?? "", outcome: route.query.get("outcome") ?? "" };
  const key = text || set.since || set.room ? JSON.stringify([set, turn]) : null;
  const asked = useAsk(key, (signal) => call<Found>("POST", "/api/v1/search", {
    text: set.since ? name(text) : text, zone: zones.own, ...(set.room && { room: set.room }),
    ...(set.since && { since: set.since, until: set.until }), ...(set.outcome && { outcome: set.outcome }),
  }, signal));
  const code = /^[0-9a-z]{3}-[0-9a-z]{3}$/i.test(text.trim()) ? text.trim() : "";
  const spoken = useAsk(code ? "reference " + code : null, (signal) => call<{ diagnoses: Diagnosis[] }>("GET", "/api/v1/diagnoses" + query({ reference: code, limit: 20 }), undefined, signal));
  // A word that is nobody's name may be an error's.
  const word = asked.data && !asked.data.attempts.length && /^\S+$/.test(text) ? text : null;
  const meant = useAsk(word, (signal) => call<unknown>("GET", "/api/v1/explain" + query({ q: word! }), undefined, signal));
  const list = useRef<HTMLDivElement>(null);
  // Who has just searched goes on with the first row, without a mouse.
  useEffect(() => {
    if (asked.data && turn) list.current?.querySelector<HTMLElement>("[data-row]")?.focus();
  }, [asked.data]); // and not with the turn: the rows of before are still there then
  const change = (to: Record<string, string>) => go(href("search", "", { ...set, ...to }));
  const shift = (u: Found["understood"], by: number) => {
    const since = Date.parse(u.since!), until = Date.parse(u.until!), width = (until - since) * by;
    change({ q: u.name ?? "", since: new Date(since + width).toISOString(), until: new Date(until + width).toISOString() });
  };
  return (
    <>
      <Title name={text ? "Search: " + safe(text, 60) : "Search"}>{text ? <>Search: {safe(text, 80)}</> : "Search"}</Title>
      {!key && (
        <div class="empty">
          <p>A name or a part of one, and a rough time, in words:</p>
          <ul>
            {["mia yesterday 14:05", "mia lang tue 9-11", "mia last 2h", "consult today"].map((q) => <li key={q}><a data-row href={href("search", "", { q })}>{q}</a></li>)}
          </ul>
          <p class="muted">A code that a page showed her (K7Q-2MF) is found as well, and so are whole ids of users and peers.</p>
        </div>
      )}
      {code && spoken.data && (
        <section>
          <h2>By the code {code.toUpperCase()}</h2>
          {!spoken.data.diagnoses.length && <p>No failure that is still on record belongs to this code.</p>}
          <ul class="rows">
            {spoken.data.diagnoses.map((d) => <li key={d.failure.id}><a data-row href={href("failure", d.failure.id)}><span class="name">{who(d.failure)}</span> <At at={d.failure.happened} /> <span class="cause">{safe(d.verdict.says, 160)}</span></a></li>)}
          </ul>
        </section>
      )}
      <Shown of={asked} rows={6}>
        {(found) => {
          const u = found.understood;
          return (
            <>
              <div class="chips" aria-label="How it was understood">
                {u.name && <Chip what="name" text={safe(u.name, 60)} off={u.since || u.room_id ? () => change({ q: "", since: u.since ?? "", until: u.until ?? "", room: u.room_id ?? set.room }) : undefined} />}
                {u.room_id && <Chip what="room" text={safe(set.room || roomName(found) || u.room_id, 60)} off={u.name || u.since ? () => change({ q: u.name ?? "", room: "" }) : undefined} />}
                {u.since && u.until && <Chip what="time" text={span(new Date(u.since), new Date(u.until), zone)} off={u.name || u.room_id ? () => change({ q: u.name ?? "", since: "", until: "" }) : undefined} />}
                <label class="chip">
                  <span class="hidden">Outcome</span>
                  <select value={u.outcome ?? ""} onChange={(e) => change({ q: text, outcome: e.currentTarget.value })}>
                    {outcomes.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
                  </select>
                </label>
                <span class="muted count" role="status">
                  {plural(found.people, "person", "people")}, {plural(found.attempts.length, "try", "tries")}{found.more ? ", and there are more" : ""}
                </span>
                {found.attempts.length + found.perhaps.length > 0 && (
                  <SaveTable name="tries" asked={`tries: ${text || "any"}` + (u.since ? `, ${u.since} to ${u.until ?? ""}` : "") + (u.outcome ? `, ${u.outcome}` : "")}
                    columns={["name", "user", "room", "happened", "told", "outcome", "cause", "confidence", "why", "provoked", "event", "guess"]}
                    rows={() => [...found.attempts, ...found.perhaps].map((a) => [a.user_name, a.user_id, a.room_name ?? a.room_id, a.failure?.happened ?? a.began, a.failure?.at, a.outcome,
                      a.verdict?.cause, a.verdict?.confidence, a.verdict?.says, a.provoked, a.failure?.id, a.guess?.says])} />
                )}
              </div>
              <div ref={list}>
                {found.attempts.length === 0 && (
                  <div class="empty">
                    <p><strong>Nobody was found{u.name ? <> who is called “{safe(u.name, 60)}”</> : ""}{u.since ? " at that time" : ""}.</strong></p>
                    <p>What was searched: attempts to be in a room, those that worked too{u.since && u.until ? <>, {span(new Date(u.since), new Date(u.until), zone)}</> : ""}.</p>
                    {u.since && u.name && <p><a data-row href={href("search", "", { q: `"${u.name.replaceAll('"', " ")}"` })}>Search at any time</a></p>}
                  </div>
                )}
                {meant.data && !!word && <p>As an error: <a data-row href={href("catalogue", "", { q: word })}>“{safe(word, 60)}” in the catalogue</a></p>}
                <Attempts list={found.attempts} label="Tries" />
                {found.perhaps.length > 0 && (
                  <section>
                    <h2>Perhaps: no name was known yet</h2>
                    <Attempts list={found.perhaps} label="Tries without a name, which are guesses" />
                  </section>
                )}
              </div>
              {found.hint && <p class="muted">{found.hint}</p>}
              {found.indexed < 1 && <p class="muted">{Math.floor(found.indexed * 100)} % of the record can be searched so far.</p>}
              {u.since && u.until && (
                <p class="pager">
                  <button onClick={() => shift(u, -1)}>Earlier</button>
                  <button onClick={() => shift(u, 1)}>Later</button>
                </p>
              )}
            </>
          );
        }}
      </Shown>
    </>
  );
}

const name = (text: string) => (text && !text.startsWith('"') ? `"${text.replaceAll('"', " ")}"` : text);
const roomName = (found: Found) => [...found.attempts, ...found.perhaps].find((a) => a.room_id === found.understood.room_id)?.room_name;

function Chip({ what, text, off }: { what: string; text: string; off?: () => void }) {
  return (
    <span class="chip">
      <span class="muted">{what}</span> {text}
      {off && <button onClick={off} aria-label={`Search without this ${what}`}>×</button>}
    </span>
  );
}

const marks = { failed: "✕", trouble: "▲", fine: "✓" };

/** Attempts, one a row. */
export function Attempts({ list, label, narrow = false }: { list: Attempt[]; label: string; narrow?: boolean }) {
  return (
    <ul class={"rows tries" + (narrow ? " narrow" : "")} aria-label={label}>
      {list.map((a, i) => {
        const to = a.failure ? href("failure", a.failure.id) : a.session_id ? href("session", a.session_id, { peer: a.peer_id ?? "" }) : undefined;
        const inside = (
          <>
            <span class="name">{a.user_name || a.user_id ? who(a) : "(no name)"}</span>
            <span class="room">{room(a)}</span>
            <At at={a.failure?.happened ?? a.began} />
            <span class={"outcome " + a.outcome}><span aria-hidden="true">{marks[a.outcome]}</span> {outcome(a)}</span>
            <span class="cause">
              {a.verdict ? <>{safe(a.verdict.says, 160)} <Sure of={a.verdict.confidence} /></> : a.outcome === "fine" ? "nothing failed" : ""}
              {a.guess && <span class="muted"> {a.guess.says}</span>}
              {a.failure && late(a.failure) && <span class="late"> told {late(a.failure)} later</span>}
              {(a.provoked || a.failure?.injected) && <span class="late"> provoked</span>}
            </span>
          </>
        );
        return <li key={(a.peer_id ?? "") + i}>{to ? <a data-row href={to}>{inside}</a> : <div>{inside}</div>}</li>;
      })}
    </ul>
  );
}
