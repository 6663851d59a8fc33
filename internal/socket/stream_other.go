// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package socket

import "net"

// stream cannot tell here how far what was written has come.
func stream(net.Conn) (put, arrived uint64) { return 0, 0 }
