// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* The library as one script file, for pages without modules: `OT` is a global of theirs. */
import OT from "./index";

Object.assign(globalThis, { OT });
