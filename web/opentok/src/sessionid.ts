// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* Where a session is. Session ids name the server they are of; see docs/opentok.md. */
import { FaultId } from "../../core/src";
import { OTError } from "./errors";

let proxy: string | undefined;

/** Where the script came from, as long as it runs for the first time. */
const origin = typeof document !== "undefined" && document.currentScript instanceof HTMLScriptElement && document.currentScript.src
  ? new URL(document.currentScript.src).origin : undefined;

/** Sets the address by which the server is reached instead of its own, such as that of a proxy. */
export function setBase(url: string): void {
  proxy = url;
}

/** Reads an address of a server; undefined for what is none. */
export function baseUrl(text: string): string | undefined {
  try {
    const url = new URL(text);
    if ((url.protocol !== "http:" && url.protocol !== "https:") || url.search || url.hash || url.username) return undefined;
    return url.href.replace(/\/+$/, "");
  } catch {
    return undefined;
  }
}

/** The fields of a session id; undefined where it is not one. */
export function fieldsOf(sessionId: string): string[] | undefined {
  const [, text] = /^\d_([A-Za-z0-9_-]+=*)$/.exec(sessionId) ?? [];
  const decoded = text === undefined ? undefined : decode(text);
  const parts = decoded?.split("~");
  return parts && parts.length > 4 && parts[1] !== "" ? parts : undefined;
}

function decode(text: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * The server of a session: the proxy that is set, the one that the id names, that of
 * the script or that of the page. Fails with OT_INVALID_SESSION_ID for an id that is none.
 */
export function serverOf(sessionId: string): string {
  const parts = fieldsOf(sessionId);
  if (!parts) throw new OTError(FaultId.RoomIdInvalid, "connect", { message: "the session id is not one that a server makes" });
  const named = parts[5] ? baseUrl(decode(parts[5]) ?? "") : undefined;
  return proxy ?? named ?? origin ?? globalThis.location?.origin ?? "";
}

/** The server for what belongs to no session. */
export function anyServer(): string {
  return proxy ?? origin ?? globalThis.location?.origin ?? "";
}
