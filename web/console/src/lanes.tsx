// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Two lanes: what the client told and what the server saw, by when it happened.
import { At } from "./parts";
import { useShared } from "./state";
import { clock } from "./time";

/** Something that happened. */
export interface Mark {
  at: string;
  lane: string; // "client" or "server"
  text: string;
  bad: boolean;
  here?: boolean; // it is what the page is about
  href?: string;
}

const most = 60; // marks that are drawn; the list has all
const wide = 90_000; // ms to each side of the middle that are drawn

/** Lanes as a picture, and the same as a list. */
export function Lanes({ marks, around }: { marks: Mark[]; around: string }) {
  const { zone } = useShared();
  const sorted = marks.filter((m) => !isNaN(Date.parse(m.at))).sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  if (!sorted.length) return <p class="muted">Nothing else is known of that time.</p>;
  const middle = Date.parse(around);
  const near = sorted.filter((m) => Math.abs(Date.parse(m.at) - middle) <= wide);
  const from = Math.min(...near.map((m) => Date.parse(m.at))), to = Math.max(...near.map((m) => Date.parse(m.at)));
  const room = Math.max(2000, to - from);
  const x = (m: Mark) => 70 + ((Date.parse(m.at) - from) / room) * 700;
  const drawn = near.slice(0, most);
  return (
    <>
      <svg class="lanes" viewBox="0 0 800 86" role="img" aria-label={`${near.length} things between ${clock(new Date(from), zone)} and ${clock(new Date(to), zone)}; the list below has them`}>
        {["client", "server"].map((lane, i) => (
          <g key={lane}>
            <text x="0" y={28 + i * 30}>{lane}</text>
            <line x1="60" x2="790" y1={24 + i * 30} y2={24 + i * 30} />
          </g>
        ))}
        {drawn.map((m, i) => {
          const y = m.lane === "client" ? 24 : 54;
          return m.bad
            ? <path key={i} class={"bad" + (m.here ? " here" : "")} d={`M${x(m) - 6} ${y - 6}l12 12m0 -12l-12 12`} />
            : <circle key={i} cx={x(m)} cy={y} r="5" />;
        })}
        <text x="60" y="82">{clock(new Date(from), zone)}</text>
        <text x="790" y="82" text-anchor="end">{clock(new Date(to), zone)}</text>
      </svg>
      <ol class="happened">
        {sorted.map((m, i) => (
          <li key={i} class={m.here ? "here" : ""}>
            <At at={m.at} short /> <span class={"lane " + m.lane} title={m.lane}>{m.lane === "client" ? "C" : "S"}</span>{" "}
            {m.href ? <a data-row href={m.href}>{m.text}</a> : m.text}
          </li>
        ))}
      </ol>
    </>
  );
}
