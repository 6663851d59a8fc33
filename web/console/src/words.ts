// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Failures in words, as "redial why" says them.
import type { Attempt, Diagnosis, Failure, Verdict } from "./shapes";
import { safe } from "./safe";
import { length } from "./time";

/** Somebody as people call them. */
export function who(f: { user_name?: string; user_id?: string; peer_id?: string }): string {
  return safe(f.user_name || f.user_id || f.peer_id || "Somebody", 80);
}

/** A number with its thing: "1 person", "2 people". */
export function plural(n: number, one: string, many = one + "s"): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** What became of somebody whose failure is of a type, in a room or without one. */
export function couldNot(type: string, room = ""): string {
  const inside = room && ` in "${room}"`, to = room && ` "${room}"`;
  switch (type) {
    case "client.connect.failed": return "could not connect" + (to && " to" + to);
    case "client.join.failed": return "could not join" + to;
    case "client.publish.failed": return "could not send audio or video" + inside;
    case "client.subscribe.failed": return "could not receive audio or video" + inside;
    case "client.disconnected": return "lost the connection" + inside;
  }
  return "had a failure of an unknown type" + inside;
}

export const room = (f: { room_name?: string; room_id?: string }) => safe(f.room_name || f.room_id || "", 80);

export const told = (source: string) => (source === "both" ? "client and server" : source);

/** Who is to do something. */
export function party(name: string, f: Failure): string {
  switch (name) {
    case "user": return f.user_name ? safe(f.user_name, 80) : "The user";
    case "app": return "The app";
    case "operator": return "The operator";
    case "vendor": return "The vendor";
  }
  return name;
}

/** What became of an attempt, in a few words. */
export function outcome(a: Attempt): string {
  if (a.outcome === "fine") return "got in";
  if (a.outcome === "trouble") return "got in, then trouble";
  return a.failure ? couldNot(a.failure.type) : "did not get in";
}

/** A value of a fact. */
export function value(v: unknown): string {
  return typeof v === "string" ? safe(v) : JSON.stringify(v) ?? "";
}

/** A verdict of before, where it was another than that of now. */
export const other = <T extends { cause?: string; confidence: string }>(was: T | undefined, now: Verdict): T | undefined =>
  was && (was.cause !== now.cause || was.confidence !== now.confidence) ? was : undefined;

/** How much later than it happened a failure was told; "" when that is not worth saying. */
export function late(f: Failure): string {
  const ms = Date.parse(f.at) - Date.parse(f.happened);
  return ms > 120_000 ? length(ms) : "";
}

const width = 92;

/** A paragraph behind a mark, wrapped under itself. */
function hang(mark: string, text: string): string {
  const indent = " ".repeat([...mark].length);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (line && [...line].length + 1 + [...word].length > width - indent.length) {
      lines.push(line);
      line = word;
    } else line = line ? line + " " + word : word;
  }
  lines.push(line);
  return lines.map((l, i) => (i === 0 ? mark : indent) + l).join("\n");
}

/** A diagnosis as "redial why" prints it, by a clock. */
export function asText(d: Diagnosis, follows: Diagnosis[], title: (id: string) => string, day: (at: Date) => string, clock: (at: Date) => string): string {
  const { failure: f, verdict: v } = d;
  const lines: string[] = [];
  const head = (text: string) => lines.push("", text);
  const item = (mark: string, text: string) => lines.push(hang(`  ${mark}  `, text));
  const items = (list: [string, string][]) => {
    const most = Math.max(...list.map(([mark]) => [...mark].length));
    for (const [mark, text] of list) item(mark + " ".repeat(most - [...mark].length), text);
  };
  const sure = (cause: string | undefined, confidence: string) => (cause ? cause + ", " : "") + confidence;
  const name = who(f) + (f.role ? ` (${safe(f.role, 80)})` : "");
  lines.push(hang("", `${name} ${couldNot(f.type, room(f))}, ${day(new Date(f.happened))}.`), "");
  lines.push(hang("  ", safe(v.says, 2000)), "");
  items([["cause", `${sure(v.cause, v.confidence)} by the rules of ${v.rules}`], ["on record", `${f.fault || "not in the catalogue"}, told by ${told(f.source)}`]]);
  const kept = other(d.kept, v), before = other(d.before, v);
  if (kept) lines.push(hang("  ", `At the time it was told as ${sure(kept.cause, kept.confidence)}, by the rules of ${kept.rules}.`));
  if (d.as_known_at) lines.push(hang("  ", `This is as the record was on ${day(new Date(d.as_known_at))}.`));
  const ms = Date.parse(f.at) - Date.parse(f.happened);
  if (ms > 120_000) {
    const h = ms / 3_600_000;
    lines.push(hang("  ", `It was told ${h < 2 ? Math.round(h * 60) + " minutes" : h < 48 ? Math.round(h) + " hours" : Math.round(h / 24) + " days"} after it happened.`));
  }
  if (v.leads) lines.push(hang("  ", "It follows from another failure: redial why -event " + v.leads));
  if (v.because?.length) {
    head("Because");
    const said = new Set<string>();
    for (const b of v.because) {
      const text = `${b.says || `${b.fact}: ${value(b.value)}`} (${b.from}${b.at ? ", " + clock(new Date(b.at)) : ""})`;
      if (!said.has(text)) item("+", safe(text, 2000));
      said.add(text);
    }
  }
  if (v.rivals?.length) {
    head("It could also be");
    for (const r of v.rivals) {
      let text = title(r.cause);
      if (r.says !== text + ".") text += ": " + r.says.replace(/\.$/, "");
      item("?", text + "." + (r.decides ? ` This would tell: ${r.decides}.` : ""));
    }
  }
  if (v.not?.length) {
    head("It is not");
    for (const n of v.not) item("-", `${title(n.cause)}: ${n.because}`);
  }
  if (v.missing?.length) {
    head("Not known");
    for (const m of v.missing) item("?", `${m.fact}: ${m.how}`);
  }
  if (v.refuted_by?.length) {
    head("It would be wrong with");
    for (const r of v.refuted_by) item("x", r);
  }
  for (const a of d.asked ?? []) {
    head(`Asked ${day(new Date(a.at))}`);
    for (const s of a.says) item("+", safe(s, 2000));
  }
  if (before) item("<", `Before that it was told as ${sure(before.cause, before.confidence)}.`);
  if (v.do?.length) {
    head("What to do");
    items(v.do.map((a) => [party(a.who, f), a.text]));
  }
  if (follows.length) {
    head(`${follows.length} more ${follows.length === 1 ? "follows" : "follow"} from it`);
    for (const o of follows) item(clock(new Date(o.failure.happened)), `${couldNot(o.failure.type)} (${o.failure.fault || "not in the catalogue"})`);
  }
  lines.push("", `Event ${f.id}${f.reference ? ", reference " + f.reference : ""}`);
  if (f.fault) lines.push("More: redial explain " + (v.cause || f.fault));
  return lines.join("\n") + "\n";
}
