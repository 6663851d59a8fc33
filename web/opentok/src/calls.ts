// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* How methods run, and who hears of their errors. */
import type { Operation } from "../../core/src";
import { event, guarded, OTEventEmitter } from "./emitter";
import { invalid, otError, type OTError } from "./errors";
import type { Completion, ExceptionEvent } from "./types";

const titles: Readonly<Record<number, string>> = {
  1004: "Authentication error", 1005: "Invalid Session ID", 1006: "Connect Failed", 1007: "Connect Rejected", 1008: "Connect Time-out",
  1009: "Security Error", 1010: "Not Connected", 1011: "Invalid Parameter", 1013: "Connection Failed", 1014: "API Response Failure",
  1026: "Terms of Service Violation: Export Compliance", 1500: "Unable to Publish", 1520: "Unable to Force Disconnect",
  1530: "Unable to Force Unpublish", 1535: "Force Unpublish on Invalid Stream", 2000: "Internal Error", 2010: "Report Issue Failure",
};

/** What OT.on("exception") listens to. */
export const exceptions = new OTEventEmitter<{ exception: ExceptionEvent }>();

/** What else hears of errors, whatever the app listens to. */
export const journals = new Set<(error: OTError) => void>();

/** Tells of an error that belongs to no call, or once more of one that does. */
export function tellException(error: OTError, target: object): void {
  for (const journal of journals) journal(error);
  exceptions.dispatchEvent(event("exception", target, { code: error.code, title: titles[error.code] ?? "Error", message: error.message, name: error.name, error }));
}

/**
 * Runs a method. Its error reaches the completion handler, the promise and OT's
 * exception event, the same object each time; nobody has to catch it.
 */
export function call<T>(operation: Operation, target: object, handler: unknown, run: () => T | Promise<T>): Promise<T> {
  const done = (async () => {
    try {
      if (handler !== undefined && handler !== null && typeof handler !== "function") throw invalid(operation, "the completion handler", "a function");
      return await run();
    } catch (thrown) {
      const error = otError(thrown, operation);
      tellException(error, target);
      throw error;
    }
  })();
  const tell = typeof handler === "function" ? handler as Completion<T> : undefined;
  done.then((value) => guarded(() => tell?.(undefined, value)), (error) => guarded(() => tell?.(error)));
  return done;
}
