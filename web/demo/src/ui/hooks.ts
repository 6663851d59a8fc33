// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

import { createContext } from "preact";
import { useContext, useEffect, useLayoutEffect, useReducer, useState } from "preact/hooks";
import type { HMSStore, HMSStoreWrapper } from "@100mslive/hms-video-store";
import type { Call } from "../call";
import type { Cell } from "../emitter";

export type Selector<T> = (store: HMSStore) => T;

const CallContext = createContext<Call | null>(null);

export const CallProvider = CallContext.Provider;

/** The call the component belongs to. */
export function useCall(): Call {
  const call = useContext(CallContext);
  if (!call) throw new Error("used outside a call");
  return call;
}

/** Part of the SDK's store; renders again when it changes. Selectors must be stable. */
export function useStore<T>(selector: Selector<T>): T {
  return useStoreOf(useCall().store, selector);
}

export function useStoreOf<T>(store: HMSStoreWrapper, selector: Selector<T>): T {
  const [, again] = useReducer((n: number, _: void) => n + 1, 0);
  const value = store.getState(selector);
  useLayoutEffect(() => {
    if (store.getState(selector) !== value) again(); // changed before we listened
    return store.subscribe(() => again(), selector);
  }, [store, selector]);
  return value;
}

const byId = new Map<unknown, Map<string, unknown>>();

/** The same selector for the same id, so that useStore does not start over on every render. */
export function selectById<T>(make: (id?: string) => Selector<T>, id: string | undefined): Selector<T> {
  let known = byId.get(make);
  if (!known) byId.set(make, (known = new Map()));
  let selector = known.get(id ?? "") as Selector<T> | undefined;
  if (!selector) known.set(id ?? "", (selector = make(id)));
  return selector;
}

export function useById<T>(make: (id?: string) => Selector<T>, id: string | undefined): T {
  return useStore(selectById(make, id));
}

export function useCell<T>(cell: Cell<T>): T {
  const [, again] = useReducer((n: number, _: void) => n + 1, 0);
  const value = cell.value;
  useLayoutEffect(() => {
    if (cell.value !== value) again();
    return cell.on(() => again());
  }, [cell]);
  return value;
}

/** Whether a media query matches. */
export function useMedia(query: string): boolean {
  const [on, set] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const changed = () => set(list.matches);
    list.addEventListener("change", changed);
    return () => list.removeEventListener("change", changed);
  }, [query]);
  return on;
}

/** "4:07", counted from a moment; "" without one. */
export function useElapsed(since: Date | undefined): string {
  const [, again] = useReducer((n: number, _: void) => n + 1, 0);
  useEffect(() => {
    const timer = setInterval(() => again(), 1000);
    return () => clearInterval(timer);
  }, []);
  if (!since) return "";
  const seconds = Math.max(0, Math.floor((Date.now() - since.getTime()) / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
