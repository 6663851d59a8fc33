// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What fails, by cause: since when, how often, whom.
import { useState } from "preact/hooks";
import { at, call, query } from "../api";
import { At, Bars, Shown, Sure, Title } from "../parts";
import { href } from "../route";
import { safe } from "../safe";
import type { Diagnosis } from "../shapes";
import { entry, useAsk, useShared } from "../state";
import { who } from "../words";

interface Known {
  cause: string;
  title: string;
  fixed_by: string[] | null;
  failures: number;
  users: number;
  before: number;
  new: boolean;
  rising: boolean;
  first_seen: string;
  last_seen: string;
  trend: number[] | null;
  muted: { until: string | null; above: number; set_by: string } | null;
}

interface List {
  since: string;
  causes: Known[];
  not_known: { failures: number; users: number };
}

export function Causes({ id }: { id: string }) {
  return id ? <Cause key={id} id={id} /> : <AllCauses />;
}

const causes = (signal: AbortSignal) => call<List>("GET", "/api/v1/causes", undefined, signal);

function AllCauses() {
  const asked = useAsk("causes", causes);
  const [muted, showMuted] = useState(false);
  return (
    <>
      <Title name="Causes">Causes, in 24 hours</Title>
      <Shown of={asked}>
        {(l) => {
          const shown = l.causes.filter((c) => muted || !c.muted), quiet = l.causes.length - l.causes.filter((c) => !c.muted).length;
          return (
            <>
              {l.causes.length === 0 && l.not_known.failures === 0 && <p class="empty">Nothing failed in 24 hours.</p>}
              {quiet > 0 && <p><label><input type="checkbox" checked={muted} onChange={(e) => showMuted(e.currentTarget.checked)} /> Muted ones too ({quiet})</label></p>}
              {(shown.length > 0 || l.not_known.failures > 0) && (
                <ul class="rows causes">
                  {shown.map((c) => (
                    <li key={c.cause}>
                      <a data-row href={href("causes", c.cause)}>
                        <span class="count">{c.failures}</span> <span class="name">{c.title}</span>
                        {c.new ? <span class="late">new</span> : c.rising && <span class="late">▲ more than the day before ({c.before})</span>}
                        <span class="muted">{c.users} {c.users === 1 ? "person" : "people"} · {c.fixed_by?.join(", ")} · first <At at={c.first_seen} /> · last <At at={c.last_seen} />{c.muted && " · muted"}</span>
                        <Bars of={c.trend ?? []} label={`${c.failures} failures over the day`} />
                      </a>
                    </li>
                  ))}
                  {l.not_known.failures > 0 && <li><div><span class="count">{l.not_known.failures}</span> <span class="name">not known</span> <span class="muted">{l.not_known.users} people</span></div></li>}
                </ul>
              )}
            </>
          );
        }}
      </Shown>
    </>
  );
}

/** Keeps a cause out of the list for a day, or until it doubles. */
function Mute({ id }: { id: string }) {
  const { may, say } = useShared();
  const asked = useAsk("mute " + id, causes);
  const known = asked.data?.causes.find((c) => c.cause === id);
  const put = (body: Record<string, unknown>) => call("PUT", at`/api/v1/causes/${id}/mute`, body).then(() => (say("Muted."), asked.again()), (error: Error) => say(error.message));
  const end = () => call("DELETE", at`/api/v1/causes/${id}/mute`).then(() => (say("Not muted any more."), asked.again()), (error: Error) => say(error.message));
  if (known?.muted) {
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

/** The failures of one cause, found by verdict and by fault. */
function Cause({ id }: { id: string }) {
  const asked = useAsk(id, async (signal) => {
    const by = (filter: Record<string, string>) => call<{ diagnoses: Diagnosis[]; total: number }>("GET", "/api/v1/diagnoses" + query({ ...filter, limit: 20 }), undefined, signal);
    const [known, byVerdict, byFault] = await Promise.all([entry(id), by({ diagnosis: id }), by({ fault: id })]);
    const all = [...byVerdict.diagnoses, ...byFault.diagnoses.filter((d) => !byVerdict.diagnoses.some((o) => o.failure.id === d.failure.id))];
    return { known, all: all.sort((a, b) => b.failure.happened.localeCompare(a.failure.happened)), total: Math.max(byVerdict.total, byFault.total, all.length) };
  });
  return (
    <Shown of={asked} rows={6} heading="Cause">
      {({ known, all, total }) => (
        <article>
          <Title name={known?.title ?? id}>{known?.title ?? id}</Title>
          <p class="muted"><a href={href("catalogue", id)}>{id}</a> · {total} on record{all[0] && <> · last <At at={all[0].failure.happened} /></>}</p>
          {known && <p>{known.do}</p>}
          <Mute id={id} />
          {all.length === 0 && <p class="empty">No failure on record has this cause.</p>}
          <ul class="rows">
            {all.map((d) => (
              <li key={d.failure.id}><a data-row href={href("failure", d.failure.id)}><span class="name">{who(d.failure)}</span> <At at={d.failure.happened} /> <span class="cause">{safe(d.verdict.says, 160)} <Sure of={d.verdict.confidence} /></span></a></li>
            ))}
          </ul>
        </article>
      )}
    </Shown>
  );
}
