// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The documented errors of 100ms and of Sceenic, as the repository keeps them: the
// table that the dialects are tested against.
import { readFileSync } from 'node:fs';

const vocabularies = new Set(['100ms-ios', '100ms-sdk', '100ms-events', 'sceenic']);

// fields splits a line of CSV; a field in quotes may hold commas and doubled quotes.
const fields = (line: string) => [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(m => m[1]?.replaceAll('""', '"') ?? m[2]);

export interface Condition { row: string; vocabulary: string; code: number; name: string; condition: string }

const all: Condition[] =
  readFileSync(new URL('../../dialect/testdata/errors.csv', import.meta.url), 'utf8').trim().split(/\r?\n/).slice(1)
    .map(fields)
    .map(([row, , vocabulary, , code, name, condition]) => ({ row, vocabulary, code: Number(code), name: name === 'n/a' ? '' : name, condition: condition || name }));

// conditions maps a row of the documents to what it says.
export const conditions = new Map(all.filter(c => vocabularies.has(c.vocabulary)).map(c => [c.row, c]));

// openTok are the rows of OpenTok's documents, which lists codes and names apart.
export const openTok = new Map(all.filter(c => c.vocabulary === 'opentok').map(c => [c.row, c]));
