// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package scenario reads and runs scenarios: small files that say which faults
// happen when, such as "at 10s: lose udp for 8s".
//
// A [Scenario] is read whole or not at all; [Problems] name the line, the field
// and what is possible there. A [Run] asks the server about every step before
// the first is taken, takes each on time, waits for the events that are
// expected, and leaves nothing of it on the server: not at the end, nor after a
// failure, nor when its context ends. The ready scenarios are part of the
// binary; see [Library].
//
// It is a client of the REST API and knows nothing of the server's insides.
package scenario
