// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* How long others are waited for: only time in which the page runs counts. */

const steps = 5;

/**
 * Calls over after ms, unless what it returns is called before. The time is waited
 * for in steps. A page that was held up, by its own work or because its computer
 * slept, loses one step and not all of them, and reads meanwhile what has come for it.
 */
export function patience(ms: number, over: () => void): () => void {
  let left = steps;
  const step = () => {
    if (--left === 0) over();
    else timer = setTimeout(step, ms / steps);
  };
  let timer = setTimeout(step, ms / steps);
  return () => clearTimeout(timer);
}
