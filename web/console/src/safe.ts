// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What strangers write is text and nothing else. What is not seen, or turns the
// direction of what is, is shown as a mark, so that nobody is fooled by it.

// Controls, format characters (bidi controls, zero widths, tags) and separators of lines.
const unseen = /[\p{Cc}\p{Cf}\u2028\u2029\ufffe\uffff]/gu;

/** A stranger's text, as it can be shown: at most so many characters. */
export function safe(text: string, most = 200): string {
  const marked = text.replace(unseen, (c) => `\u27e8U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}\u27e9`);
  const letters = [...marked];
  return letters.length > most ? letters.slice(0, most).join("") + "…" : marked;
}
