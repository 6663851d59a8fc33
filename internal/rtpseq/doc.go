// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package rtpseq follows the sequence numbers of one RTP stream at its receiver: it
// extends them to 64 bits and knows which packets are missing and when to ask for
// them again. The server and the Go client share it.
package rtpseq
