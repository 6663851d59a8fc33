// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Time for what a client does slowly, beside limits.body_timeout.
const (
	drainTimeout = 2 * time.Second        // for a body nobody wants, behind the reply
	stopGrace    = 500 * time.Millisecond // for a body or a portion of a reply under way when the server stops
)

// exchange is one request and its reply, watched for how fast the client sends
// the one and takes the other. A WebSocket leaves it when it is upgraded.
type exchange struct {
	http.ResponseWriter
	conn     *http.ResponseController
	body     io.ReadCloser
	arriving atomic.Bool  // the body has not ended
	writing  atomic.Int64 // since when a write goes on, Unix ns; 0: none
	upgraded atomic.Bool
}

// watched gives every request a time for its body to arrive.
func (w *web) watched(next http.Handler, bodyTimeout time.Duration) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		x := &exchange{ResponseWriter: rw, conn: http.NewResponseController(rw), body: r.Body}
		if r.Body == nil || r.Body == http.NoBody {
			// Nothing is to come, so that a long reply needs no deadline for it.
			_ = x.conn.SetReadDeadline(time.Time{})
		} else {
			x.arriving.Store(true)
			_ = x.conn.SetReadDeadline(time.Now().Add(bodyTimeout))
			r.Body = arrival{x}
		}
		w.enter(x)
		defer w.leave(x)
		next.ServeHTTP(x, r)
	})
}

func (w *web) enter(x *exchange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.underway[x] = struct{}{}
}

// leave lets net/http finish: it reads what is left of the body and writes what
// is left of the reply.
func (w *web) leave(x *exchange) {
	w.mu.Lock()
	delete(w.underway, x)
	stopping := w.stopping
	w.mu.Unlock()
	if x.upgraded.Load() {
		return
	}
	if x.arriving.Load() {
		_ = x.conn.SetReadDeadline(time.Now().Add(drainTimeout))
	}
	if stopping {
		_ = x.conn.SetWriteDeadline(time.Now().Add(stopGrace))
	}
}

// hurry cuts off who is slow while the server stops, until done. Requests whose
// handler is at work are left alone.
func (w *web) hurry(done <-chan struct{}) {
	w.mu.Lock()
	w.stopping = true
	w.mu.Unlock()
	began := time.Now()
	every := time.NewTicker(stopGrace / 5)
	defer every.Stop()
	for {
		select {
		case <-done:
			return
		case now := <-every.C:
			w.mu.Lock()
			for x := range w.underway {
				if x.arriving.Load() && now.Sub(began) > stopGrace {
					_ = x.conn.SetReadDeadline(now)
				}
				if since := x.writing.Load(); since != 0 && now.Sub(time.Unix(0, since)) > stopGrace && !x.upgraded.Load() {
					_ = x.conn.SetWriteDeadline(now)
				}
			}
			w.mu.Unlock()
		}
	}
}

// arrival is the body of a request.
type arrival struct{ x *exchange }

// Read implements io.Reader. The deadline ends with the body, or the library
// would take its passing for the client's going away.
func (a arrival) Read(p []byte) (int, error) {
	n, err := a.x.body.Read(p)
	if errors.Is(err, io.EOF) && a.x.arriving.Swap(false) {
		_ = a.x.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}

// Close implements io.Closer.
func (a arrival) Close() error { return a.x.body.Close() }

// Write implements http.ResponseWriter.
func (x *exchange) Write(b []byte) (int, error) {
	x.writing.Store(time.Now().UnixNano())
	defer x.writing.Store(0)
	return x.ResponseWriter.Write(b)
}

// FlushError lets http.ResponseController flush.
func (x *exchange) FlushError() error {
	x.writing.Store(time.Now().UnixNano())
	defer x.writing.Store(0)
	return x.conn.Flush()
}

// Hijack implements http.Hijacker: whoever takes the connection sets its
// deadlines from then on.
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	x.upgraded.Store(true)
	return x.conn.Hijack()
}

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }
