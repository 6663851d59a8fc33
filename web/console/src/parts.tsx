// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What every page is made of.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Refusal } from "./api";
import { csv, type Row } from "./exports";
import { useShared, type Asked } from "./state";
import { clock, exact, moment } from "./time";

/** The heading of a page, which has the focus when the page comes. */
export function Title({ children, name }: { children: ComponentChildren; name: string }) {
  const at = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = name + " · Redial console";
    at.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [name]);
  return <h1 ref={at} tabIndex={-1}>{children}</h1>;
}

/** A moment by the clock that is chosen; its exact time is in the title. */
export function At({ at, short = false }: { at: string; short?: boolean }) {
  const { zone } = useShared();
  const date = new Date(at);
  if (isNaN(date.getTime())) return <>?</>;
  return <time dateTime={exact(date)} title={exact(date)}>{short ? clock(date, zone) : moment(date, zone)}</time>;
}

/** How sure something is: a word, and as many marks. */
export function Sure({ of }: { of: string }) {
  const marks = { proven: "●●●", likely: "●●○", possible: "●○○" }[of] ?? "○○○";
  return <span class={"sure " + of.replace(" ", "-")}><span aria-hidden="true">{marks}</span> {of}</span>;
}

/** Why something is not shown, and what to do. */
export function Problem({ error, again, half = false }: { error: Refusal; again?: () => void; half?: boolean }) {
  const unknown = error.fault === "request.route_unknown" || error.status === 404 && error.fault === "";
  return (
    <div class="problem" role="alert">
      <p><strong>{half ? "Not all is shown: " : ""}{error.message}</strong></p>
      {error.details.filter((d) => !error.message.includes(d)).map((d) => <p key={d}>{d}</p>)}
      {!unknown && error.fix && <p>{error.fix}</p>}
      <p class="muted">
        {error.fault && <a href={"#/catalogue/" + encodeURIComponent(error.fault)}>{error.fault}</a>}
        {error.request && <> · request {error.request}</>}
        {error.after > 0 && <> · try again in {error.after} s</>}
      </p>
      {again && <button onClick={() => (error.after ? setTimeout(again, error.after * 1000) : again())}>Try again</button>}
    </div>
  );
}

/** Grey shapes of the size of what comes. */
export function Shapes({ rows = 4 }: { rows?: number }) {
  return <div class="shapes" role="status" aria-label="Loading">{Array.from({ length: rows }, (_, i) => <div key={i} />)}</div>;
}

/** What was asked for, in whichever state it is. A page whose heading comes with the data has another for when none comes. */
export function Shown<T>({ of, rows, heading, children }: { of: Asked<T>; rows?: number; heading?: string; children: (data: T) => ComponentChildren }) {
  return (
    <>
      {heading && of.error && of.data === undefined && <Title name={heading}>{heading}</Title>}
      {of.error && <Problem error={of.error} again={of.again} half={of.data !== undefined} />}
      {of.data !== undefined
        ? <div class={of.loading ? "stale" : ""} aria-busy={of.loading}>{children(of.data)}</div>
        : of.loading && !of.error && <Shapes rows={rows} />}
    </>
  );
}

/** Something that is copied by a press. */
export function Copy({ text, label, class: kind }: { text: string | (() => Promise<string> | string); label: string; class?: string }) {
  const { say } = useShared();
  const copy = async () => {
    try {
      const copied = typeof text === "string" ? text : await text();
      await navigator.clipboard.writeText(copied);
      say("Copied.");
    } catch {
      say("The browser does not let this page copy. Select the text and copy it.");
    }
  };
  return <button class={kind} onClick={() => void copy()}>{label}</button>;
}

/** Saves a file. */
export function save(name: string, text: string, type = "application/json") {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A table as a file, made when it is asked for. */
export function SaveTable({ name, asked, columns, rows }: { name: string; asked: string; columns: string[]; rows: () => Row[] }) {
  return <button class="quiet" onClick={() => save(`${name}.csv`, csv(asked, new Date(), columns, rows()), "text/csv")}>Export table</button>;
}

/** A series of numbers as bars; the numbers are beside it in words. */
export function Bars({ of, label }: { of: number[]; label: string }) {
  const most = Math.max(1, ...of);
  return (
    <svg class="bars" viewBox={`0 0 ${of.length * 4} 24`} role="img" aria-label={label} preserveAspectRatio="none">
      {of.map((n, i) => n > 0 && <rect key={i} x={i * 4} y={24 - Math.max(1, (n / most) * 24)} width="3" height={Math.max(1, (n / most) * 24)} />)}
    </svg>
  );
}
