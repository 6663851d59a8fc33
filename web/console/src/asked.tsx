// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What a browser found that was asked afterwards, the link that asks one, and the record
// as it was at a moment.
import { call } from "./api";
import { MakeLink, type Link } from "./links";
import { At } from "./parts";
import { safe } from "./safe";
import type { Diagnosis } from "./shapes";
import { useShared } from "./state";
import { moment } from "./time";
import { other } from "./words";

/** The button that makes a link for whoever was there. asking hears that there is one. */
export function Ask({ id, asking }: { id: string; asking: () => void }) {
  const make = async () => {
    const made = await call<Link>("POST", "/api/v1/probes", { event: id });
    asking();
    return made;
  };
  return (
    <MakeLink name="ask" make={make} button={(ask) => <button onClick={ask} title="A link to a page that finds out what the network lets through">Ask the browser</button>}>
      {(until) => <>Send this to whoever was there, to be opened in the same network if that can be. It takes 20 seconds and opens no camera. Good until {until}. What is found shows here by itself.</>}
    </MakeLink>
  );
}

/** What was found, and the verdict before that. */
export function Found({ d }: { d: Diagnosis }) {
  if (!d.asked?.length) return null;
  const before = other(d.before, d.verdict);
  return (
    <section>
      <h2>The browser was asked</h2>
      {before && <p role="status">Before that it was told as {safe(before.cause || "not known", 80)}, {before.confidence}.</p>}
      {d.asked.map((a) => (
        <div key={a.at}>
          <p class="muted"><At at={a.at} /></p>
          <ul class="facts">{a.says.map((s) => <li key={s}><span class="mark" aria-hidden="true">·</span> {safe(s, 300)}</li>)}</ul>
        </div>
      ))}
    </section>
  );
}

/** A moment at which more came to be on record. */
export interface Moment { at: string; what: string }

/** Chooses a moment of the record; "" is now. It can be chosen only where there is more than one, or by the address of the page. */
export function Known({ told, then, choose }: { told: Moment[]; then: string; choose: (then: string) => void }) {
  const { zone } = useShared();
  const among = then && !told.some((m) => m.at === then);
  if (!then && told.length < 2) return null;
  return (
    <p>
      <label for="known">As known at </label>
      <select id="known" value={then} onChange={(e) => choose(e.currentTarget.value)}>
        <option value="">now</option>
        {among && <option value={then}>{moment(new Date(then), zone)}</option>}
        {told.map((m, i) => <option key={i} value={m.at}>{moment(new Date(m.at), zone)}: {safe(m.what, 80)}</option>)}
      </select>
      {then && <span role="status"> This is what was known at that moment; what was told later is hidden.</span>}
    </p>
  );
}
