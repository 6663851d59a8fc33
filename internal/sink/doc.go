// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package sink carries stored events to where others want them: webhooks and
// an OpenTelemetry collector.
//
// Each sink follows the store by the places of its events and keeps the place
// it has reached in a file of its own, so that
//
//   - what was stored is sent, also what was stored while the process or the
//     receiver was down, as long as the retention keeps it;
//   - it is sent at least once: a receiver tells repetitions by the event's id;
//   - a sink that is slow or broken holds up neither the others nor whoever
//     stores events, because it reads what is on disk and nobody waits for it.
//
// Callbacks, which tell backends what happens in their sessions, are no events of
// the store. They wait in the file of the deliveries and go out by the same rules; see
// [Callback].
//
// Counting events for Prometheus needs none of this and is done where they are
// stored, in package event.
package sink
