// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/redial-rtc/redial/internal/config"
)

// logBytes is how much of the log waits for a reader that is slow.
const logBytes = 256 << 10

// LogWriter keeps whoever logs from waiting for whoever reads the log: a pipe
// that nobody empties takes nothing more, and would hold the whole server up.
// Lines beyond its bound are dropped and counted; once the log is read again, a
// line of its own says how many.
type LogWriter struct {
	out  io.Writer
	tell *slog.Logger // writes to out

	mu      sync.Mutex
	lines   [][]byte
	bytes   int           // of lines, and of the one being written
	dropped uint64        // ever
	untold  uint64        // of these, those since the log last told of it
	news    chan struct{} // something waits, or closed
	idle    chan struct{} // closed when all is written after Close
	closed  bool
}

// NewLogWriter returns a writer in front of out, whose lines NewLog has written
// with the same settings.
func NewLogWriter(out io.Writer, cfg config.Log) *LogWriter {
	w := &LogWriter{out: out, tell: NewLog(out, cfg), news: make(chan struct{}, 1), idle: make(chan struct{})}
	go w.run()
	return w
}

// Write takes a line and never waits. It does not fail: nobody could be told.
func (w *LogWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.bytes > 0 && w.bytes+len(line) > logBytes {
		w.dropped++
		w.untold++
		return len(line), nil
	}
	w.lines = append(w.lines, slices.Clone(line))
	w.bytes += len(line)
	w.ring()
	return len(line), nil
}

// Dropped is how many lines were dropped.
func (w *LogWriter) Dropped() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dropped
}

// Close writes what waits, unless that takes longer than patience. What is logged
// after it is dropped.
func (w *LogWriter) Close(patience time.Duration) {
	w.mu.Lock()
	w.closed = true
	w.ring()
	w.mu.Unlock()
	select {
	case <-w.idle:
	case <-time.After(patience):
	}
}

func (w *LogWriter) ring() {
	select {
	case w.news <- struct{}{}:
	default:
	}
}

func (w *LogWriter) run() {
	defer close(w.idle)
	for range w.news {
		for {
			w.mu.Lock()
			lines, untold, closed := w.lines, w.untold, w.closed
			w.lines = nil
			w.mu.Unlock()
			for _, line := range lines {
				_, _ = w.out.Write(line) // a reader that has gone is nobody's fault
				w.mu.Lock()
				w.bytes -= len(line)
				w.mu.Unlock()
			}
			if untold > 0 {
				w.tell.Warn("lines of the log were dropped, as nobody read it", "lines", untold, "kept_bytes", logBytes)
				w.mu.Lock()
				w.untold -= untold
				w.mu.Unlock()
			}
			if len(lines) == 0 && untold == 0 {
				if closed {
					return
				}
				break
			}
		}
	}
}
