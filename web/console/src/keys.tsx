// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Keys for who has no hand free for a mouse. Everything is a control as well, keys of
// the browser are left alone, and single letters can be switched off (WCAG 2.2, 2.1.4).
import { useEffect, useRef, useState } from "preact/hooks";
import { go, href } from "./route";

interface Props {
  pages: { page: string; name: string; key: string }[];
  box: { current: HTMLInputElement | null };
  help: boolean;
  setHelp(open: boolean): void;
  toggleUTC(): void;
}

/** Moves the focus among what can be opened on the page. */
function step(by: number) {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const here = rows.indexOf(document.activeElement as HTMLElement);
  rows[here < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, here + by))]?.focus();
}

const press = (key: string) => document.querySelector<HTMLElement>(`[data-key="${key}"]`)?.click();

export function Keys({ pages, box, help, setHelp, toggleUTC }: Props) {
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
        if (e.key === "ArrowDown" && within === box.current) step(1);
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
        case "j": step(1); break;
        case "k": step(-1); break;
        case "t": toggleUTC(); break;
        case "?": setHelp(true); break;
        case "y": case "e": case "[": case "]": case ".": press(e.key); break;
        case "Escape": history.back(); break;
      }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [help, letters]);
  if (!help) return null;
  return (
    <dialog ref={(d) => void (d && !d.open && d.showModal())} onClose={() => setHelp(false)} aria-labelledby="keys">
      <h2 id="keys">Keys</h2>
      <dl class="keys">
        <dt>/ or Ctrl K</dt><dd>the box</dd>
        {pages.map((p) => <><dt key={p.key}>g {p.key}</dt><dd>{p.name}</dd></>)}
        <dt>j, k</dt><dd>next and previous row; Enter opens it</dd>
        <dt>[, ]</dt><dd>previous and next failure</dd>
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
