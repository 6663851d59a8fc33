// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* The shapes of the generated data. */
import type { areas, categories, dialects, FaultId, languages, operations, parties, retries } from "./data";

export type Area = (typeof areas)[number];
export type Category = (typeof categories)[number];
export type Dialect = (typeof dialects)[number];
export type Language = (typeof languages)[number];
export type Operation = (typeof operations)[number];
export type Party = (typeof parties)[number];
export type Retry = (typeof retries)[number];

/** One condition that can go wrong in a call. */
export interface FaultData {
  readonly id: FaultId;
  readonly title: string;
  readonly area: Area;
  readonly category: Category;
  readonly what: string; // what happened
  readonly why: string; // why it happens
  readonly sign: string; // how to tell it from its neighbours
  readonly do: string; // what the developer does
  readonly user: Readonly<Record<Language, string>>; // what to tell the user
  readonly operations: readonly Operation[];
  readonly isTerminal: boolean; // the session is over and the app has to join again
  readonly retry: Retry;
  readonly canRetry: boolean; // trying again with the very same settings can work
  readonly fixedBy: readonly Party[];
  readonly httpStatus?: number;
}

/** Where a word comes from; see the pages of the catalogue. */
export type Source = "documented" | "live" | "chosen";

/** Fault, operation ("" is any), method, code (0 is none), name ("" is none), source, which half of the pair is our choice, spoken. */
export type WordData = readonly [FaultId, Operation | "", string, number, string, Source, "" | "code" | "name", boolean];

/** One vendor's vocabulary. */
export interface VocabularyData {
  readonly name: Dialect;
  readonly title: string;
  readonly methods: readonly (readonly [string, Operation, readonly string[]])[];
  readonly otherNames: Readonly<Record<string, readonly string[]>>; // of a code, in the vendor's other SDKs
  readonly words: readonly WordData[];
}
