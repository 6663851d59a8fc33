// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Collections of objects, as OT.publishers and session.connections are. */

/** Objects to look through. */
export class Collection<T extends object> {
  readonly #all: () => Iterable<T>;

  constructor(all: () => Iterable<T>) {
    this.#all = all;
  }

  /** The first one, or the first that a function or the given properties choose. */
  find(which: ((one: T) => unknown) | Partial<T> = {}): T | undefined {
    return this.where(which)[0];
  }

  where(which: ((one: T) => unknown) | Partial<T> = {}): T[] {
    const chosen = typeof which === "function" ? which : (one: T) => Object.entries(which).every(([k, v]) => one[k as keyof T] === v);
    return [...this.#all()].filter(chosen as (one: T) => unknown);
  }

  forEach(run: (one: T) => void): void {
    [...this.#all()].forEach(run);
  }

  length(): number {
    return [...this.#all()].length;
  }
}
