// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

const known = new Set(["clientDisconnected", "forceDisconnected", "forceUnpublished", "mediaStopped", "networkDisconnected"]);

/** Why a stream or a connection has ended, in the words of the API. */
export function streamReason(reason: string): string {
  if (known.has(reason)) return reason;
  if (reason.startsWith("forceUnpublish")) return "forceUnpublished";
  if (reason.startsWith("forceDisconnect")) return "forceDisconnected";
  return reason.startsWith("network") ? "networkDisconnected" : "clientDisconnected";
}
