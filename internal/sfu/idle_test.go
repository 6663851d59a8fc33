// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// feeders counts goroutines that write feedback about received streams by a timer.
func feeders() int {
	b := make([]byte, 8<<20)
	b = b[:runtime.Stack(b, true)]
	n := 0
	for g := range bytes.SplitSeq(b, []byte("\n\n")) {
		if s := string(g); strings.Contains(s, "SenderInterceptor).loop") || strings.Contains(s, "ReceiverInterceptor).loop") {
			n++
		}
	}
	return n
}

// A connection over which nothing is published has no goroutine and no timer for
// feedback about what arrives; with the first stream it has.
func TestNoFeedbackBeforeAStream(t *testing.T) {
	s := newSender(t, newEngine(t, library))
	if _, err := s.pc.CreateDataChannel("idle", nil); err != nil {
		t.Fatal(err)
	}
	s.negotiate(nil)
	until(t, "connected", func() bool { return s.pub.State() == StateConnected })
	if n := feeders(); n != 0 {
		t.Errorf("%d goroutines for feedback before there is a stream", n)
	}
	src := s.publish(webrtc.MimeTypeOpus, "mic")
	s.negotiate(nil)
	src.pump(5*time.Millisecond, 1, nil)
	until(t, "feedback", func() bool { return feeders() == 2 })
}
