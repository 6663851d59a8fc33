// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * Explains an error of the SDK in the words of the server's catalogue.
 *
 * The catalogue is part of this bundle, because the failures that need it most
 * are those in which the server cannot be asked. What the bundle does not know
 * (a server newer than this page) is asked for, and what nobody knows is still
 * said honestly.
 */
import { explain as fromCatalogue, languages } from "../../faults/index";

/** What to say about an error. */
export interface Explanation {
  id: string; // id of the fault, or "" when the catalogue has none
  title: string;
  category: string; // how an app reacts to it, such as "connection"; "" when it is not known
  user: string; // what to tell the user, in the language of the browser where there is one
  what: string; // what happened
  why: string;
  fix: string; // what to do
  retry: Retry;
  passes: boolean; // it is not the end of a call by itself; the SDK can recover from it
  others: string[]; // titles of other conditions for which the SDK would say the same
}

/** Whether and how trying again can work; the catalogue's own words. */
export type Retry = "never" | "same settings" | "after backoff" | "after user acts" | "with a new token" | "";

/** The error as the SDK words it. */
export interface SpokenError {
  code: number | null;
  name: string;
  message: string;
  description: string;
  action: string;
  terminal: boolean;
  fault?: string; // id of the fault, where the server has told it
}

/** A fault as the server tells it, as far as it is needed here. */
interface ServerFault extends Told {
  user: Record<string, string>; // by language
  is_terminal: boolean;
}

export const retryWords: Record<Retry, string> = {
  never: "Trying again will not help",
  "same settings": "Trying again can work",
  "after backoff": "Trying again can work after a pause",
  "after user acts": "Can work once you have acted",
  "with a new token": "Needs a new token",
  "": "Trying again may work",
};

/** Whether a retry button makes sense. */
export function canRetry(retry: Retry): boolean {
  return retry !== "never" && retry !== "with a new token";
}

/** Explains at once, from the bundle. Never empty. */
export function explain(error: SpokenError): Explanation {
  return known(error) ?? plain(error);
}

/** Explains as well as possible: what the bundle does not know is asked for. */
export async function explainFully(error: SpokenError): Promise<Explanation> {
  const found = known(error);
  if (found) return found;
  const query = error.code === null ? `web:${error.name}` : `hms:${error.code}`;
  try {
    const answer = await fetch(`/api/v1/explain?q=${encodeURIComponent(query)}`, { headers: { Accept: "application/json" } });
    if (answer.ok) {
      const { matches } = (await answer.json()) as { matches: { fault: ServerFault }[] };
      const [first, ...others] = matches.map((m) => m.fault);
      if (first) return tell(first, first.user[language(first.user)] ?? "", first.is_terminal, others);
    }
  } catch {
    // The server is away. That is often the very thing to be explained.
  }
  return plain(error);
}

/** What the catalogue says, or null. A bare number that many refusals share says nothing. */
function known(error: SpokenError): Explanation | null {
  const { code, name, message, description, action, terminal } = error;
  const spoken = error.fault ? { fault: error.fault, isTerminal: terminal } : code === null ? { name, message } : { code, name, message, description, action, isTerminal: terminal };
  const found = fromCatalogue(spoken, { language: language(Object.fromEntries(languages.map((l) => [l, l]))) });
  if (!found || (!found.certain && found.fault.httpStatus === code)) return null;
  return tell(found.fault, found.userMessage, found.fault.isTerminal, found.certain ? [] : found.others);
}

/** The parts of a fault that an explanation is made of. */
interface Told {
  id: string;
  title: string;
  category: string;
  what: string;
  why: string;
  do: string;
  retry: string;
}

function tell(fault: Told, user: string, terminal: boolean, others: readonly { title: string }[]): Explanation {
  const { id, title, category, what, why } = fault;
  return { id, title, category, user, what, why, fix: fault.do, retry: fault.retry as Retry, passes: !terminal, others: others.map((f) => f.title) };
}

function language(texts: Record<string, string>): string {
  const wanted = navigator.languages.map((l) => l.slice(0, 2)).find((l) => l in texts);
  return wanted ?? "en";
}

/** What is known of an error that is not in the catalogue: what it says of itself. */
function plain(error: SpokenError): Explanation {
  const code = error.code ?? 0;
  const server = (code >= 400 && code < 600) || code >= 40000; // 1000 to 9999 are the SDK's own
  const passing = code === 429 || (code >= 500 && code < 600);
  return {
    id: "",
    title: error.code === null ? "Something unexpected went wrong" : server && error.name === "ServerErrors" ? "The server refused" : words(error.name),
    category: "",
    user: "",
    what: "", // the card shows the message as what the SDK says
    why: "",
    fix: "",
    retry: passing ? "after backoff" : server && error.terminal ? "never" : "",
    passes: false,
    others: [],
  };
}

/** "CantAccessCaptureDevice" → "Cant access capture device" */
function words(name: string): string {
  const spaced = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
