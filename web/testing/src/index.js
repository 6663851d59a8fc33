// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// What the package offers; index.d.ts says what each does.
export { startRedial } from './start.js';
export { connectRedial, Redial } from './redial.js';
export { RedialError } from './error.js';
