// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Every failure of this package is a CallError: a fault of the catalogue. */
import { FaultId, fault as entry, type Fault, type Operation } from "../../faults";

/** What is known of one occurrence of a fault, by name. */
export type Details = Readonly<Record<string, unknown>>;

/** How the server worded a refusal, for whoever speaks that vocabulary. */
export interface Wording {
  readonly code: number;
  readonly name?: string;
}

/** What else is known of a failure, when it is made. */
export interface FailureOptions {
  details?: Details;
  cause?: unknown; // what was thrown below
  wording?: Wording;
  message?: string; // instead of the title of the fault
}

/** A call that failed, and as what. `explain(error)` of the catalogue knows it. */
export class CallError extends Error {
  override readonly name = "CallError";
  /** The id in the catalogue of faults. */
  readonly fault: FaultId;
  /** What was being done. */
  readonly operation: Operation;
  readonly details: Details;
  readonly wording: Wording | undefined;

  constructor(fault: FaultId, operation: Operation, { details = {}, cause, wording, message }: FailureOptions = {}) {
    super(message ?? withDetails(entry(fault)?.title ?? fault, details), cause === undefined ? undefined : { cause });
    this.fault = fault;
    this.operation = operation;
    this.details = details;
    this.wording = wording;
  }

  /** The entry of the catalogue: what happened, what to do, what to tell the user. */
  get entry(): Fault {
    return entry(this.fault) ?? entry(FaultId.ClientInternal)!;
  }

  /** Whether the very same call can work another time. */
  get canRetry(): boolean {
    return this.entry.canRetry;
  }

  /** Whether the session is over with it. */
  get isTerminal(): boolean {
    return this.entry.isTerminal;
  }
}

/** The failure that something thrown is: itself, or a fault with it as its cause. */
export function failureOf(thrown: unknown, fault: FaultId, operation: Operation, details?: Details): CallError {
  return thrown instanceof CallError ? thrown : new CallError(fault, operation, { cause: thrown, details });
}

function withDetails(title: string, details: Details): string {
  const parts = Object.entries(details).map(([key, value]) => `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`);
  return parts.length === 0 ? title : `${title}: ${parts.join(", ")}`;
}
