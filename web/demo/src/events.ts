// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * Recorded events: what the server kept of a failure.
 */
import type { Problem } from "./problems";

export interface RecordedEvent {
  id: string;
  timestamp: string;
  type: string;
  data: Record<string, unknown>;
  redial?: Record<string, unknown>;
}

/** The query that finds the events of the peer a problem happened to. */
export function eventsPath(problem: Problem): string {
  const query = new URLSearchParams();
  if (problem.roomId) query.set("room_id", problem.roomId);
  if (problem.peerId) query.set("peer_id", problem.peerId);
  query.set("error", "true");
  query.set("order", "desc");
  query.set("limit", "50");
  return `/v2/analytics/events?${query}`;
}

/** The same query for a terminal. */
export function eventsCurl(problem: Problem): string {
  return `curl -H "Authorization: Bearer $MANAGEMENT_TOKEN" \\\n  "${location.origin}${eventsPath(problem)}"`;
}

/** Why events could not be read. */
export class EventsRefused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Asks for the events; those with the problem's code come first. */
export async function findEvents(problem: Problem, managementToken: string): Promise<RecordedEvent[]> {
  let answer: Response;
  try {
    answer = await fetch(eventsPath(problem), { headers: { Authorization: `Bearer ${managementToken}`, Accept: "application/json" } });
  } catch {
    throw new EventsRefused(0, "The server cannot be reached.");
  }
  const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  if (!answer.ok) throw new EventsRefused(answer.status, String(body.message ?? `The server answered ${answer.status}.`));
  const events = (body.events ?? body.data ?? []) as RecordedEvent[];
  return events.sort((a, b) => rank(problem, b) - rank(problem, a) || b.timestamp.localeCompare(a.timestamp));
}

/** Whether an event is about this very problem. */
export function isAbout(problem: Problem, event: RecordedEvent): boolean {
  return problem.code !== null && Number(event.data.error_code) === problem.code;
}

function rank(problem: Problem, event: RecordedEvent): number {
  return isAbout(problem, event) ? 1 : 0;
}
