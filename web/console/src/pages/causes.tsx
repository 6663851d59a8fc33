// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What fails, by cause: since when, how often, whom.
import { call, query } from "../api";
import { At, Shown, Sure, Title } from "../parts";
import { href } from "../route";
import { safe } from "../safe";
import type { Diagnosis } from "../shapes";
import { entry, useAsk, useTitles } from "../state";
import { who } from "../words";

interface Group {
  value?: string;
  events: number;
  users: number;
}

export function Causes({ id }: { id: string }) {
  return id ? <Cause key={id} id={id} /> : <AllCauses />;
}

function AllCauses() {
  const since = new Date(Math.floor(Date.now() / 3_600_000 - 24) * 3_600_000).toISOString();
  const asked = useAsk("causes", (signal) => call<{ groups: Group[]; total: Group }>("GET", "/api/v1/analytics/summary" + query({ by: "fault", since, top: 100 }), undefined, signal));
  const title = useTitles((asked.data?.groups ?? []).map((g) => g.value ?? "").filter(Boolean));
  return (
    <>
      <Title name="Causes">Causes, in 24 hours</Title>
      <Shown of={asked}>
        {(s) => s.groups.length === 0 ? <p class="empty">Nothing failed in 24 hours.</p> : (
          <ul class="rows causes">
            {s.groups.map((g) => (
              <li key={g.value ?? ""}>
                <a data-row href={href("causes", g.value || "none")}><span class="count">{g.events}</span> <span class="name">{g.value ? title(g.value) : "not in the catalogue"}</span> <span class="muted">{g.users} people</span></a>
              </li>
            ))}
          </ul>
        )}
      </Shown>
    </>
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
    <Shown of={asked} rows={6}>
      {({ known, all, total }) => (
        <article>
          <Title name={known?.title ?? id}>{known?.title ?? id}</Title>
          <p class="muted"><a href={href("catalogue", id)}>{id}</a> · {total} on record{all[0] && <> · last <At at={all[0].failure.happened} /></>}</p>
          {known && <p>{known.do}</p>}
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
