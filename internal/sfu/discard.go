// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"io"
	"sync"
)

// discardBuffer is a stream's buffer that keeps nothing: what is written goes to a
// function, or nowhere; reading waits for the end.
type discardBuffer struct {
	to   func([]byte)
	once sync.Once
	done chan struct{}
}

func newDiscardBuffer(to func([]byte)) *discardBuffer {
	return &discardBuffer{to: to, done: make(chan struct{})}
}

func (s *discardBuffer) Write(b []byte) (int, error) {
	if s.to != nil {
		s.to(b)
	}
	return len(b), nil
}

func (s *discardBuffer) Read([]byte) (int, error) {
	<-s.done
	return 0, io.EOF
}

func (s *discardBuffer) Close() error {
	s.once.Do(func() { close(s.done) })
	return nil
}
