// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package gcc judges what a subscriber's downlink can carry, after Google
// Congestion Control (draft-ietf-rmcat-gcc-02): the log of what was sent, the
// feedback about it, and the estimate that follows from delays and losses.
//
// It knows no connections and no tracks: numbers in, bits per second out.
package gcc
