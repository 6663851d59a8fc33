// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

/*
 * Never loaded. As an entry point of its own it makes the build put the SDK
 * into a file of its own, which stays the same while the page changes.
 */
export * from "@100mslive/hms-video-store";
