// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Views are fragments: "#/failure/ID?at=..." never reaches a server or a log.

/** What is shown. */
export interface Route {
  page: string; // "" is the overview
  id: string; // what of it; "" for a list
  query: URLSearchParams;
}

/** Reads a fragment. */
export function parse(fragment: string): Route {
  const text = fragment.replace(/^#?\/?/, "");
  const cut = text.indexOf("?");
  const path = cut < 0 ? text : text.slice(0, cut);
  const [page = "", ...id] = path.split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part; // not of ours
    }
  });
  return { page, id: id.join("/"), query: new URLSearchParams(cut < 0 ? "" : text.slice(cut + 1)) };
}

/** The fragment of a view. */
export function href(page: string, id = "", query: Record<string, string> = {}): string {
  const q = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
  return "#/" + page + (id && "/" + encodeURIComponent(id)) + (q && "?" + q);
}

export function go(to: string): void {
  location.hash = to.slice(1);
}
