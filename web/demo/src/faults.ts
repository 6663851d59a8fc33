/*
 * Explains an error of the SDK in the words of the server's catalogue.
 *
 * The catalogue is part of this bundle, because the failures that need it most
 * are those in which the server cannot be asked. What the bundle does not know
 * (a server newer than this page) is asked for, and what nobody knows is still
 * said honestly.
 */
import catalogue from "redial:faults";

/** What to say about an error. */
export interface Explanation {
  id: string; // id of the fault, or "" when the catalogue has none
  title: string;
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
}

/** A fault as the server's catalogue has it, as far as it is needed here. */
export interface Fault {
  id: string;
  title: string;
  what: string;
  why: string;
  do: string;
  user: Record<string, string>; // by language
  retry: Retry;
  is_terminal: boolean;
  words: Word[];
}

/** How the SDK words a fault. */
export interface Word {
  operations: string[]; // none means any
  code?: number;
  name?: string;
  source: string; // "fallback" when the SDK has no word of its own for it
  understood_only: boolean; // another word is spoken
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
  return choose(catalogue, error) ?? plain(error);
}

/** Explains as well as possible: what the bundle does not know is asked for. */
export async function explainFully(error: SpokenError): Promise<Explanation> {
  const known = choose(catalogue, error);
  if (known) return known;
  const query = error.code === null ? `web:${error.name}` : `hms:${error.code}`;
  try {
    const answer = await fetch(`/api/v1/explain?q=${encodeURIComponent(query)}`, { headers: { Accept: "application/json" } });
    if (answer.ok) {
      const { matches } = (await answer.json()) as { matches: { fault: Fault; found: Word[] }[] };
      const found = matches.map(({ fault, found }) => ({ ...fault, words: found }));
      return choose(found, error) ?? plain(error);
    }
  } catch {
    // The server is away. That is often the very thing to be explained.
  }
  return plain(error);
}

/**
 * The condition an error most likely is. A server that refuses says so by the
 * title of the fault, which settles it; the SDK's own numbers stand for several
 * conditions, of which the one that fits the operation best comes first.
 */
export function choose(faults: Fault[], error: SpokenError): Explanation | null {
  const said = `${error.message}\n${error.description}`.toLowerCase();
  const named = faults.filter((f) => said.includes(f.title.toLowerCase())).sort((a, b) => b.title.length - a.title.length)[0];
  const scored = faults
    .map((fault) => ({ fault, score: Math.max(0, ...fault.words.map((word) => score(word, fault, error, said))) }))
    .filter((s) => s.score > 0)
    .sort((a, b) => b.score - a.score);
  const best = named ?? scored[0]?.fault;
  if (!best) return null;
  const others = named ? [] : scored.filter((s) => s.fault !== best).map((s) => s.fault.title);
  return {
    id: best.id,
    title: best.title,
    user: best.user[language(best.user)] ?? "",
    what: best.what,
    why: best.why,
    fix: best.do,
    retry: best.retry,
    passes: !best.is_terminal,
    others,
  };
}

/** How well a word fits; 0 when it does not. */
function score(word: Word, fault: Fault, error: SpokenError, said: string): number {
  const fits = error.code === null ? word.name === error.name : word.code === error.code;
  if (!fits || word.source === "fallback") return 0;
  const operation = operations[error.action] ?? "";
  let points = 10;
  if (word.operations.length > 0) points += word.operations.includes(operation) ? 4 : -4;
  if (word.source === "documented") points += 2;
  if (word.understood_only) points -= 2;
  if (said.includes("screen") === fault.id.startsWith("screen.")) points += 3;
  return points;
}

/** The SDK's actions in the catalogue's words. */
const operations: Record<string, string> = {
  INIT: "init",
  PREVIEW: "preview",
  JOIN: "join",
  PUBLISH: "publish",
  UNPUBLISH: "unpublish",
  SUBSCRIBE: "subscribe",
  RECONNECT_SIGNAL: "reconnect",
  RESTART_ICE: "reconnect",
  TRACK: "capture",
  AUTOPLAY: "playback",
  SEND_MESSAGE: "message",
  VALIDATION: "message",
  GET_TOKEN: "token",
};

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
