// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * Says what an error of a call means: what happened, what to do, what to tell
 * the user, and whether trying again can help. The catalogue is part of this
 * module, because the failures that need it most are those in which no server
 * can be asked.
 *
 *   import { explain, FaultId } from "./faults";
 *
 *   const e = explain(error);
 *   if (e?.fault.id === FaultId.RoomFull) showWaitingRoom();
 *   else toast(e?.userMessage ?? "Something went wrong.");
 */
import { dialects, faultData, FaultId, languages, operations, vocabularyData } from "./data";
import type { Dialect, FaultData, Language, Operation, VocabularyData, WordData } from "./types";

export { areas, categories, dialects, FaultId, languages, operations, parties, retries } from "./data";
export type { Area, Category, Dialect, Language, Operation, Party, Retry, Source } from "./types";

/** One condition that can go wrong in a call. */
export type Fault = FaultData;

/** All faults, sorted by id. */
export const faults: readonly Fault[] = faultData;

/** What is known about an error. */
export interface Explanation {
  fault: Fault;
  certain: boolean; // false when others remain as likely
  others: readonly Fault[]; // what it could be as well
  dialect: Dialect | undefined; // the vocabulary the error speaks
  canRetry: boolean; // trying again with the very same settings can work
  isTerminal: boolean; // the session is over and the app has to join again
  userMessage: string;
}

/** How to read an error, where it does not say enough by itself. */
export interface ExplainOptions {
  dialect?: Dialect; // the vocabulary it speaks
  method?: string; // the call that failed, in the vendor's words or ours: "publish", "getDisplayMedia"
  language?: string; // of userMessage, as a BCP 47 tag; English where there is no translation
}

/** One condition behind a vendor's word. */
export interface Candidate {
  fault: Fault;
  documented: boolean; // the vendor's error documents describe it
}

const byId = new Map<string, Fault>(faults.map((f) => [f.id, f]));
const vocabularies = new Map<Dialect, VocabularyData>(vocabularyData.map((v) => [v.name, v]));

/** The fault of an id, or undefined. */
export function fault(id: string): Fault | undefined {
  return byId.get(id);
}

/** The text for the user, in the language of a BCP 47 tag, or else in English. */
export function userMessage(f: Fault, language = "en"): string {
  const primary = language.toLowerCase().split(/[-_]/)[0] ?? "";
  return (languages as readonly string[]).includes(primary) ? f.user[primary as Language] : f.user.en;
}

/**
 * The conditions that can be behind a vendor's code or name, the documented
 * ones first. With a method, only those that the vendor words so in it, unless
 * there are none.
 */
export function lookup(dialect: Dialect, word: string | number, method = ""): Candidate[] {
  const vocabulary = vocabularies.get(dialect);
  if (!vocabulary) return [];
  const text = String(word).toLowerCase();
  const spelt = vocabulary.words.filter((w) => textsOf(vocabulary, w).some((t) => t.toLowerCase() === text));
  const scope = method === "" ? undefined : scopeOf(vocabulary, method);
  const inScope = scope ? spelt.filter((w) => w[1] === "" || (scope.method ? w[2] === scope.method : w[1] === scope.operation)) : [];
  const found = new Map<Fault, Candidate>();
  for (const w of inScope.length > 0 ? inScope : spelt) {
    const f = byId.get(w[0]);
    if (!f) continue;
    const documented = w[5] === "documented" && w[6] !== (isNumber(text) ? "code" : "name");
    const have = found.get(f);
    if (have) have.documented ||= documented;
    else found.set(f, { fault: f, documented });
  }
  return [...found.values()].sort((a, b) => Number(b.documented) - Number(a.documented));
}

/** How a vendor words a fault, in an operation where that matters; undefined where it has no word for it. */
export function wording(dialect: Dialect, id: FaultId, operation?: Operation): { code: number; name: string } | undefined {
  const said = vocabularies.get(dialect)?.words.filter((w) => w[0] === id && w[7]) ?? [];
  const word = said.find((w) => w[1] === operation) ?? said.find((w) => w[1] === "");
  return word && { code: word[3], name: word[4] };
}

/**
 * Explains an error: an HMSException, an OpenTok error, a DOMException, an
 * RTCError, a MediaError, a WebSocket's CloseEvent, an ICE candidate error, a
 * Sceenic error, a refusal of this server, the id of a fault, or any vendor's
 * code or name. Returns undefined for what nobody knows.
 */
export function explain(error: unknown, options: ExplainOptions = {}): Explanation | undefined {
  const found = options.dialect ? inDialect(options.dialect, record(error), options.method) : recognise(error, options);
  const first = found?.candidates[0];
  if (!found || !first) return undefined;
  const says = record(error).isTerminal; // an SDK knows about this occurrence what we know in general
  return {
    fault: first.fault,
    certain: found.certain,
    others: found.candidates.slice(1).map((c) => c.fault),
    dialect: found.dialect,
    canRetry: first.fault.canRetry,
    isTerminal: typeof says === "boolean" ? says : first.fault.isTerminal,
    userMessage: userMessage(first.fault, options.language),
  };
}

interface Found {
  dialect: Dialect | undefined;
  candidates: Candidate[];
  certain: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Finds out who made an error, and what it means there. */
function recognise(error: unknown, options: ExplainOptions): Found | undefined {
  if (typeof error === "string" || typeof error === "number") return query(String(error));
  if (typeof error !== "object" || error === null) return undefined;
  const e = record(error);
  const method = options.method;

  const own = ownFault(e);
  if (own) return { dialect: undefined, candidates: [{ fault: own, documented: true }], certain: true };
  if (typeof e.code !== "number" && typeof e.name !== "string") {
    for (const inner of [e.error, e.reason]) {
      if (typeof inner === "object" && inner !== null) return recognise(inner, options); // an event that carries the error
    }
  }

  if (typeof e.errorDetail === "string") return settle("web", lookup("web", e.errorDetail, "RTCError"));
  if (typeof e.errorCode === "number") return settle("web", lookup("web", e.errorCode, "ICE candidate error"));
  if (typeof e.wasClean === "boolean" && typeof e.code === "number") return settle("web", lookup("web", e.code, "WebSocket"));
  if (typeof e.code === "number" && e.code >= 1 && e.code <= 4 && typeof e.name !== "string") {
    return settle("web", lookup("web", e.code, "MediaError"));
  }

  const name = typeof e.name === "string" ? e.name : "";
  if (name.startsWith("OT_")) return inDialect("opentok", e, method);
  if ("isTerminal" in e || "action" in e || knows("hms", name)) return inDialect("hms", e, method);
  if (knows("sceenic", name)) return inDialect("sceenic", e, method);
  if (knows("web", name)) return platform(e, method);
  if (knows("hms-ios", name)) return inDialect("hms-ios", e, method);
  if (typeof e.code === "number") {
    for (const d of ["sceenic", "hms", "opentok"] as const) {
      if (knows(d, String(e.code))) return inDialect(d, e, method);
    }
  }
  return undefined;
}

/** Reads an error in one vocabulary: by its message where that decides, by its name, and by its code. */
function inDialect(dialect: Dialect, e: Fields, method?: string): Found | undefined {
  const name = typeof e.name === "string" ? e.name : "";
  const message = [e.message, e.description, e.localizedDescription].filter((x) => typeof x === "string").join(" ");
  const where = method ?? (typeof e.action === "string" ? e.action : "");
  const code = typeof e.code === "number" ? e.code : undefined;
  const server = name === "ServerErrors" || name === "";

  let candidates = code === undefined ? [] : lookup(dialect, code, where);
  if (dialect === "opentok" || candidates.length === 0) {
    const named = name === "" || name === "ServerErrors" ? [] : lookup(dialect, name, where);
    if (named.length > 0) candidates = named; // of the two, the name is the one to trust
  } else if (!server && candidates.length > 1) {
    const named = lookup(dialect, name, where);
    const both = candidates.filter((c) => named.some((n) => n.fault === c.fault));
    if (both.length > 0) candidates = both;
  }

  // This server words its refusals with the title of the fault.
  const refusals = code !== undefined && (dialect === "hms" || dialect === "hms-ios") ? faults.filter((f) => f.httpStatus === code) : [];
  const titled = [...candidates.map((c) => c.fault), ...refusals].find((f) => message.includes(f.title));
  if (titled) return { dialect, candidates: first(titled, candidates), certain: true };
  if (/\bscreen\b/i.test(message)) {
    const screen = candidates.find((c) => c.fault.id.startsWith("screen."));
    if (screen) return { dialect, candidates: first(screen.fault, candidates), certain: true };
  }
  if (candidates.length > 0) return settle(dialect, candidates);

  const usual = code === undefined ? undefined : byStatus(code);
  if (!usual || refusals.length === 0) return undefined;
  return { dialect, candidates: first(usual, refusals.map((f) => ({ fault: f, documented: false }))), certain: false };
}

/** What a bare status of a server usually means. */
function byStatus(status: number): Fault | undefined {
  const usual: Record<number, FaultId> = {
    400: FaultId.RequestFieldInvalid,
    401: FaultId.TokenRefused,
    403: FaultId.PermissionDenied,
    404: FaultId.RoomNotFound,
    410: FaultId.PeerGone,
    429: FaultId.RateLimited,
    503: FaultId.ServerDraining,
  };
  return byId.get(usual[status] ?? (status >= 500 ? FaultId.ServerInternal : ""));
}

/** Reads an exception of the browser. */
function platform(e: Fields, method?: string): Found | undefined {
  const name = String(e.name);
  const message = typeof e.message === "string" ? e.message : "";
  const candidates = lookup("web", name, method);
  const prefer = (id: FaultId): Found | undefined => {
    const f = byId.get(id);
    return f && candidates.some((c) => c.fault === f) ? { dialect: "web", candidates: first(f, candidates), certain: true } : undefined;
  };
  if (/denied by system/i.test(message)) return prefer(FaultId.CaptureSystemDenied) ?? settle("web", candidates);
  if (name === "TypeError") {
    if ((globalThis as { isSecureContext?: boolean }).isSecureContext === false) return prefer(FaultId.PageInsecure) ?? settle("web", candidates);
    // Most errors of this name have nothing to do with calls.
    if (method === undefined && !/getUserMedia|getDisplayMedia|mediaDevices|audio or video|audio and video/i.test(message)) return undefined;
  }
  return settle("web", candidates);
}

/** A string on its own: an id, a code or name, or DIALECT:WORD, METHOD:WORD, DIALECT:METHOD:WORD. */
function query(text: string): Found | undefined {
  const known = byId.get(text.trim().toLowerCase());
  if (known) return { dialect: undefined, candidates: [{ fault: known, documented: true }], certain: true };
  const parts = text.split(":").map((p) => p.trim());
  const word = parts.pop() ?? "";
  const head = parts.shift();
  const dialect = dialects.find((d) => d === head?.toLowerCase());
  const all: Candidate[] = [];
  for (const d of dialect ? [dialect] : dialects) {
    const v = vocabularies.get(d);
    const method = dialect ? (parts[0] ?? "") : (head ?? "");
    if (!v || (method !== "" && !scopeOf(v, method))) continue;
    for (const c of lookup(d, word, method)) {
      const have = all.find((x) => x.fault === c.fault);
      if (have) have.documented ||= c.documented;
      else all.push(c);
    }
  }
  all.sort((a, b) => Number(b.documented) - Number(a.documented));
  return settle(dialect, all);
}

/** A fault is certain when it is the only one, or the only documented one. */
function settle(dialect: Dialect | undefined, candidates: Candidate[]): Found | undefined {
  if (candidates.length === 0) return undefined;
  const documented = candidates.filter((c) => c.documented).length;
  return { dialect, candidates, certain: candidates.length === 1 || documented === 1 };
}

/** A refusal of this server carries the id. */
function ownFault(e: Fields): Fault | undefined {
  for (const id of [record(e.fault).id, e.fault, e.fault_id, e.id]) {
    const f = typeof id === "string" ? byId.get(id) : undefined;
    if (f) return f;
  }
  return undefined;
}

function first(f: Fault, candidates: Candidate[]): Candidate[] {
  const has = candidates.find((c) => c.fault === f) ?? { fault: f, documented: false };
  return [has, ...candidates.filter((c) => c.fault !== f)];
}

/** The texts by which a word can be asked for. */
function textsOf(v: VocabularyData, w: WordData): string[] {
  const texts = w[3] === 0 ? [] : [String(w[3]), ...(v.otherNames[String(w[3])] ?? [])];
  return w[4] === "" ? texts : [...texts, w[4]];
}

const known = new Map<Dialect, Set<string>>();

function knows(dialect: Dialect, text: string): boolean {
  if (text === "" || text === "Error") return false;
  let texts = known.get(dialect);
  if (!texts) {
    texts = new Set();
    const v = vocabularies.get(dialect);
    for (const w of v?.words ?? []) for (const t of v ? textsOf(v, w) : []) texts.add(t);
    known.set(dialect, texts);
  }
  return texts.has(text);
}

/** Finds the operation, and where several methods share it the method, that somebody means. */
function scopeOf(v: VocabularyData, method: string): { operation: Operation; method: string } | undefined {
  const asked = plain(method);
  for (const [name, operation, aliases] of v.methods) {
    if (plain(name) === asked || aliases.some((a) => plain(a) === asked)) {
      const shared = v.methods.filter((m) => m[1] === operation).length > 1 || v.name === "web";
      return { operation, method: shared && v.words.some((w) => w[2] === name) ? name : "" };
    }
  }
  const operation = operations.find((o) => plain(o) === asked);
  return operation ? { operation, method: "" } : undefined;
}

function plain(s: string): string {
  return s.toLowerCase().replace(/[^a-z0-9]/g, "");
}

function isNumber(s: string): boolean {
  return /^-?\d+$/.test(s);
}

function record(x: unknown): Fields {
  return typeof x === "object" && x !== null ? (x as Fields) : {};
}

export default { explain, fault, faults, lookup, userMessage, FaultId };
