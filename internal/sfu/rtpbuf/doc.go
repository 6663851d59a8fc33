// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package rtpbuf holds what forwarding keeps of RTP packets: a packet whose buffer
// is shared and reused, the history from which lost packets are sent again, and the
// mapping of the numbers a publisher sent to those a subscriber sees.
//
// It knows no connections and no tracks. Nothing on the path of a packet allocates
// or waits for a lock.
package rtpbuf
