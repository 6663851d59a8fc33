// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"fmt"
	"time"
)

// pings keeps a peer's socket open until the test ends, as SDKs do: one that is
// silent for 20 s is cut, and on a busy machine a test may take that long.
func (p *peer) pings() *peer {
	stop := make(chan struct{})
	p.t.Cleanup(func() { close(stop) })
	go func() {
		for n := 0; ; n++ {
			_ = p.write(map[string]any{"jsonrpc": "2.0", "id": fmt.Sprint("ping-", n), "method": "ping", "params": map[string]any{}})
			select {
			case <-time.After(2 * time.Second):
			case <-stop:
				return
			}
		}
	}()
	return p
}
