// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * The errors of a call, each once.
 *
 * The SDK tells of the same failure in up to three ways: the promise rejects,
 * a notification is sent, and a report leaves for the server. Here they become
 * one problem, counted when it happens again and closed when it is over.
 */
import { Cell } from "./emitter";
import type { SpokenError } from "./faults";

/** Where a problem stands. */
export type Status =
  | "open" // it happened and nothing has changed since
  | "retrying" // the SDK is trying again by itself
  | "recovered"; // the call works again

export interface Problem extends SpokenError {
  id: number;
  at: Date; // first seen
  lastAt: Date;
  count: number;
  status: Status;
  dismissed: boolean; // no longer shown over the call; it stays in the list
  roomId: string;
  userId: string; // as the token says
  peerId: string;
  sessionId: string;
}

/** Which call a problem belongs to; what is needed to find its event. */
export interface Where {
  roomId: string;
  userId: string; // as the token says
  peerId: string;
  sessionId: string;
}

const sameWithin = 90_000; // ms; the SDK tries again for 60 s before it gives up

export class Problems {
  readonly list = new Cell<Problem[]>([]); // newest first
  private next = 1;

  add(error: SpokenError, where: Where, status: Status = "open"): Problem {
    const now = new Date();
    const known = this.list.value.find((p) => same(p, error) && now.getTime() - p.lastAt.getTime() < sameWithin);
    if (known) {
      const again: Problem = {
        ...known,
        ...where,
        peerId: where.peerId || known.peerId,
        sessionId: where.sessionId || known.sessionId,
        lastAt: now,
        // The same failure told twice within a moment happened once.
        count: now.getTime() - known.lastAt.getTime() < 1500 ? known.count : known.count + 1,
        terminal: known.terminal || error.terminal,
        description: longer(known.description, error.description),
        ...(error.fault ? { fault: error.fault } : {}),
        status,
        dismissed: known.dismissed && !error.terminal && status !== "open",
      };
      this.list.update((all) => [again, ...all.filter((p) => p.id !== known.id)]);
      return again;
    }
    const problem: Problem = { ...error, ...where, id: this.next++, at: now, lastAt: now, count: 1, status, dismissed: false };
    this.list.update((all) => [problem, ...all].slice(0, 50));
    return problem;
  }

  edit(id: number, change: Partial<Pick<Problem, "dismissed" | "status">>): void {
    this.list.update((all) => all.map((p) => (p.id === id ? { ...p, ...change } : p)));
  }

  /** The connection works again: what was being retried is over. */
  recovered(): void {
    this.settle("recovered");
  }

  /** The call is over: nobody tries again any more. */
  over(): void {
    this.settle("open");
  }

  private settle(status: Status): void {
    this.list.update((all) => (all.some((p) => p.status === "retrying") ? all.map((p) => (p.status === "retrying" ? { ...p, status } : p)) : all));
  }
}

/** What the SDK says of a media connection, by several numbers for one trouble. */
const mediaLost = new Set([4005, 4006]);

function same(p: Problem, e: SpokenError): boolean {
  if (mediaLost.has(p.code ?? 0) && mediaLost.has(e.code ?? 0)) return true;
  return p.code === e.code && p.name === e.name && (p.code !== null || p.message === e.message);
}

function longer(a: string, b: string): string {
  return b.length > a.length ? b : a;
}

/** Reads whatever was thrown. The SDK throws HMSException, but not only that. */
export function spoken(thrown: unknown): SpokenError {
  const e = (typeof thrown === "object" && thrown !== null ? thrown : { message: String(thrown) }) as Record<string, unknown>;
  const code = typeof e.code === "number" && "action" in e ? e.code : null; // DOMException has a code too, of another kind
  return {
    code,
    name: String(e.name ?? "Error"),
    message: String(e.message ?? ""),
    description: String(e.description ?? ""),
    action: String(e.action ?? ""),
    terminal: e.isTerminal === true,
    ...(typeof e.fault === "string" ? { fault: e.fault } : {}),
  };
}
