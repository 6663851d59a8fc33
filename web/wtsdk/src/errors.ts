// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Errors as apps of this SDK know them: a number and a description. */
import { CallError, FaultId } from "../../core/src";
import { wording } from "../../faults";

/** What goes wrong in a session. */
export class SessionError extends Error {
  /** The vendor's number, as in the error documents of all its SDKs. */
  readonly code: number;
  /** The vendor's name for it, such as "sessionIsFull". */
  override readonly name: string;
  /** What happened, in a sentence; the same as message. */
  readonly localizedDescription: string;
  /** When it happened, in ms since the epoch. */
  readonly requestTime = Date.now();
  /** The fault in the catalogue of Redial, which says what to do about it. */
  readonly fault: FaultId;

  constructor(failure: CallError) {
    super(failure.message, { cause: failure });
    const { code, name } = word(failure);
    this.code = code;
    this.name = name;
    this.localizedDescription = failure.message;
    this.fault = failure.fault;
  }

  /** The error itself, for apps that look for it in an event. */
  get error(): this {
    return this;
  }
}

function word(failure: CallError): { code: number; name: string } {
  if (failure.fault === FaultId.CaptureDenied) {
    return failure.details.device === "microphone"
      ? { code: 108, name: "USER_AUDIO_PERMISSION_DENIED_ERROR_CODE" }
      : { code: 107, name: "USER_VIDEO_PERMISSION_DENIED_ERROR_CODE" };
  }
  const here = wording("sceenic", failure.fault, failure.operation);
  const { code, name } = failure.wording ?? {};
  return { code: code ?? here?.code ?? -1, name: name ?? here?.name ?? "unknownError" };
}

/** Whatever was thrown, as an error of this SDK. */
export function sessionError(thrown: unknown): SessionError {
  if (thrown instanceof SessionError) return thrown;
  return new SessionError(thrown instanceof CallError ? thrown : new CallError(FaultId.ClientInternal, "connect", { cause: thrown }));
}
