// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Keeps a media connection: one that breaks is made anew. */
import { FaultId } from "../../faults";
import { CallError, failureOf } from "./failure";

/** Waits before another attempt, in ms. */
const pauses = [0, 1000, 2000, 4000];

export interface Rebuild {
  /** Makes the connection anew. */
  run(): Promise<void>;
  /** The attempts were in vain. */
  failed(failure: CallError): void;
}

export class Upkeep {
  readonly #rebuild: Rebuild;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;
  #waiting = false; // for a socket
  #over = false;

  constructor(rebuild: Rebuild) {
    this.#rebuild = rebuild;
  }

  /** The connection is broken. */
  broken(): void {
    if (!this.#over && !this.#running) void this.#attempt(0);
  }

  /** There is a socket again. */
  restored(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.broken();
  }

  stop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  async #attempt(n: number): Promise<void> {
    this.#running = true;
    try {
      await this.#rebuild.run();
      this.#running = false;
    } catch (thrown) {
      if (this.#over) return;
      const failure = failureOf(thrown, FaultId.MediaRenegotiation, "reconnect");
      this.#running = false;
      if (failure.fault === FaultId.SignalLost) {
        this.#waiting = true;
      } else if (n + 1 < pauses.length && failure.fault !== FaultId.SignalClosed) {
        this.#running = true;
        this.#timer = setTimeout(() => void this.#attempt(n + 1), pauses[n + 1]);
      } else {
        this.#rebuild.failed(failure);
      }
    }
  }
}
