// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * What the address of the page says. Everything is in the fragment, because a
 * fragment is never sent to a server and so never ends up in an access log.
 *
 *   #token=JWT              join with this token
 *   #code=abc-defg-hij      join with the token this room code is exchanged for
 *   #room=ID&role=NAME      with a management token: fetch the code of that role
 *   #name=Ann               the name to suggest
 *   #management=JWT         look up recorded events and invite others with it
 */
export interface Link {
  token: string;
  code: string;
  room: string;
  role: string;
  name: string;
}

export function readLink(): Link {
  const fields = new URLSearchParams(location.hash.slice(1));
  const field = (name: string) => fields.get(name)?.trim() ?? "";
  const management = field("management");
  if (management !== "") {
    // It opens the whole server, so it does not stay where a shared screen or a
    // copied address would show it.
    setManagementToken(management);
    fields.delete("management");
    history.replaceState(null, "", fields.size > 0 ? "#" + fields : location.pathname);
  }
  return { token: field("token"), code: field("code"), room: field("room"), role: field("role"), name: field("name") };
}

const managementKey = "redial-management-token";

/** The management token of this tab, or "". */
export function managementToken(): string {
  return read(sessionStorage, managementKey);
}

export function setManagementToken(token: string): void {
  write(sessionStorage, managementKey, token);
}

const nameKey = "redial-name";

/** The name used last on this machine, or "". */
export function rememberedName(): string {
  return read(localStorage, nameKey);
}

export function rememberName(name: string): void {
  write(localStorage, nameKey, name);
}

// Storage can be switched off in the browser's settings; the page works without.
function read(store: Storage, key: string): string {
  try {
    return store.getItem(key) ?? "";
  } catch {
    return "";
  }
}

function write(store: Storage, key: string, value: string): void {
  try {
    store.setItem(key, value);
  } catch {
    // Not remembered, then.
  }
}

/** What a room token says about itself. Only the server can tell whether it is true. */
export interface TokenContent {
  roomId: string;
  role: string;
  userId: string;
  expires: Date | null;
}

/** Reads a token's payload (RFC 7519, section 3), or null if it is not a token. */
export function readToken(token: string): TokenContent | null {
  const parts = token.split(".");
  if (parts.length !== 3) return null;
  try {
    const bytes = Uint8Array.from(atob(parts[1]!.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    return {
      roomId: String(claims.room_id ?? ""),
      role: String(claims.role ?? ""),
      userId: String(claims.user_id ?? ""),
      expires: typeof claims.exp === "number" ? new Date(claims.exp * 1000) : null,
    };
  } catch {
    return null;
  }
}

/**
 * The address to hand to the SDK as initEndpoint. The SDK looks for "https://"
 * in it to guess its environment and fails without; on a plain http page, which
 * a browser lets use the camera on loopback only, a fragment satisfies it and
 * disappears when the real address is resolved.
 */
export function initEndpoint(): string {
  return location.protocol === "https:" ? location.origin + "/" : location.origin + "/#https://";
}
