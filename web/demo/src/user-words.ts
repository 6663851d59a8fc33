// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * What the person in front of the page is told of an error. Codes, causes and
 * advice to developers are not for them; the card has those folded away.
 */
import type { Explanation } from "./faults";

/** As much of a problem as matters here. */
export interface Told {
  status: "open" | "retrying" | "recovered";
  terminal: boolean;
  name: string;
  fault?: string; // the server has told what it is
}

const subjects: Record<string, string> = {
  connection: "Connection problem",
  "capture device": "Camera or microphone problem",
  permission: "This is not allowed",
  media: "Sound or video problem",
};

/** A few words on what it is about. */
export function headline(explanation: Pick<Explanation, "category">): string {
  return subjects[explanation.category] ?? "Something went wrong";
}

/**
 * What it means for them, and what they can do. Words of the catalogue about
 * what passes by itself are wrong once it was the end of the call.
 */
export function advice(problem: Told, explanation: Explanation): string {
  if (problem.status === "recovered") return "This was solved.";
  if (!problem.terminal && problem.status === "retrying" && !problem.fault) return "The page is trying to get back in by itself.";
  if (problem.terminal && explanation.passes) {
    return explanation.retry === "never" ? "The call cannot go on." : "It did not recover in time. Please join again.";
  }
  return explanation.user || (problem.terminal ? "The call cannot go on. Please try to join again." : "You can try again.");
}

/** Where it stands, in a word or two. */
export function standing(problem: Told): string {
  if (problem.status === "recovered") return "Solved";
  if (problem.terminal) return "The call has ended";
  return problem.status === "retrying" ? "Trying again" : "The call goes on";
}
