// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Every row of the matrix, in the order of the documents.
import { conditions } from './conditions.ts';
import { rows as device } from './device.ts';
import { rows as ios } from './ios.ts';
import { rows as media } from './media.ts';
import { rows as openTok } from './opentok-play.ts';
import { clients, ways, type Row } from './row.ts';
import { rows as signal } from './signal.ts';
import { rows as token } from './token.ts';
import { rows as watch } from './watch.ts';

const order = [...conditions.keys()];

export const rows: Row[] = [...token, ...signal, ...device, ...media, ...ios, ...watch]
  .sort((a, b) => order.indexOf(a.row) - order.indexOf(b.row));

// all are those of OpenTok as well, which have no scenario each.
export const all: Row[] = [...rows, ...openTok];

// Every documented error has a row, and every row is of one.
const missing = order.filter(id => !rows.some(r => r.row === id));
if (missing.length) throw new Error(`the matrix has no row for ${missing}`);
for (const { row, by, client, how } of rows) {
  if (!conditions.has(row)) throw new Error(`the documents have no row ${row}`);
  if (!ways[by] || !clients[client] || !how) throw new Error(`row ${row} does not say by what, for whom or how`);
}
