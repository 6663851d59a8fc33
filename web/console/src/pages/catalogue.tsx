// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Every error the catalogue knows, and what it means.
import { useState } from "preact/hooks";
import { at, call } from "../api";
import { Problem, Shown, Title } from "../parts";
import { href, type Route } from "../route";
import type { Entry } from "../shapes";
import { useAsk, useShared } from "../state";

export function Catalogue({ route }: { route: Route }) {
  const [text, setText] = useState(route.query.get("q") ?? "");
  const asked = useAsk("faults", (signal) => call<{ faults: Entry[] }>("GET", "/api/v1/faults", undefined, signal));
  return (
    <>
      <Title name="Catalogue">Catalogue</Title>
      <label class="field">An error, a vendor's code or name, or a word
        <input type="search" value={text} onInput={(e) => setText(e.currentTarget.value)} placeholder="4005, OT_NOT_CONNECTED, camera" />
      </label>
      <Shown of={asked} rows={10}>
        {({ faults }) => {
          const words = text.toLowerCase().split(/\s+/).filter(Boolean);
          const found = faults.filter((f) => {
            const all = [f.id, f.title, f.what, f.user.en ?? "", ...(f.words ?? []).flatMap((w) => [String(w.code ?? ""), w.name ?? ""])].join(" ").toLowerCase();
            return words.every((w) => all.includes(w));
          });
          return (
            <>
              <p class="muted" role="status">{found.length} of {faults.length}</p>
              {!found.length && <p>No error has these words. <button onClick={() => setText("")}>Show all</button></p>}
              <ul class="rows two">
                {found.map((f) => <li key={f.id}><a data-row href={href("catalogue", f.id)}><span class="name">{f.title}</span> <code>{f.id}</code></a></li>)}
              </ul>
            </>
          );
        }}
      </Shown>
    </>
  );
}

export function CatalogueEntry({ id }: { id: string }) {
  const { may } = useShared();
  const asked = useAsk(id, (signal) => call<Entry>("GET", at`/api/v1/faults/${id}`, undefined, signal));
  if (asked.error?.status === 404 && !asked.data) return <><Title name="Catalogue">{id} is not in the catalogue</Title><Problem error={asked.error} /><p><a href="#/catalogue">All errors</a></p></>;
  const links = (title: string, ids: string[] | null) => !!ids?.length && <><dt>{title}</dt><dd>{ids.map((other, i) => <>{i > 0 && ", "}<a key={other} href={href("catalogue", other)}>{other}</a></>)}</dd></>;
  return (
    <Shown of={asked} heading="Catalogue">
      {(f) => (
        <article>
          <Title name={f.title}>{f.title}</Title>
          <p class="muted"><code>{f.id}</code> · {f.category} · {f.is_terminal ? "ends the call" : "the call can go on"} · trying again: {f.retry}</p>
          <dl class="entry">
            <dt>What</dt><dd>{f.what}</dd>
            <dt>Why</dt><dd>{f.why}</dd>
            <dt>How to tell</dt><dd>{f.sign}</dd>
            <dt>What to do</dt><dd>{f.do}</dd>
            {Object.entries(f.user).map(([lang, words]) => <><dt key={lang}>To tell the user, {lang}</dt><dd lang={lang}>{words}</dd></>)}
            {links("Caused by", f.caused_by)}
            {links("Leads to", f.leads_to)}
            {links("See also", f.see)}
          </dl>
          {!!f.words?.length && (
            <div class="scroll" tabIndex={0} role="region" aria-label="In vendors' words">
              <table><caption>In vendors' words</caption><thead><tr><th>Vocabulary</th><th>Code</th><th>Name</th></tr></thead>
                <tbody>{f.words.map((w, i) => <tr key={i}><td>{w.dialect}</td><td>{w.code ?? ""}</td><td>{w.name ?? ""}</td></tr>)}</tbody></table>
            </div>
          )}
          {may("read") && <p><a href={href("causes", f.id)}>How often here</a></p>}
        </article>
      )}
    </Shown>
  );
}
