// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Keys for who has no hand free for a mouse. Everything is a control as well, keys of
// the browser are left alone, and single letters can be switched off (WCAG 2.2, 2.1.4).
import { useEffect, useRef, useState } from "preact/hooks";
import { go, href } from "./route";

interface Props {
  pages: { page: string; name: string; key: string }[];
  box: { current: HTMLInputElement | null };
  page: string;
  say(text: string): void;
  help: boolean;
  setHelp(open: boolean): void;
  toggleUTC(): void;
}

const rows = "[data-row]", failures = 'main a[href^="#/failure/"]'; // what can be opened

/** Moves the focus among what a selector finds; when nothing of it has the focus, to its first or last. */
export function step(among: string, by: number, begin = by > 0 ? 0 : -1) {
  const all = [...document.querySelectorAll<HTMLElement>(among)];
  const here = all.indexOf(document.activeElement as HTMLElement);
  all.at(here < 0 ? begin : Math.min(all.length - 1, Math.max(0, here + by)))?.focus();
}

/** Goes to what can be done: with the row that has the focus, else on the page. */
function act() {
  const row = document.activeElement?.closest("tr[data-row]");
  (row ?? document.querySelector("main"))?.querySelector<HTMLElement>(row ? "button" : ".actions button, .actions a")?.focus();
}

let list: string[] = []; // the failures among which somebody chose one

/** Remembers among which failures somebody chose one. */
function chosen(e: MouseEvent) {
  const link = (e.target as Element).closest?.(failures);
  const here = location.hash.startsWith("#/failure/");
  if (!link || here && list.includes(location.hash)) return;
  list = [...new Set([...document.querySelectorAll<HTMLAnchorElement>(failures)].map((a) => a.hash))];
}

/** The next failure of those, or the next one on the page. */
function neighbour(by: number, page: string, say: (text: string) => void) {
  if (page !== "failure") return step(failures, by);
  const at = list.indexOf(location.hash), to = list[at + by];
  if (at < 0) say("Open it from a list to go from one to the next.");
  else if (to) go(to);
  else say(by > 0 ? "It is the last one of the list." : "It is the first one of the list.");
}

const press = (key: string) => document.querySelector<HTMLElement>(`[data-key="${key}"]`)?.click();

export function Keys({ pages, box, page, say, help, setHelp, toggleUTC }: Props) {
  const [letters, setLetters] = useState(() => localStorage.getItem("console.letters") !== "0");
  const going = useRef(0);
  useEffect(() => {
    const pressed = (e: KeyboardEvent) => {
      const within = e.target as HTMLElement;
      if (e.key === "k" && (e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey) {
        e.preventDefault();
        box.current?.focus();
        box.current?.select();
        return;
      }
      if (e.key === "Escape" && help) return setHelp(false);
      if (e.ctrlKey || e.metaKey || e.altKey || !letters) return;
      if (within.closest("input, textarea, select, [contenteditable], dialog")) {
        if (e.key === "Escape" && within === box.current) within.blur();
        if (e.key === "ArrowDown" && within === box.current) step(rows, 1);
        return;
      }
      if (Date.now() - going.current < 1500) {
        going.current = 0;
        const to = pages.find((p) => p.key === e.key);
        if (to) return e.preventDefault(), go(href(to.page));
      }
      switch (e.key) {
        case "/": e.preventDefault(); box.current?.focus(); box.current?.select(); break;
        case "g": going.current = Date.now(); break;
        case "j": step(rows, 1); break;
        case "k": step(rows, -1, 0); break;
        case "t": toggleUTC(); break;
        case "?": setHelp(true); break;
        case ".": act(); break;
        case "[": neighbour(-1, page, say); break;
        case "]": neighbour(1, page, say); break;
        case "y": navigator.clipboard.writeText(location.href).then(() => say("The link is copied."), () => say("The browser does not let this page copy.")); break;
        case "e": case "u": press(e.key); break;
        case "Escape": history.back(); break;
      }
    };
    addEventListener("keydown", pressed);
    addEventListener("click", chosen, true);
    return () => (removeEventListener("keydown", pressed), removeEventListener("click", chosen, true));
  }, [help, letters, page]);
  if (!help) return null;
  return (
    <dialog ref={(d) => void (d && !d.open && d.showModal())} onClose={() => setHelp(false)} aria-labelledby="keys">
      <h2 id="keys">Keys</h2>
      <dl class="keys">
        <dt>/ or Ctrl K</dt><dd>the box</dd>
        {pages.map((p) => <><dt key={p.key}>g {p.key}</dt><dd>{p.name}</dd></>)}
        <dt>j, k</dt><dd>next and previous row; Enter opens it</dd>
        <dt>[, ]</dt><dd>previous and next failure</dd>
        <dt>.</dt><dd>what can be done, with this row or on this page</dd>
        <dt>u</dt><dd>take back what is about to be done</dd>
        <dt>e</dt><dd>unfold what follows</dd>
        <dt>t</dt><dd>UTC or your own zone</dd>
        <dt>y</dt><dd>copy the link of this view</dd>
        <dt>Esc</dt><dd>back</dd>
      </dl>
      <p>
        <label><input type="checkbox" checked={letters} onChange={(e) => {
          setLetters(e.currentTarget.checked);
          localStorage.setItem("console.letters", e.currentTarget.checked ? "1" : "0");
        }} /> Single letters are keys</label>
      </p>
      <button autofocus onClick={() => setHelp(false)}>Close</button>
    </dialog>
  );
}
