// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What somebody is about to do: it waits for second thoughts before it is sent, on
// whichever page they are by then.
import { useCallback, useRef, useState } from "preact/hooks";
import { useClock, useShared } from "./state";

/** An action that waits. */
export interface Deed {
  key: string; // one of a key waits at a time
  what: string; // "Remove Mia"
  audit: string; // what the audit calls it
  how(): Promise<unknown>; // does it; a string says what came of it
}

/** Those that wait, and when each is sent. */
export interface Deeds {
  waiting: (Deed & { at: number })[];
  act(deed: Deed): void;
  undo(key: string): void;
}

const patience = 5000; // ms in which an action can be taken back

export function useDeeds(say: (text: string) => void): Deeds {
  const [waiting, set] = useState<Deeds["waiting"]>([]);
  const timers = useRef(new Map<string, ReturnType<typeof setTimeout>>());
  const undo = useCallback((key: string) => {
    clearTimeout(timers.current.get(key));
    timers.current.delete(key);
    set((all) => all.filter((d) => d.key !== key));
  }, []);
  const act = useCallback((deed: Deed) => {
    if (timers.current.has(deed.key)) return;
    timers.current.set(deed.key, setTimeout(() => {
      undo(deed.key);
      deed.how().then((came) => say(typeof came === "string" ? came : `${deed.what}: done.`), (error: unknown) => say(`${deed.what}: ${error instanceof Error ? error.message : String(error)}`));
    }, patience));
    set((all) => [...all, { ...deed, at: Date.now() + patience }]);
    say(`${deed.what} in ${patience / 1000} seconds.`);
  }, []);
  return { waiting, act, undo };
}

/** What waits, with Undo; the newest is taken back by a key as well. */
export function Waiting() {
  const { deeds } = useShared();
  const some = deeds.waiting.length > 0, now = useClock(some, Date.now, 250);
  if (!some) return null;
  return (
    <section class="waiting" aria-label="About to be done">
      {deeds.waiting.map((d, i) => (
        <p key={d.key}>
          <strong>{d.what}</strong> <span aria-hidden="true">in {Math.max(0, Math.ceil((d.at - now) / 1000))} s</span> <span class="muted">{d.audit}</span>
          <button data-key={i === deeds.waiting.length - 1 ? "u" : undefined} onClick={() => deeds.undo(d.key)}>Undo</button>
        </p>
      ))}
    </section>
  );
}

/** A button that names whom it is about; pressed again it takes back. */
export function Act({ label, deed, danger = false }: { label: string; deed: Deed; danger?: boolean }) {
  const { deeds } = useShared();
  return deeds.waiting.some((d) => d.key === deed.key)
    ? <button class="danger" aria-label={"Undo: " + deed.what} onClick={() => deeds.undo(deed.key)}>Undo</button>
    : <button class={danger ? "danger" : ""} aria-label={deed.what} title={"In the audit: " + deed.audit} onClick={() => deeds.act(deed)}>{label}</button>;
}
