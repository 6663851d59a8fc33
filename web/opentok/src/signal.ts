// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Signals: short texts from one to all or to one. */
import { CallError, FaultId } from "../../core/src";
import { Connection } from "./stream";

export interface Signal {
  /** Letters, digits, "-", "_" and "~", up to 128 bytes. */
  type?: string;
  /** Up to 8 kB. */
  data?: string;
  to?: Connection;
  /** Whether it waits for a connection that is lost; true when left out. */
  retryAfterReconnect?: boolean;
}

export interface ReadSignal {
  type: string;
  data: string;
  to: string[];
  retry: boolean;
}

const bytes = (text: string) => new TextEncoder().encode(text).length;

/** Reads what an app wants to send. Fails with what Session.signal words as 400 and 413. */
export function readSignal(signal: unknown, { typeBytes = 128, dataBytes = 8192 }: { typeBytes?: number; dataBytes?: number } = {}): ReadSignal {
  const bad = (field: string, want: string, cause?: unknown) => new CallError(FaultId.ClientArgumentInvalid, "message", { message: `${field} must be ${want}`, cause });
  if (typeof signal !== "object" || signal === null || Array.isArray(signal)) throw bad("signal", "an object with type, data and to");
  const { type = "", data: given, to, retryAfterReconnect = true } = signal as Record<string, unknown>;
  if (typeof type !== "string" || !/^[A-Za-z0-9_~-]*$/.test(type)) throw bad("type", "a text of letters, digits, -, _ and ~");
  if (bytes(type) > typeBytes) throw new CallError(FaultId.MessageTypeTooLarge, "message", { details: { bytes: bytes(type), most: typeBytes } });
  let data: string | undefined;
  try {
    data = typeof given === "string" ? given : given === undefined ? "" : JSON.stringify(given);
  } catch (cause) {
    throw bad("data", "a text, or something that JSON can say", cause);
  }
  if (data === undefined) throw bad("data", "a text, or something that JSON can say");
  if (bytes(data) > dataBytes) throw new CallError(FaultId.MessageTooLarge, "message", { details: { bytes: bytes(data), most: dataBytes } });
  if (to !== undefined && to !== null && !(to instanceof Connection)) throw bad("to", "a connection");
  return { type, data, to: to instanceof Connection ? [to.connectionId] : [], retry: retryAfterReconnect !== false };
}

/** Signals that wait for a lost connection; released in the order in which they came. */
export class SignalQueue {
  #waiting: (() => void)[] = [];

  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    for (const go of this.#waiting.splice(0)) go();
  }
}
