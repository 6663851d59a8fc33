// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * A short code for whose call failed, to be read out to support: "redial why
 * K7Q-2MF" finds the failures. It is no secret and opens nothing.
 */

/** Crockford's Base32, which has no letter that is read as a digit. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** The code of a participant, by the id that the server gave it: 30 bits of FNV-1a. */
export function reference(id: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(id)) hash = Math.imul(hash ^ byte, 0x01000193);
  let code = "";
  for (let shift = 27; shift >= 2; shift -= 5) code += alphabet[(hash >>> shift) & 31];
  return `${code.slice(0, 3)}-${code.slice(3)}`;
}

/** The code of somebody whom the server let in nowhere: by the room and the user of their token. */
export function referenceOfUser(room: string, user: string): string {
  return reference(`${room}/${user}`);
}
