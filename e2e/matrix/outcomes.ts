// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What became of a row, from the worker that ran it to the page.
export interface Outcome { row: string; verdict: string; delay?: number; ms?: number }

// annotation is the type of the annotations that carry one.
export const annotation = 'outcome';
