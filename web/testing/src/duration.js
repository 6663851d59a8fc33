// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Durations are numbers of milliseconds, or words as the server writes them.
const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

// milliseconds reads "1h30m", "-5m", "1.5s" or a number. name is for the refusal.
export function milliseconds(value, name) {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  const match = typeof value === 'string' && /^(-?)((?:\d+(?:\.\d+)?(?:ms|s|m|h))+)$/.exec(value);
  if (!match) throw new TypeError(`${name} is ${JSON.stringify(value)}, which is neither a number of milliseconds nor a duration such as "90s"`);
  let sum = 0;
  for (const [, number, unit] of match[2].matchAll(/([\d.]+)(ms|s|m|h)/g)) sum += number * units[unit];
  return match[1] ? -sum : sum;
}

// words writes a duration for the server.
export const words = (value, name) => `${milliseconds(value, name)}ms`;
