// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package event keeps what went wrong, and what was published, so that it can
// be read back.
//
// An [Event] is one occurrence, as plain data: whom it is about, the words of each
// side, the canonical fault, operation and source. Its JSON and the parameters of a
// [Query] are the business of package eventjson. The [Recorder] is the one door to a
// [Store]: it stamps id and time, masks addresses, batches, and promises
//
//   - Append has returned nil: the event is on disk and will be there, once;
//   - Record never blocks, and what it cannot take is counted;
//   - a report that arrives twice, by whatever path, is stored once.
//
// Stores live in sub-packages and pass the behaviours of package eventtest.
package event
