// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

type Listener = (...args: unknown[]) => void;

/** Events by name, each with the types of what its listeners are given. */
export class Emitter<Events extends { [name: string]: unknown[] }> {
  readonly #listeners = new Map<keyof Events, Set<Listener>>();

  /** Calls the listener at each event of that name. The returned function removes it. */
  on<Name extends keyof Events>(name: Name, listener: (...args: Events[Name]) => void): () => void {
    const all = this.#listeners.get(name) ?? new Set<Listener>();
    this.#listeners.set(name, all.add(listener as Listener));
    return () => all.delete(listener as Listener);
  }

  /** Tells the listeners. What one of them throws keeps nobody else from hearing it: it is thrown where nobody catches it. */
  protected emit<Name extends keyof Events>(name: Name, ...args: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(...args);
      } catch (e) {
        queueMicrotask(() => { throw e; });
      }
    }
  }
}
