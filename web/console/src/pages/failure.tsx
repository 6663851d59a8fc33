// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// One failure: what happened, what to tell her, what that rests on.
import { useEffect, useState } from "preact/hooks";
import { at, call, query } from "../api";
import { Lanes, type Mark } from "../lanes";
import { Ask, Found, Known } from "../asked";
import { MakeLink, type Link } from "../links";
import { At, Copy, Problem, save, Shown, Sure, Title } from "../parts";
import { href, type Route } from "../route";
import { safe } from "../safe";
import { ShowMe } from "../showme";
import type { Diagnosis, Verdict } from "../shapes";
import { useAsk, useShared, useTitles } from "../state";
import { clock } from "../time";
import { asText, couldNot, late, other, party, room, told, value, who } from "../words";

export function FailurePage({ id, route }: { id: string; route: Route }) {
  const then = route.query.get("known") ?? "";
  const setThen = (known: string) => location.replace(href("failure", id, { known }));
  const [asking, setAsking] = useState(false); // a browser is being asked, which may answer soon
  const asked = useAsk(id + then, (signal) => call<Diagnosis>("GET", at`/api/v1/events/${id}/diagnosis` + query({ as_known_at: then }), undefined, signal));
  useAnswered(asking && !then ? asked.data : undefined, asked.again);
  if (asked.error?.status === 404 && !asked.data) {
    return (
      <>
        <Title name="No such failure">This failure is not on record</Title>
        <p>It was removed, by retention or an erasure, or the link is not whole.</p>
        <Problem error={asked.error} />
      </>
    );
  }
  if (asked.error && then && !asked.data) return <><Title name="Failure">Failure</Title><Problem error={asked.error} again={() => setThen("")} /></>;
  return <Shown of={asked} rows={8} heading="Failure">{(d) => <Told d={d} then={then} choose={setThen} asking={() => setAsking(true)} />}</Shown>;
}

/** Looks whether a browser has answered, and has the failure asked for again when one has: who opens a failure is in the audit, each time. */
function useAnswered(d: Diagnosis | undefined, again: () => void) {
  const latest = (of?: Diagnosis) => of?.asked?.[of.asked.length - 1]?.at ?? "";
  const f = d?.failure, taken = Date.parse(f?.at ?? "");
  const seen = useAsk(f ? "answered " + f.id : null, (signal) => call<{ diagnoses: Diagnosis[] }>("GET", "/api/v1/diagnoses" + query({
    peer_id: f!.peer_id, since: new Date(taken).toISOString(), until: new Date(taken + 1).toISOString(), limit: 50,
  }), undefined, signal), 3000);
  const now = latest(seen.data?.diagnoses.find((o) => o.failure.id === f?.id)), was = latest(d);
  useEffect(() => {
    if (d && now && now !== was) again();
  }, [now, was]);
}

/** The failures around one, of the same person. */
function useAround(d: Diagnosis): Diagnosis[] {
  const { failure: f } = d;
  const asked = useAsk(f.peer_id ? "around " + f.id : null, (signal) => call<{ diagnoses: Diagnosis[] }>("GET",
    "/api/v1/diagnoses" + query({ peer_id: f.peer_id, order: "asc", limit: 50 }), undefined, signal));
  return asked.data?.diagnoses ?? [];
}

function Told({ d, then, choose, asking }: { d: Diagnosis; then: string; choose: (then: string) => void; asking: () => void }) {
  const { failure: f, verdict: v } = d;
  const { zone, may, me } = useShared();
  const [shown, show] = useState(false);
  const kept = other(d.kept, v);
  const around = useAround(d);
  const follows = around.filter((o) => v.follows?.includes(o.failure.id));
  const title = useTitles([...(v.cause ? [v.cause] : []), ...(v.not ?? []).map((n) => n.cause), ...(v.rivals ?? []).map((r) => r.cause)]);
  const name = `${who(f)} ${couldNot(f.type, room(f))}`;
  const text = () => asText(d, follows, title, (day) => long(day, zone), (moment) => clock(moment, zone));
  return (
    <article class="failure">
      <Title name={name}>{name} · <At at={f.happened} /></Title>
      {(f.injected || v.injected) && <p class="note">It was provoked on purpose.</p>}
      {late(f) && <p class="note">Told {late(f)} after it happened.</p>}
      <Known told={d.told ?? []} then={then} choose={choose} />
      <section class={"verdict " + v.confidence.replace(" ", "-")} aria-label="Why">
        <p class="says">{safe(v.says, 2000)}</p>
        <p class="muted">
          <Sure of={v.confidence} /> · {v.cause && <><a href={href("catalogue", v.cause)}>{v.cause}</a> · </>}rules {v.rules} · told by {told(f.source)}
          {kept && <> · at the time told as {kept.cause || "not known"}, {kept.confidence}</>}
        </p>
        {v.leads && <p>It follows from <a data-row href={href("failure", v.leads)}>another failure</a>, which tells more.</p>}
      </section>
      <div class="actions">
        <Share id={f.id} />
        <Ask id={f.id} asking={asking} />
        {me.inject && may("inject") && <button aria-expanded={shown} onClick={() => show(!shown)} title="The same on a test participant of the server's own, fact by fact">Show me</button>}
        <Copy text={text} label="Copy as text" />
        <Export id={f.id} />
        <button onClick={() => print()}>Print</button>
        <Copy text={location.href} label="Copy link" class="quiet" />
      </div>
      <div class="boxes">
        {v.confidence === "not known" && <Missing v={v} first />}
        <section>
          <h2>What to do</h2>
          {v.do?.length
            ? <dl class="do">{v.do.map((a, i) => <><dt key={i}>{party(a.who, f)}</dt><dd>{safe(a.text, 600)}</dd></>)}</dl>
            : <p>Nothing can be said before the cause is known.</p>}
        </section>
        <section>
          <h2>Because</h2>
          {v.because?.length
            ? <ul class="facts">{once(v.because).map((b, i) => (
                <li key={i}><span class="mark good" aria-hidden="true">✓</span> {safe(b.says || `${b.fact}: ${value(b.value)}`, 400)} <span class="muted">{b.from}{b.at && <> · <At at={b.at} short /></>}</span></li>
              ))}</ul>
            : <p class="muted">No fact speaks for a cause.</p>}
        </section>
        {!!v.rivals?.length && (
          <section>
            <h2>It could also be</h2>
            <ul class="facts">{v.rivals.map((r) => <li key={r.cause}><span class="mark" aria-hidden="true">?</span> <a href={href("catalogue", r.cause)}>{title(r.cause)}</a> {r.decides && <span class="muted">This would tell: {safe(r.decides)}</span>}</li>)}</ul>
          </section>
        )}
        {!!v.not?.length && (
          <section>
            <h2>Not, because</h2>
            <ul class="facts">{v.not.map((n) => <li key={n.cause}><span class="mark bad" aria-hidden="true">✕</span> {title(n.cause)} <span class="muted">{safe(n.because, 300)}</span></li>)}</ul>
          </section>
        )}
        {v.confidence !== "not known" && <Missing v={v} />}
        <Found d={d} />
      </div>
      {shown && <ShowMe id={f.id} />}
      <section>
        <h2>What happened around it</h2>
        <Lanes marks={marksOf(d, around)} around={f.happened} />
      </section>
      {!!v.follows?.length && (
        <details>
          <summary data-key="e">{v.follows.length} that follow from it</summary>
          <ul class="rows">
            {follows.map((o) => <li key={o.failure.id}><a data-row href={href("failure", o.failure.id)}><At at={o.failure.happened} /> <span>{couldNot(o.failure.type)}</span> <span class="muted">{o.failure.fault}</span></a></li>)}
          </ul>
        </details>
      )}
      {may("read") && <Raw id={f.id} />}
      <p class="muted">
        Event {f.id}{f.reference && <> · reference {f.reference}</>}
        {f.session_id && may("read") && <> · <a href={href("session", f.session_id, { peer: f.peer_id ?? "" })}>the whole session</a></>}
        {v.cause && may("read") && <> · <a href={href("causes", v.cause)}>more of this cause</a></>}
        {me.inject && f.fault && <> · <code>redial inject {f.fault}</code> provokes it</>}
      </p>
    </article>
  );
}

const once = (facts: NonNullable<Verdict["because"]>) => facts.filter((b, i) => facts.findIndex((o) => (o.says || o.fact) === (b.says || b.fact) && o.from === b.from) === i);

function Missing({ v, first = false }: { v: Verdict; first?: boolean }) {
  if (!v.missing?.length && !v.refuted_by?.length) return null;
  return (
    <section class={first ? "first" : ""}>
      <h2>{v.missing?.length ? "Missing" : "It would be wrong with"}</h2>
      <ul class="facts">{v.missing?.map((m) => <li key={m.fact}><span class="mark" aria-hidden="true">?</span> {safe(m.fact)} <span class="muted">{safe(m.how, 300)}</span></li>)}</ul>
      {!!v.refuted_by?.length && (v.missing?.length
        ? <p class="muted">It would be wrong with: {v.refuted_by.map((r) => safe(r)).join("; ")}</p>
        : <ul class="facts">{v.refuted_by.map((r) => <li key={r} class="muted"><span class="mark" aria-hidden="true">–</span> {safe(r)}</li>)}</ul>)}
    </section>
  );
}

/** "Wednesday 25 November at 14:05:02 CET", as "redial why" has it. */
export function long(at: Date, zone: string): string {
  const part = Object.fromEntries(new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
  }).formatToParts(at).map((p) => [p.type, p.value]));
  const year = part.year === String(new Date().getFullYear()) ? "" : " " + part.year;
  return `${part.weekday} ${part.day} ${part.month}${year} at ${part.hour}:${part.minute}:${part.second} ${part.timeZoneName}`;
}

function marksOf(d: Diagnosis, around: Diagnosis[]): Mark[] {
  const marks: Mark[] = [];
  const failures = around.some((o) => o.failure.id === d.failure.id) ? around : [d, ...around];
  for (const o of failures) {
    const here = o.failure.id === d.failure.id;
    for (const lane of o.failure.source === "both" ? ["client", "server"] : [o.failure.source]) {
      marks.push({ at: o.failure.happened, lane, text: couldNot(o.failure.type) + (o.failure.fault ? ` (${o.failure.fault})` : ""), bad: true, here, href: here ? undefined : href("failure", o.failure.id) });
    }
  }
  for (const b of once(d.verdict.because ?? [])) {
    if (b.at) marks.push({ at: b.at, lane: b.from, text: safe(b.says || `${b.fact}: ${value(b.value)}`, 200), bad: false });
  }
  return marks;
}

function Share({ id }: { id: string }) {
  return (
    <MakeLink name="share" make={() => call<Link>("POST", at`/api/v1/events/${id}/share`, {})} button={(share) => <button class="strong" onClick={share}>Share</button>}>
      {(until) => <>A page for the person: no ids, no addresses, nobody else's name. Good until {until}.</>}
    </MakeLink>
  );
}

function Export({ id }: { id: string }) {
  const { say } = useShared();
  const fetchCase = () => call<Diagnosis>("GET", at`/api/v1/events/${id}/diagnosis` + "?case=true").then(
    (d) => save(`case-${id}.json`, JSON.stringify(d.case, null, 2) + "\n"), (error: Error) => say(error.message));
  return <button onClick={() => void fetchCase()} title="The case: what the verdict was told from, without names and addresses">Export</button>;
}

function Raw({ id }: { id: string }) {
  const [open, setOpen] = useState(false);
  const asked = useAsk(open ? "raw " + id : null, (signal) => call<{ redial?: { client?: { words?: unknown } } }>("GET", at`/api/v1/events/${id}`, undefined, signal));
  return (
    <details onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>The event as it is on record, in the SDK's own words</summary>
      <Shown of={asked}>{(event) => <pre tabIndex={0}>{safe2(JSON.stringify(event, null, 2))}</pre>}</Shown>
    </details>
  );
}

/** Lines stay lines; what is not seen becomes a mark. */
const safe2 = (text: string) => text.split("\n").map((line) => safe(line, 4000)).join("\n");
