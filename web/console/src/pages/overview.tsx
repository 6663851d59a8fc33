// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// How many tries failed, since when, of what, and whether that is new.
import { call, query } from "../api";
import { At, Bars, Shown, Title } from "../parts";
import { go, href, type Route } from "../route";
import { useAsk, useTitles, useShared } from "../state";
import { Attempts } from "./search";
import type { Found } from "../shapes";

interface Group {
  value?: string;
  events: number;
  users: number;
  before?: number;
  joins?: { attempts?: number; failed: number; failure_rate: number | null };
  series: { events: number }[];
}

interface Summary {
  since: string;
  until: string;
  oldest: string | null;
  total: Group;
  groups: Group[];
  values: number;
  compare?: { with: string; complete: boolean; total: Group; new: { value: string; events: number }[]; spikes: { value: string; events: number; before: number }[] };
}

const hours: [string, string][] = [["1", "the last hour"], ["6", "6 hours"], ["24", "24 hours"], ["168", "7 days"]];
const shown = 8;

const percent = (part: number | null | undefined) => (part == null ? "?" : `${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %`);

export function Overview({ route }: { route: Route }) {
  const { may } = useShared();
  const back = route.query.get("last") ?? "24";
  if (!may("read")) return <Door />;
  return <Figures back={back} />;
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

function Figures({ back }: { back: string }) {
  const width = Number(back) * 3_600_000;
  const since = new Date(Math.ceil((Date.now() - width) / 3_600_000) * 3_600_000).toISOString(); // whole hours are counted
  const summary = (by: string) => "/api/v1/analytics/summary" + query({ by, since, compare: width > 24 * 3_600_000 ? "week" : "day", top: shown });
  const asked = useAsk("figures " + back, (signal) => call<Summary>("GET", summary("fault"), undefined, signal), 60_000);
  const version = useAsk("versions " + back, (signal) => call<Summary>("GET", summary("sdk_version"), undefined, signal));
  const recent = useAsk("recent", (signal) => call<Found>("POST", "/api/v1/search", {
    since: new Date(Date.now() - 24 * 3_600_000).toISOString(), until: new Date(Date.now() + 60_000).toISOString(), outcome: "failed", limit: 5,
  }, signal), 60_000);
  const title = useTitles((asked.data?.groups ?? []).map((g) => g.value ?? "").filter(Boolean));
  return (
    <>
      <Title name="Overview">Overview</Title>
      <label class="field inline">Of
        <select value={back} onChange={(e) => go(href("", "", { last: e.currentTarget.value }))}>
          {hours.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
        </select>
      </label>
      <Shown of={asked} rows={6}>
        {(s) => {
          const joins = s.total.joins, before = s.compare?.total.joins;
          const earlier = s.compare?.with === "week" ? "the week before" : "the day before";
          const rest = s.groups.slice(shown);
          const counted = s.groups.reduce((n, g) => n + g.events, 0);
          const most = Math.max(1, ...s.groups.map((g) => g.events));
          return (
            <>
              <section class="headline" aria-label="In short">
                {joins?.attempts !== undefined && (
                  <p class="large">
                    {joins.failed === 0 ? `${joins.attempts} got in, nobody failed` : <>{joins.failed} of {joins.attempts} tries failed <span class="rate">{percent(joins.failure_rate)}</span></>}
                    {before && s.compare?.complete && <span class="muted"> {earlier} {percent(before.failure_rate)}</span>}
                  </p>
                )}
                <p class="muted">since <At at={s.since} />. {joins?.attempts !== undefined && <>{joins.attempts - joins.failed} got in + {joins.failed} = {joins.attempts}.</>} {s.oldest === null && "Nothing is on record yet."}</p>
                <Bars of={s.total.series.map((b) => b.events)} label={`${s.total.events} failures over the time, ${s.total.users} people`} />
              </section>
              <div class="columns">
                <section>
                  <h2>What failed: {s.total.events} times, {s.total.users} people</h2>
                  {s.groups.length === 0 && <p>Nothing failed.</p>}
                  <ul class="rows causes">
                    {s.groups.map((g) => (
                      <li key={g.value ?? ""}>
                        <a data-row href={g.value ? href("causes", g.value, {}) : href("causes")}>
                          <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width={Math.max(1, (g.events / most) * 100)} height="8" /></svg>
                          <span class="count">{g.events}</span>
                          <span class="name">{g.value ? title(g.value) : "not in the catalogue"}</span>
                          <span class="muted">{g.users} people{g.before !== undefined && s.compare?.complete ? (g.before === 0 ? " · new" : ` · ${earlier} ${g.before}`) : ""}</span>
                        </a>
                      </li>
                    ))}
                    {s.total.events > counted && <li><div><span class="count">{s.total.events - counted}</span> <span class="name">{Math.max(1, s.values - s.groups.length + rest.length)} smaller ones</span></div></li>}
                  </ul>
                </section>
                <section>
                  <h2>By version of the SDK</h2>
                  <Shown of={version} rows={3}>
                    {(v) => v.groups.length ? <ul class="plain">{v.groups.slice(0, 5).map((g) => <li key={g.value ?? ""}><strong>{g.value || "not told"}</strong> {g.events} failures, {g.users} people{g.joins?.failure_rate != null && `, ${percent(g.joins.failure_rate)} of ${g.joins.attempts} tries`}</li>)}</ul> : <p class="muted">Nothing to tell apart.</p>}
                  </Shown>
                </section>
              </div>
            </>
          );
        }}
      </Shown>
      <section>
        <h2>Who did not get in, today and yesterday</h2>
        <Shown of={recent} rows={4}>
          {(found) => {
            const all = [...found.attempts, ...found.perhaps];
            return all.length ? <Attempts list={all.slice(0, 8)} label="Those who did not get in" /> : <p class="muted">Nobody.</p>;
          }}
        </Shown>
      </section>
    </>
  );
}
