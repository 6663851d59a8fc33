// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// One cause: since when, how often, whom, and what sets its failures apart.
import { at, call, query, unsupported } from "../api";
import { At, Bars, SaveTable, Shown, Sure, Title } from "../parts";
import { go, href, type Route } from "../route";
import { safe } from "../safe";
import type { Diagnosis } from "../shapes";
import { entry, useAsk, useShared } from "../state";
import { plural, who } from "../words";
import type { Known } from "./causes";

/** How many of the tries that failed, and of all tries, have a value. */
interface ShareOfTries {
  by: string;
  value: string;
  failed: number;
  tries: number;
}

interface One extends Known {
  since: string;
  until: string;
  versions: ShareOfTries[];
  apart: { since: string; failures: number; provoked: number; failed: number; tries: number; stands_out: ShareOfTries[] };
}

const dimensions: Record<string, string> = { sdk_version: "SDK", browser: "browser", os: "system", role: "role", template: "template", room: "room" };

const percent = (part: number, of: number) => (of === 0 ? "none" : `${((part / of) * 100).toFixed(0)} %`);

const spans: [string, string][] = [["24", "24 hours"], ["168", "7 days"], ["720", "30 days"]];

export function Cause({ id, route }: { id: string; route: Route }) {
  const chosen = route.query.get("last"), last = spans.some(([value]) => value === chosen) ? chosen! : "24";
  const asked = useAsk(`${id} ${last}`, async (signal) => {
    const since = new Date(Date.now() - Number(last) * 3_600_000).toISOString();
    const by = (filter: Record<string, string>) => call<{ diagnoses: Diagnosis[]; total: number }>("GET", "/api/v1/diagnoses" + query({ ...filter, limit: 20 }), undefined, signal);
    const [known, one, byVerdict] = await Promise.all([
      entry(id), call<One>("GET", at`/api/v1/causes/${id}` + query({ since }), undefined, signal).catch(unsupported), by({ diagnosis: id })]);
    return { known, one, all: byVerdict.diagnoses, total: byVerdict.total };
  });
  return (
    <Shown of={asked} rows={6} heading="Cause">
      {({ known, one, all, total }) => (
        <article>
          <Title name={known?.title ?? id}>{known?.title ?? id}</Title>
          <p class="muted"><a href={href("catalogue", id)}>{id}</a> · {plural(total, "failure")} on record{one?.first_seen && <> · first <At at={one.first_seen} /> · last <At at={one.last_seen} /></>}</p>
          {known && <p>{known.do}</p>}
          <label class="field inline">In
            <select value={last} onChange={(e) => go(href("causes", id, { last: e.currentTarget.value }))}>{spans.map(([value, label]) => <option key={value} value={value}>{label}</option>)}</select>
          </label>
          {one && (
            <>
              <section aria-label="How often">
                <p class="large">{plural(one.failures, "failure")} of {plural(one.users, "person", "people")}{one.new ? <span class="late"> new</span> : one.rising && <span class="late"> ▲ rising</span>}</p>
                <p class="muted">{one.before} in as long a time before.</p>
                <Bars of={one.trend ?? []} label={`${one.failures} failures over the time`} />
                <Mute id={id} known={one} again={asked.again} />
              </section>
              <Apart one={one} />
            </>
          )}
          <section>
            <h2>The last {all.length === total ? "" : `${all.length} of ${total} `}failures</h2>
            {all.length === 0 && <p class="empty">No failure on record has this cause.</p>}
            <Failures of={all} />
          </section>
        </article>
      )}
    </Shown>
  );
}

const Failures = ({ of }: { of: Diagnosis[] }) => (
  <ul class="rows">
    {of.map((d) => (
      <li key={d.failure.id}><a data-row href={href("failure", d.failure.id)}><span class="name">{who(d.failure)}</span> <At at={d.failure.happened} /> <span class="cause">{safe(d.verdict.says, 160)} <Sure of={d.verdict.confidence} /></span>{d.failure.injected && <span class="late"> provoked</span>}</a></li>
    ))}
  </ul>
);

/** The failures that nothing explains yet; each page says what would. */
export function NotKnown() {
  const asked = useAsk("not known", (signal) => call<{ diagnoses: Diagnosis[]; total: number }>("GET", "/api/v1/diagnoses" + query({ confidence: "not known", limit: 50 }), undefined, signal));
  return (
    <>
      <Title name="Not known">Failures whose cause is not known</Title>
      <p>What would decide one is on its page: often a question to the browser of whoever was there.</p>
      <Shown of={asked} rows={6}>
        {({ diagnoses, total }) => (
          <>
            <p class="muted">{diagnoses.length === total ? plural(total, "failure") : `The last ${diagnoses.length} of ${total} failures`} on record</p>
            {total === 0 ? <p class="empty">Every failure on record has a cause.</p> : <Failures of={diagnoses} />}
          </>
        )}
      </Shown>
    </>
  );
}

/** What the tries that failed for a cause have that others have not. */
function Apart({ one }: { one: One }) {
  const { apart: a, versions } = one;
  return (
    <div class="boxes">
      <section>
        <h2>What sets them apart</h2>
        {a.failed === 0
          ? <p class="muted">No try failed for it in this time{a.provoked > 0 && `, but ${a.provoked} that were provoked`}.</p>
          : a.stands_out.length === 0
            ? <p>Nothing stands out: {plural(a.failed, "try", "tries")} of {a.tries} failed for it, and their versions, browsers, systems, roles, templates and rooms are as chance would have them.</p>
            : (
              <ul class="plain">
                {a.stands_out.map((s) => (
                  <li key={s.by + s.value}>
                    <strong>{safe(s.value, 80)}</strong> <span class="muted">{dimensions[s.by] ?? s.by}</span>: {percent(s.failed, a.failed)} of those that failed ({s.failed} of {a.failed}), of all tries {percent(s.tries, a.tries)} ({s.tries} of {a.tries})
                  </li>
                ))}
              </ul>
            )}
        <p class="muted">Since <At at={a.since} />.{a.provoked > 0 && ` ${a.provoked} that were provoked are left out.`}</p>
      </section>
      <section>
        <h2>By version of the SDK <SaveTable name={`versions-${one.cause}`} asked={`versions of the SDK with ${one.cause} since ${a.since}`} columns={["version", "failed", "tries"]} rows={() => versions.map((v) => [v.value, v.failed, v.tries])} /></h2>
        {versions.length === 0 ? <p class="muted">None.</p> : (
          <ul class="plain">{versions.map((v) => <li key={v.value}><strong>{safe(v.value || "not told", 60)}</strong> {v.failed} of {plural(v.tries, "try", "tries")}, {percent(v.failed, v.tries)}</li>)}</ul>
        )}
      </section>
    </div>
  );
}

/** Keeps a cause out of the list for a day, or until it doubles. */
function Mute({ id, known, again }: { id: string; known: Known; again(): void }) {
  const { may, say } = useShared();
  const put = (body: Record<string, unknown>) => call("PUT", at`/api/v1/causes/${id}/mute`, body).then(() => (say("Muted."), again()), (error: Error) => say(error.message));
  const end = () => call("DELETE", at`/api/v1/causes/${id}/mute`).then(() => (say("Not muted any more."), again()), (error: Error) => say(error.message));
  if (known.muted) {
    return <p class="note">Muted {known.muted.until ? <>until <At at={known.muted.until} /></> : `until there are more than ${known.muted.above} in 24 hours`}. {may("operate") && <button onClick={() => void end()}>End it</button>}</p>;
  }
  if (!may("operate")) return null;
  return (
    <p class="actions">
      <button onClick={() => void put({ until: new Date(Date.now() + 24 * 3_600_000).toISOString() })}>Mute for a day</button>
      <button onClick={() => void put({ until_doubles: true })}>Mute until it doubles</button>
    </p>
  );
}
