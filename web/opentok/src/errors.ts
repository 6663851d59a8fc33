// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * Errors in OpenTok's words. A failure is a fault of the catalogue, which has the
 * name and the code of every fault in every method; nothing is worded a second time.
 */
import { CallError, FaultId, type Operation } from "../../core/src";
import { fields } from "../../core/src/rpc";
import { fault as entry, wording } from "../../faults";
import type { OTError as OTErrorShape } from "./types";

/** An error that handlers, promises and OT's exception event share. */
export class OTError extends Error implements OTErrorShape {
  override name: string;
  readonly code: number;
  readonly fault: FaultId;

  constructor(fault: FaultId, operation: Operation, { message, cause, word = {} }: { message?: string; cause?: unknown; word?: Partial<Word> } = {}) {
    super(message ?? entry(fault)?.title ?? fault, cause === undefined ? undefined : { cause });
    const { code, name } = { ...wordOf(fault, operation), ...word };
    this.name = name || "Error";
    this.code = code;
    this.fault = fault;
  }
}

interface Word {
  code: number;
  name: string;
}

/** What is said of a fault that a method has no word for: the method's own general failure, else that of all. */
const general: Partial<Record<Operation, Word>> = {
  connect: { code: 1006, name: "OT_CONNECT_FAILED" },
  publish: { code: 1601, name: "" },
  subscribe: { code: 1600, name: "" },
  message: { code: 2001, name: "" },
};

/** Faults that a method words as others. */
const like: Partial<Record<FaultId, FaultId>> = {
  [FaultId.DeviceSelectedMissing]: FaultId.CaptureOverconstrained,
  [FaultId.ScreenGestureRequired]: FaultId.ScreenDenied,
  [FaultId.BrowserWebrtcMissing]: FaultId.PeerconnectionCreate,
};

const likeIn: Partial<Record<Operation, Partial<Record<FaultId, FaultId>>>> = {
  publish: { [FaultId.SignalSilent]: FaultId.PublishTimeout },
  subscribe: { [FaultId.SignalSilent]: FaultId.ResponseUnexpected },
  remove: { [FaultId.SignalClosed]: FaultId.ClientNotConnected, [FaultId.SignalLost]: FaultId.ClientNotConnected },
  "force-unpublish": { [FaultId.SignalClosed]: FaultId.ClientNotConnected, [FaultId.SignalLost]: FaultId.ClientNotConnected, [FaultId.StreamNotPublished]: FaultId.TrackNotFound },
  message: { [FaultId.SignalClosed]: FaultId.ClientNotConnected, [FaultId.SignalLost]: FaultId.ClientNotConnected, [FaultId.SignalSilent]: FaultId.ResponseUnexpected },
};

function wordOf(fault: FaultId, operation: Operation): Word {
  const told = likeIn[operation]?.[fault] ?? like[fault] ?? fault;
  const found = wording("opentok", told, operation) ?? wording("opentok", told);
  return found && (found.code || found.name) ? found : (general[operation] ?? { code: 2000, name: "" });
}

/** Whatever was thrown, as an error of a method. */
export function otError(thrown: unknown, operation: Operation): OTError {
  if (thrown instanceof OTError) return thrown;
  if (thrown instanceof CallError) {
    const known = likeIn[operation]?.[thrown.fault] ?? like[thrown.fault] ?? thrown.fault;
    const here = wording("opentok", known, operation);
    // A fault of which this library has no word, the server may have one.
    const data = fields(fields(thrown.cause).data);
    const theirs = !here && typeof data.name === "string" && data.name.startsWith("OT_") ? { name: data.name, ...(typeof data.code === "number" ? { code: data.code } : {}) } : {};
    return new OTError(thrown.fault, operation, { message: thrown.message, cause: thrown, word: theirs });
  }
  return new OTError(FaultId.ClientInternal, operation, { message: thrown instanceof Error ? thrown.message : String(thrown), cause: thrown });
}

/** The same failure as another method words it. */
export function reworded(error: OTError, operation: Operation): OTError {
  return new OTError(error.fault, operation, { message: error.message, cause: error.cause ?? error });
}

/** An argument that is not what it must be. */
export function invalid(operation: Operation, field: string, want: string): OTError {
  return new OTError(FaultId.ClientArgumentInvalid, operation, { message: `${field} must be ${want}` });
}

/** What this server does not do. */
export function unsupported(what: string, operation: Operation = "init"): OTError {
  return new OTError(FaultId.FeatureUnsupported, operation, { message: `${what} is not supported by this server`, word: { code: 0, name: "OT_NOT_SUPPORTED" } });
}
