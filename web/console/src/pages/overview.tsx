// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// How many tries failed, since when, of what, and whether that is new.
import { useState } from "preact/hooks";
import { call, query } from "../api";
import { At, Bars, SaveTable, Shown, Title } from "../parts";
import { go, href, type Route } from "../route";
import type { Attempt } from "../shapes";
import { useAsk, useShared } from "../state";
import { notKnown } from "./causes";
import { Attempts } from "./search";

interface Outcomes {
  happened_since: string;
  happened_until: string;
  tries: number;
  got_in: number;
  after_trouble: number;
  failed: number;
  causes: { cause: string; title: string; fixed_by: string[] | null; tries: number; users: number }[] | null;
  not_known: { tries: number; unexplained: number; waiting: number };
  buckets: { at: string; tries: number; failed: number }[] | null;
  provoked: number;
  complete: boolean;
  indexed: number;
}

interface Versions {
  groups: { value?: string; events: number; users: number; joins?: { attempts?: number; failure_rate: number | null } }[];
}

const hours: [string, string][] = [["1", "the last hour"], ["6", "the last 6 hours"], ["24", "the last 24 hours"], ["168", "the last 7 days"]];
const shown = 8;
const hour = 3_600_000;

/** The whole hour so long ago, as summaries are counted. */
const hourOf = (ago: number) => new Date(Math.floor((Date.now() - ago) / hour) * hour).toISOString();

/** Whose the failed tries are to mend, as far as that is known: the parties and how many they alone or among others can. */
function whose(o: Outcomes): string {
  const by = (party: string) => (o.causes ?? []).reduce((n, c) => n + (c.fixed_by?.includes(party) ? c.tries : 0), 0);
  const all = parties.map(([party, name]) => [by(party), name] as const).filter(([n]) => n > 0).sort((a, b) => b[0] - a[0]);
  return all.map(([n, name]) => `${n} by ${name}`).join(", ");
}

const parties = [["operator", "whoever runs this server"], ["app", "the app"], ["user", "the people themselves"], ["vendor", "the vendor"]] as const;

const percent = (part: number, of: number) => (of === 0 ? "" : `${((part / of) * 100).toFixed(part / of < 0.1 ? 1 : 0)} %`);
const people = (n: number) => `${n} ${n === 1 ? "person" : "people"}`;

export function Overview({ route }: { route: Route }) {
  const { may } = useShared();
  const last = route.query.get("last") ?? "24";
  return may("read") ? <Figures last={hours.some(([h]) => h === last) ? last : "24"} /> : <Door />;
}

/** What somebody sees who may only find people. */
function Door() {
  return (
    <>
      <Title name="Start">Whose call failed?</Title>
      <p>Write a name and a rough time in the box above: <a data-row href={href("search", "", { q: "mia yesterday 14:05" })}>mia yesterday 14:05</a>.</p>
    </>
  );
}

function Figures({ last }: { last: string }) {
  const width = Number(last) * hour;
  const back = width > 24 * hour ? 7 * 24 * hour : 24 * hour; // compared with the same time of the day, or the week, before
  const earlier = width > 24 * hour ? "the week before" : last === "24" ? "the day before" : "the same time the day before";
  const outcomes = (end: number, bucket: string, signal: AbortSignal) => call<Outcomes>("GET", "/api/v1/analytics/outcomes" + query({
    happened_since: new Date(end - width).toISOString(), happened_until: new Date(end).toISOString(), bucket,
  }), undefined, signal);
  const asked = useAsk("outcomes " + last, async (signal) => {
    const now = Date.now();
    const [here, before] = await Promise.all([
      outcomes(now, width <= 6 * hour ? "minute" : width <= 24 * hour ? "hour" : "day", signal), outcomes(now - back, "", signal)]);
    return { here, before };
  }, 60_000);
  const versions = useAsk("versions " + last, (signal) => call<Versions>("GET", "/api/v1/analytics/summary" + query({
    by: "sdk_version", since: hourOf(width), top: 5,
  }), undefined, signal));
  const recent = useAsk("recent", (signal) => call<{ attempts: Attempt[] }>("GET", "/api/v1/attempts" + query({
    happened_since: new Date(Date.now() - 48 * hour).toISOString(), outcome: "failed", limit: shown,
  }), undefined, signal), 60_000);
  return (
    <>
      <Title name="Overview">Overview</Title>
      <label class="field inline">Tries of
        <select value={last} onChange={(e) => go(href("", "", { last: e.currentTarget.value }))}>
          {hours.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
        </select>
      </label>
      <Shown of={asked} rows={6}>{({ here, before }) => <Boxes o={here} before={before} earlier={earlier} />}</Shown>
      <div class="columns">
        <section>
          <h2>Who did not get in, today and yesterday</h2>
          <Shown of={recent} rows={4}>
            {(found) => found.attempts.length ? <Attempts list={found.attempts} label="Those who did not get in" narrow /> : <p class="muted">Nobody.</p>}
          </Shown>
        </section>
        <section>
          <h2>Failures by version of the SDK</h2>
          <Shown of={versions} rows={3}>
            {(v) => v.groups.length === 0 ? <p class="muted">None.</p> : (
              <ul class="plain">
                {v.groups.map((g) => (
                  <li key={g.value ?? ""}>
                    <strong>{g.value || "not told"}</strong> {g.events}, of {people(g.users)}{g.joins?.failure_rate != null && `; ${(g.joins.failure_rate * 100).toFixed(1)} % of ${g.joins.attempts} tries`}
                    {g.events > 0 && <Crossed version={g.value ?? ""} width={width} />}
                  </li>
                ))}
              </ul>
            )}
          </Shown>
        </section>
      </div>
    </>
  );
}

/** What fails with one version, once somebody wants to know. */
function Crossed({ version, width }: { version: string; width: number }) {
  const [open, setOpen] = useState(false);
  const asked = useAsk(open ? `crossed ${version} ${width}` : null, (signal) => call<Versions & { complete: boolean }>("GET", "/api/v1/analytics/summary" + query({
    by: "fault", where: "sdk_version:" + version, since: hourOf(width), top: 5,
  }), undefined, signal));
  return (
    <details onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>What fails with it</summary>
      <Shown of={asked} rows={2}>
        {(found) => (
          <>
            <ul class="plain">{found.groups.map((g) => <li key={g.value}><a href={href("catalogue", g.value ?? "")}>{g.value}</a> {g.events}, of {people(g.users)}</li>)}</ul>
            {!found.complete && <p class="muted">Of the latest 20,000 failures.</p>}
          </>
        )}
      </Shown>
    </details>
  );
}

const triesOf = (o: Outcomes, cause: string) => o.causes?.find((c) => c.cause === cause)?.tries ?? 0;

/** The boxes as rows; those of tries add up to all of them. */
function table(o: Outcomes, before: Outcomes) {
  return [
    ["got in", "", o.got_in, "", before.got_in], ["got in, then trouble", "", o.after_trouble, "", before.after_trouble],
    ...(o.causes ?? []).map((c) => ["did not", c.cause, c.tries, c.users, triesOf(before, c.cause)]),
    ["did not", "not known", o.not_known.unexplained, "", before.not_known.unexplained], ["did not", "not judged yet", o.not_known.waiting, "", before.not_known.waiting],
    ["provoked", "", o.provoked, "", before.provoked],
  ];
}

function Boxes({ o, before, earlier }: { o: Outcomes; before: Outcomes; earlier: string }) {
  const causes = o.causes ?? [];
  const listed = causes.slice(0, shown), rest = causes.slice(shown);
  const menders = whose(o);
  const most = Math.max(1, o.not_known.tries, ...causes.map((c) => c.tries));
  const more = rest.reduce((n, c) => n + c.tries, 0);
  const bar = (n: number) => <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width={Math.max(1, (n / most) * 100)} height="8" /></svg>;
  return (
    <>
      <section class="headline" aria-label="In short">
        {o.tries === 0
          ? <p class="large">Nobody tried to get in.</p>
          : o.failed === 0
            ? <p class="large good">{o.tries} got in, nobody failed</p>
            : <p class="large">{o.failed} of {o.tries} tries failed, <span class="rate">{percent(o.failed, o.tries)}</span></p>}
        {menders && <p>Who can mend them: {menders}.</p>}
        <p class="muted">
          {o.tries > 0 && <>{o.got_in + o.after_trouble} got in{o.after_trouble > 0 && ` (${o.after_trouble} with trouble)`} + {o.failed} = {o.tries}. </>}
          {earlier[0]!.toUpperCase() + earlier.slice(1)}: {before.tries === 0 ? "nothing is known" : `${before.failed} of ${before.tries}, ${percent(before.failed, before.tries)}`}. Since <At at={o.happened_since} />.
        </p>
        {o.failed > 0 && !!o.buckets?.length && <Bars of={o.buckets.map((b) => b.failed)} label={`${o.failed} tries that failed, over the time; most at once ${Math.max(...o.buckets.map((b) => b.failed))}`} />}
        {o.provoked > 0 && <p class="muted">{o.provoked} more, in which a failure was provoked on purpose: they are no tries.</p>}
        {!o.complete && <p class="note">There were more tries than can be counted; these are the latest.</p>}
        {o.indexed < 1 && <p class="note">{Math.floor(o.indexed * 100)} % of the record can be counted so far.</p>}
      </section>
      {o.failed > 0 && (
        <section>
          <h2>Why they failed <SaveTable name="outcomes" asked={`what became of tries from ${o.happened_since} to ${o.happened_until}`}
            columns={["outcome", "cause", "tries", "people", "tries before"]} rows={() => table(o, before)} /></h2>
          <ul class="rows causes">
            {listed.map((c) => {
              const was = triesOf(before, c.cause);
              return (
                <li key={c.cause}>
                  <a data-row href={href("causes", c.cause)}>
                    {bar(c.tries)}<span class="count">{c.tries}</span><span class="name">{c.title}</span>
                    <span class="muted">{people(c.users)} · {c.fixed_by?.join(", ")}{before.tries > 0 && (was === 0 ? " · new" : ` · ${earlier} ${was}`)}</span>
                  </a>
                </li>
              );
            })}
            {more > 0 && <li><a href="#/causes">{bar(more)}<span class="count">{more}</span><span class="name">{rest.length} smaller causes</span></a></li>}
            {o.not_known.tries > 0 && (
              <li><a data-row href={href("causes", notKnown)}>{bar(o.not_known.tries)}<span class="count">{o.not_known.tries}</span><span class="name">not known</span><span class="muted">{o.not_known.unexplained > 0 && `${o.not_known.unexplained} that nothing explains`}{o.not_known.waiting > 0 && ` ${o.not_known.waiting} not judged yet`}</span></a></li>
            )}
          </ul>
        </section>
      )}
    </>
  );
}
