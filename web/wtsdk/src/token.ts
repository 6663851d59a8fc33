// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* What a token tells the SDK: where to connect. Whether it is good only the server knows. */
import { CallError, checkIceServers, FaultId, type Fields } from "../../core/src";
import { fields } from "../../core/src/rpc";

/** Where a session is. */
export interface Address {
  token: string;
  url: string; // of the socket
}

/** The older form of connect: the parts of an address, each by itself. */
export interface SessionSettings {
  wsUrl: string;
  sessionToken: string;
  sessionId?: string; // the token names the session
}

/**
 * Finds where to connect with a token. Fails with token.malformed (1101) where it
 * is no JWT, token.payload (1102) and token.payload_json (1103) where its payload
 * cannot be read, endpoint.invalid (1104) and ice.server_invalid (1105) for what
 * it names.
 */
export function readAddress(what: string | SessionSettings): Address {
  const settings = typeof what === "string" ? undefined : fields(what);
  const token = settings ? settings.sessionToken : what;
  if (typeof token !== "string" || token === "") throw new CallError(FaultId.TokenMalformed, "connect", { details: { want: "a token" } });
  const claims = readClaims(token);
  const iceServers = Array.isArray(claims.iceServers) ? claims.iceServers.map(fields) : [];
  const url = checkSocketUrl(settings?.wsUrl ?? claims.wsUrl);
  checkIceServers(iceServers.map((s) => ({
    urls: Array.isArray(s.urls) ? s.urls.map(String) : String(s.urls ?? ""),
    username: typeof s.username === "string" ? s.username : undefined,
    credential: typeof s.credential === "string" ? s.credential : undefined,
  })));
  return { token, url };
}

/** Reads the payload of a JWT (RFC 7519) without checking its signature. */
export function readClaims(token: string): Fields {
  const parts = token.split(".");
  if (parts.length !== 3 || parts.some((p) => p === "")) throw new CallError(FaultId.TokenMalformed, "connect", { details: { want: "three parts with dots between" } });
  const text = decode(parts[1]!);
  if (text === undefined) throw new CallError(FaultId.TokenPayload, "connect", { details: { want: "base64url" } });
  let claims: unknown;
  try {
    claims = JSON.parse(text);
  } catch (cause) {
    throw new CallError(FaultId.TokenPayloadJson, "connect", { cause });
  }
  const missing = typeof claims !== "object" || claims === null || Array.isArray(claims) ? "an object" : typeof fields(claims).rid !== "string" ? "the claim rid" : undefined;
  if (missing) throw new CallError(FaultId.TokenPayloadJson, "connect", { details: { want: missing } });
  return fields(claims);
}

/** The text behind base64url (RFC 4648, section 5), or undefined. */
function decode(part: string): string | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(part)) return undefined;
  try {
    const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function checkSocketUrl(x: unknown): string {
  if (typeof x === "string") {
    try {
      const url = new URL(x);
      if ((url.protocol === "ws:" || url.protocol === "wss:") && url.hash === "") return x;
    } catch {
      // reported below, as what it is
    }
  }
  throw new CallError(FaultId.EndpointInvalid, "connect", { details: { wsUrl: typeof x === "string" ? x.slice(0, 200) : "missing", want: "ws: or wss:" } });
}
