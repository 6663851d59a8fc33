// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/** A list of listeners. */
export class Emitter<T> {
  private listeners = new Set<(value: T) => void>();

  on(listener: (value: T) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(value: T): void {
    for (const listener of [...this.listeners]) listener(value);
  }
}

/** A value that tells when it is replaced. It is never edited in place. */
export class Cell<T> {
  private changed = new Emitter<T>();

  constructor(private current: T) {}

  get value(): T {
    return this.current;
  }

  set(value: T): void {
    if (value === this.current) return;
    this.current = value;
    this.changed.emit(value);
  }

  update(edit: (value: T) => T): void {
    this.set(edit(this.current));
  }

  on(listener: (value: T) => void): () => void {
    return this.changed.on(listener);
  }
}
