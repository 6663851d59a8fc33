// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What fails, by cause: since when, how often, whom.
import { useState } from "preact/hooks";
import { call } from "../api";
import { At, Bars, SaveTable, Shown, Title } from "../parts";
import { href, type Route } from "../route";
import { useAsk } from "../state";
import { Cause, NotKnown } from "./cause";

export interface Known {
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

/** What stands for a cause in the address of those that have none. */
export const notKnown = "not known";

export function Causes({ id, route }: { id: string; route: Route }) {
  if (id === notKnown) return <NotKnown />;
  return id ? <Cause key={id} id={id} route={route} /> : <AllCauses />;
}

function AllCauses() {
  const asked = useAsk("causes", (signal) => call<List>("GET", "/api/v1/causes", undefined, signal));
  const [muted, showMuted] = useState(false);
  return (
    <>
      <Title name="Causes">Causes, in 24 hours</Title>
      <Shown of={asked}>
        {(l) => {
          const shown = l.causes.filter((c) => muted || !c.muted), quiet = l.causes.length - l.causes.filter((c) => !c.muted).length;
          return (
            <>
              {l.causes.length > 0 && (
                <SaveTable name="causes" asked={`causes since ${l.since}`} columns={["cause", "title", "failures", "people", "before", "new", "rising", "first", "last", "muted"]}
                  rows={() => l.causes.map((c) => [c.cause, c.title, c.failures, c.users, c.before, c.new, c.rising, c.first_seen, c.last_seen, !!c.muted])} />
              )}
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
                  {l.not_known.failures > 0 && <li><a data-row href={href("causes", notKnown)}><span class="count">{l.not_known.failures}</span> <span class="name">not known</span> <span class="muted">{l.not_known.users} people</span></a></li>}
                </ul>
              )}
            </>
          );
        }}
      </Shown>
    </>
  );
}
