// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What is shown, as files. The first line says what was asked for and when it was taken,
// with the offset of the zone in which people read the pages.

/** A moment with the offset of this browser's zone, as ISO 8601 has it. */
export function withOffset(at: Date, minutes = -at.getTimezoneOffset()): string {
  const shifted = new Date(at.getTime() + minutes * 60_000).toISOString().slice(0, 19);
  const abs = Math.abs(minutes), two = (n: number) => String(n).padStart(2, "0");
  return shifted + (minutes === 0 ? "Z" : (minutes < 0 ? "-" : "+") + two(Math.floor(abs / 60)) + ":" + two(abs % 60));
}

type Cell = string | number | boolean | undefined | null;
export type Row = Cell[];

/** A cell of CSV (RFC 4180). A spreadsheet reads no formula out of what strangers write. */
function cell(value: Cell): string {
  const text = value === undefined || value === null ? "" : String(value);
  const plain = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** A table as CSV: a comment, a line of names, the rows. */
export function csv(asked: string, taken: Date, names: string[], rows: Row[]): string {
  const comment = `# ${asked.replace(/[\s",;]+/g, " ")}; exported ${withOffset(taken)}`; // one cell: what was asked for may come of a link of a stranger's
  return [comment, names.map(cell).join(","), ...rows.map((r) => r.map(cell).join(","))].join("\r\n") + "\r\n";
}

/** Things as lines of JSON, behind one that tells of the export. */
export function ndjson(asked: string, taken: Date, list: unknown[]): string {
  return [{ export: { query: asked, at: withOffset(taken) } }, ...list].map((one) => JSON.stringify(one)).join("\n") + "\n";
}
