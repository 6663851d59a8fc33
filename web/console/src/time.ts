// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Times as people read them, with the zone, and their exact moment.

const own = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

export const zones = { own, utc: "UTC" };

const forms = new Map<string, Intl.DateTimeFormat>();

function form(key: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  let found = forms.get(key);
  if (!found) forms.set(key, (found = new Intl.DateTimeFormat("en-GB", options)));
  return found;
}

/** "Wed 25 Nov 14:05:02 CET", with the year where it is another. */
export function moment(at: Date, zone: string, now = new Date()): string {
  const year = form(zone + "y", { timeZone: zone, year: "numeric" });
  const other = year.format(at) !== year.format(now);
  return form(zone + "m" + other, {
    timeZone: zone, weekday: "short", day: "numeric", month: "short", year: other ? "numeric" : undefined,
    hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
  }).format(at).replaceAll(",", "");
}

const clocks = new Map<string, string>(); // formatting takes long, and hundreds of pictures have the same times below them

/** "14:05:02". */
export function clock(at: Date, zone: string): string {
  const key = zone + Math.floor(at.getTime() / 1000);
  let said = clocks.get(key);
  if (said === undefined) {
    if (clocks.size >= 1000) clocks.clear();
    clocks.set(key, (said = form(zone + "c", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at)));
  }
  return said;
}

/** "Wed 25 Nov 13:35 to 14:35 CET", of a span of time. */
export function span(since: Date, until: Date, zone: string): string {
  const day = form(zone + "d", { timeZone: zone, weekday: "short", day: "numeric", month: "short" });
  const short = form(zone + "s", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
  const named = form(zone + "n", { timeZone: zone, hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
  const from = `${day.format(since).replaceAll(",", "")} ${short.format(since)}`;
  const last = new Date(until.getTime() - 1);
  const to = day.format(since) === day.format(last) ? named.format(until) : `${day.format(until).replaceAll(",", "")} ${named.format(until)}`;
  return `${from} to ${to}`;
}

/** The exact moment, with the offset that a copy needs: ISO 8601 in UTC. */
export const exact = (at: Date) => at.toISOString();

/** How far apart two clocks are: "80 ms", "3 min 05 s", "2 h 03 min". */
export function apart(ms: number): string {
  const two = (n: number) => String(n).padStart(2, "0"), s = Math.round(ms / 1000);
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (s < 60) return length(ms);
  return s < 3600 ? `${Math.floor(s / 60)} min ${two(s % 60)} s` : `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
}

/** How long something took: "19.2 s", "6 min", "3 h", "2 days". */
export function length(ms: number): string {
  const s = ms / 1000;
  if (s < 60) return `${s < 10 ? s.toFixed(1) : Math.round(s)} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} days`;
}
