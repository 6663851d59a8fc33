// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What the user is told. `redial explain CODE` says what is behind a number.
const words = {
  403: ['The room is locked', 'Ask the host to let you in, then join again.'],
  40100: ['Your invitation has expired', 'Ask for a new one.'],
  REMOVED_FROM_ROOM: ['You were removed from the call', 'The host has decided so.'],
  ROOM_ENDED: ['The call has ended', 'Thank you for being here.'],
};

// newToken tells whether a fresh token may help.
export const newToken = error => error.code === 40100;

export function wordsFor(error) {
  const [title, advice] = words[error.removed ?? error.code] ?? [
    'The call does not work at the moment', `Join again. If it happens again, tell us the number ${error.code ?? 'you were doing it at'}.`,
  ];
  return { title, advice };
}
