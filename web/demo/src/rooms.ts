// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * Room codes: how a token is had without a backend of one's own.
 */
export class CodeRefused extends Error {}

/** Exchanges a room code for a token, at the same endpoint apps use. */
export async function tokenForCode(code: string): Promise<string> {
  let answer: Response;
  try {
    answer = await fetch("/v2/token", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ code }) });
  } catch {
    throw new CodeRefused("The server cannot be reached. Check your connection and try again.");
  }
  const body = (await answer.json().catch(() => ({}))) as { token?: string; message?: string };
  if (answer.ok && body.token) return body.token;
  throw new CodeRefused(answer.status === 404 ? "There is no room with this code, or it was switched off." : (body.message ?? `The server answered ${answer.status}.`));
}

/** With a management token: the token of a role in a room, by way of its code. */
export async function tokenForRole(room: string, role: string, managementToken: string): Promise<string> {
  const answer = await fetch(`/v2/room-codes/room/${encodeURIComponent(room)}`, { method: "POST", headers: { Authorization: `Bearer ${managementToken}` } });
  const body = (await answer.json().catch(() => ({}))) as { data?: { code: string; role: string; enabled: boolean }[]; message?: string };
  if (!answer.ok) throw new CodeRefused(body.message ?? `The server answered ${answer.status}.`);
  const found = body.data?.find((c) => c.role === role && c.enabled) ?? (role === "" ? body.data?.find((c) => c.enabled) : undefined);
  if (!found) throw new CodeRefused(`The room has no code for the role ${role}.`);
  return tokenForCode(found.code);
}
