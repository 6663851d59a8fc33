// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The one call of the console: the REST API's, named in the body, so that nothing a
// caller asks for is in a URL that a proxy writes down.

/** A refusal of the server, or that it does not answer. */
export class Refusal extends Error {
  constructor(
    readonly status: number, // 0: no answer
    readonly fault: string,
    message: string,
    readonly details: string[] = [],
    readonly fix = "",
    readonly request = "",
    readonly after = 0, // seconds to wait before it is tried again
  ) {
    super(message);
  }
}

/** What failed, as a refusal. */
export const asRefusal = (error: unknown, words = String(error)) => (error instanceof Refusal ? error : new Refusal(0, "", words));

/** For catch: nothing, where this store of events does not do what was asked. */
export function unsupported(error: unknown): undefined {
  if (!(error instanceof Refusal && error.fault === "feature.unsupported")) throw error;
}

interface ErrorBody {
  message?: string;
  details?: string[];
  fault?: { id?: string; do?: string };
  request_id?: string;
}

const listeners = new Set<() => void>();

/** Calls back when the server says that nobody is logged in. */
export function onLoggedOut(f: () => void): () => void {
  listeners.add(f);
  return () => listeners.delete(f);
}

async function post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch("/console/api/" + path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal, cache: "no-store",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(0, "", "The server does not answer.", [], "Check the network, or whether the server runs.");
  }
  if (answer.ok) return answer;
  const said = (await answer.json().catch(() => ({}))) as ErrorBody;
  const refusal = new Refusal(
    answer.status, said.fault?.id ?? "", said.message ?? `The server answered ${answer.status}.`, said.details ?? [],
    said.fault?.do ?? "", said.request_id ?? answer.headers.get("X-Request-Id") ?? "", Number(answer.headers.get("Retry-After")) || 0,
  );
  if (refusal.fault === "console.login" && path !== "login") for (const f of listeners) f();
  throw refusal;
}

/** Who is logged in. */
export interface Me {
  account: string;
  rights: string[];
  inject: boolean; // faults may be provoked on this server
  until?: string;
  now: string; // by the server's clock
}

let ahead = 0; // the server's clock against this one, in ms

/** The time by the server's clock: what it tells of is by no other. */
export const serverNow = () => Date.now() + ahead;

async function known(answer: Response): Promise<Me> {
  const me = await json<Me>(answer);
  ahead = Date.parse(me.now) - Date.now() || 0;
  return me;
}

const json = async <T>(answer: Response) => (await answer.json()) as T;

export const me = async () => known(await post("me", {}));
export const logIn = async (by: { code: string } | { token: string }) => known(await post("login", by));
export const logOut = async () => void (await post("logout", {}));

/** Where in the API something is: each value of a path is escaped. */
export function at(parts: TemplateStringsArray, ...values: string[]): string {
  return parts.reduce((all, part, i) => all + encodeURIComponent(values[i - 1] ?? "") + part);
}

/** A query, without what is empty. */
export function query(of: Record<string, string | number | boolean | undefined>): string {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(of)) if (value !== undefined && value !== "") q.set(name, String(value));
  const text = q.toString();
  return text && "?" + text;
}

/** Calls the REST API. */
export async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const answer = await post("call", { method, path, body }, signal);
  return answer.status === 204 ? (undefined as T) : json<T>(answer);
}

/** Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) until they end or signal says so. */
export async function follow(path: string, signal: AbortSignal, heard: (event: string, data: string) => void): Promise<void> {
  const answer = await post("call", { method: "GET", path }, signal);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const frames = (rest + value).split("\n\n");
    rest = frames.pop() ?? "";
    for (const frame of frames) {
      let event = "message", data = "";
      for (const line of frame.split("\n")) {
        if (line.startsWith("event: ")) event = line.slice(7);
        if (line.startsWith("data: ")) data += line.slice(6);
      }
      if (data) heard(event, data);
    }
  }
}
