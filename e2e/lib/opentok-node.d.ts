// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// The official SDK comes without types.
declare module 'opentok';
