// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package inject provokes faults on purpose, on a running server, so that an
// app's handling of them can be tested.
//
// A [Plan] holds rules. Each says which fault, for whom, and for how long; it is
// carried out by a real mechanism at one of three places: where calls are
// dispatched, at the packets of a peer's media connections, and in front of the
// store of reports. The places ask the plan; the plan knows nothing of sockets
// or of the media library. Whoever asks pays one atomic load while no rule
// concerns them.
//
// The plan owns its rules and their timers. A rule ends on time, after its
// count, when it is removed, or with the process; from that moment nothing of it
// is left on the path. What it caused can go on failing in a client for a while,
// so for [Grace] afterwards the failures of the peers it touched still count as
// injected.
package inject
