// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The shapes of the REST API that the pages read; docs/why.md and docs/events.md say
// what each field means.

export interface Failure {
  id: string;
  at: string;
  happened: string;
  type: string;
  fault?: string;
  source: string;
  terminal: boolean;
  injected: boolean;
  room_id?: string;
  room_name?: string;
  session_id?: string;
  peer_id?: string;
  user_id?: string;
  user_name?: string;
  role?: string;
  reference?: string;
}

export interface Fact {
  fact: string;
  value: unknown;
  from: string;
  at?: string;
  says?: string;
}

export interface Verdict {
  event: string;
  cause?: string;
  confidence: "proven" | "likely" | "possible" | "not known";
  rules: string;
  says: string;
  because?: Fact[];
  not?: { cause: string; because: string }[];
  refuted_by?: string[];
  missing?: { fact: string; how: string }[];
  rivals?: { cause: string; says: string; decides?: string }[];
  do?: { who: string; text: string }[];
  follows?: string[];
  leads?: string;
  injected?: boolean;
}

export interface Diagnosis {
  failure: Failure;
  verdict: Verdict;
  kept?: { cause?: string; confidence: string; rules: string };
  asked?: { at: string; same_network?: string; says: string[] }[]; // what browsers found that were asked
  before?: { cause?: string; confidence: string; says: string }; // the verdict without that
  told?: { at: string; what: string }[]; // when what is known came to be on record
  as_known_at?: string;
  case?: unknown;
}

export interface Attempt {
  user_id?: string;
  user_name?: string;
  room_id?: string;
  room_name?: string;
  session_id?: string;
  peer_id?: string;
  began: string;
  ended: string;
  outcome: "failed" | "trouble" | "fine";
  failures: number;
  provoked: boolean;
  match?: string;
  first_seen: string;
  last_seen: string;
  guess?: { reason: string; says: string };
  failure?: Failure;
  verdict?: { cause?: string; confidence: string; says: string };
}

export interface Found {
  understood: { name?: string; room_id?: string; since?: string; until?: string; zone: string; outcome?: string };
  people: number;
  attempts: Attempt[];
  perhaps: Attempt[];
  more: boolean;
  hint?: string;
  indexed: number;
}

export interface Entry {
  id: string;
  title: string;
  area: string;
  category: string;
  what: string;
  why: string;
  sign: string;
  do: string;
  user: Record<string, string>;
  is_terminal: boolean;
  retry: string;
  fixed_by: string[] | null;
  caused_by: string[] | null;
  leads_to: string[] | null;
  see: string[] | null;
  words: { dialect: string; code?: number; name?: string }[] | null;
}
