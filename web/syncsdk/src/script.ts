// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/* The SDK as one script file: its names are globals of the page. */
import { Callbacks, LogLevels, PlayerDecorator, SyncSDK } from "./index";

Object.assign(globalThis, { SyncSDK, Callbacks, LogLevels, PlayerDecorator });
