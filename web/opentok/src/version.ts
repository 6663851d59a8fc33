// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/** The version of the package, which the server records; a test compares it with the manifest. */
export const version = "0.1.0";
