// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command bench measures the events of a real server: how fast they are taken,
// over HTTP and durably, and how fast they are read when there are many.
//
// It builds a history once and keeps it where -dir says; the server under test
// is this program again, in a process of its own, so that its memory can be
// told from that of the load. Every figure that belongs together is taken in
// one run. `make bench-events` runs it in full.
package main
