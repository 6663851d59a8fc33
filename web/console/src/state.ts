// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// State that several parts share.
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Component, createContext, type ComponentChild, type ComponentClass } from "preact";
import { useContext } from "preact/hooks";
import { asRefusal, call, Refusal, type Me } from "./api";
import type { Deeds } from "./deeds";
import { parse, type Route } from "./route";
import type { Entry } from "./shapes";
import { zones } from "./time";

export function useRoute(): Route {
  const [route, set] = useState(() => parse(location.hash));
  useEffect(() => {
    const changed = () => set(parse(location.hash));
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}

/** What every page is given. */
export interface Shared {
  me: Me;
  zone: string;
  may(right: string): boolean;
  say(text: string): void; // told in the corner, and to screen readers
  deeds: Deeds;
}

export const SharedContext = createContext<Shared>({ me: { account: "", rights: [], inject: false, now: "" }, zone: zones.own, may: () => false, say: () => {}, deeds: { waiting: [], act: () => {}, undo: () => {} } });
export const useShared = () => useContext(SharedContext);

/** What became of a call. Old data stays while new data is on its way. */
export interface Asked<T> {
  data?: T;
  error?: Refusal;
  loading: boolean; // for more than 150 ms
  again(): void;
}

/** Asks whenever what it asks with changes; null asks nothing. */
export function useAsk<T>(key: string | null, ask: (signal: AbortSignal) => Promise<T>, every = 0): Asked<T> {
  const [state, set] = useState<{ key: string | null; data?: T; error?: Refusal; loading: boolean }>({ key: null, loading: false });
  const [turn, next] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;
  // Not useEffect, which waits until the view is painted: the answer would come a frame later.
  useLayoutEffect(() => {
    if (key === null) return set({ key, loading: false }); // what was asked before is nobody's answer any more
    const stop = new AbortController();
    const slow = setTimeout(() => set((s) => ({ ...s, loading: true })), 150);
    let timer: ReturnType<typeof setTimeout> | undefined;
    latest.current(stop.signal).then(
      (data) => set({ key, data, loading: false }),
      (error: unknown) => {
        if (stop.signal.aborted) return;
        set((s) => ({ key, data: s.key === key ? s.data : undefined, error: asRefusal(error), loading: false }));
      },
    ).finally(() => {
      clearTimeout(slow);
      if (every && !stop.signal.aborted) timer = setTimeout(() => (document.hidden ? wait() : next((n) => n + 1)), every);
    });
    // A page that nobody sees asks for nothing.
    const wait = () => document.addEventListener("visibilitychange", () => next((n) => n + 1), { once: true, signal: stop.signal });
    return () => {
      clearTimeout(slow);
      clearTimeout(timer);
      stop.abort();
    };
  }, [key, turn, every]);
  const again = useCallback(() => next((n) => n + 1), []);
  return { data: state.data, error: state.key === key ? state.error : undefined, loading: state.loading, again };
}

/** A component that is made anew only when one of its properties is another. It uses no hooks. */
export function memo<P extends object>(make: (p: P) => ComponentChild): ComponentClass<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>) {
      const was: Partial<Record<string, unknown>> = this.props, is: Partial<Record<string, unknown>> = next;
      return [...Object.keys(was), ...Object.keys(is)].some((k) => was[k] !== is[k]);
    }
    override render() {
      return make(this.props);
    }
  };
}

/** A value, as it is for what is in sight; anything else takes it over when nothing else is to be done. */
export function useWhenIdle<T>(value: T, inSight: boolean): T {
  const [kept, keep] = useState(value);
  useEffect(() => {
    if (inSight) return keep(() => value);
    return idly(() => keep(() => value));
  }, [value, inSight]);
  return inSight ? value : kept;
}

/** Does something when nothing else is to be done. What it gives back cancels that. */
export function idly(act: () => void): () => void {
  const idle = window.requestIdleCallback ?? ((f: () => void) => setTimeout(f, 50)), cancel = window.cancelIdleCallback ?? clearTimeout;
  const turn = idle(act);
  return () => cancel(turn);
}

/** Whether an element is on the screen or near it; all are while they are printed. */
export function useInSight(at: { current: Element | null }): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const view = new IntersectionObserver((all) => setSeen(all[all.length - 1]!.isIntersecting), { rootMargin: "400px" });
    view.observe(at.current!);
    const all = () => setSeen(true);
    addEventListener("beforeprint", all);
    return () => (view.disconnect(), removeEventListener("beforeprint", all));
  }, []);
  return seen;
}

/** What a clock says, again and again while it is wanted. */
export function useClock(wanted: boolean, clock: () => number, every: number): number {
  const [now, tick] = useState(clock());
  useEffect(() => {
    if (!wanted) return;
    tick(clock());
    const timer = setInterval(() => tick(clock()), every);
    return () => clearInterval(timer);
  }, [wanted]);
  return now;
}

const titles = new Map<string, Promise<Entry | undefined>>();

/** An entry of the catalogue, asked for once. */
export function entry(id: string): Promise<Entry | undefined> {
  let found = titles.get(id);
  if (!found) {
    found = call<Entry>("GET", "/api/v1/faults/" + encodeURIComponent(id)).catch((error: unknown) => {
      if (!(error instanceof Refusal && error.status === 404)) titles.delete(id);
      return undefined;
    });
    titles.set(id, found);
  }
  return found;
}

/** The title of a fault, its id until that is known. */
export function useTitles(ids: string[]): (id: string) => string {
  const [known, set] = useState<Record<string, string>>({});
  const key = ids.join(" ");
  useEffect(() => {
    let gone = false;
    void Promise.all(ids.map(async (id) => [id, (await entry(id))?.title ?? id] as const)).then((all) => {
      if (!gone) set((k) => ({ ...k, ...Object.fromEntries(all) }));
    });
    return () => void (gone = true);
  }, [key]);
  return (id) => known[id] ?? id;
}
