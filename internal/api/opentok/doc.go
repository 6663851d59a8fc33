// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package opentok is the REST API that backends of OpenTok apps call: sessions,
// signals, streams, and who is put out or muted. The paths, bodies and statuses are
// those that the official server SDKs know; a refusal is JSON and has the fault
// beside the status.
package opentok
