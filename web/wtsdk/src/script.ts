// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* The SDK as one script file, for pages without modules: `WT` is a global of theirs. */
import WT from "./index";

Object.assign(globalThis, { WT });
