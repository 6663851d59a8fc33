// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package accept keeps the loops alive that take connections and packets in. A
// loop whose system call fails, for want of file descriptors (EMFILE) or memory,
// waits and tries again as net/http does, says so in the log when it begins and
// when it is over, and is known to be unwell meanwhile.
package accept

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	firstWait = 5 * time.Millisecond
	mostWait  = time.Second
	// A loop that fails tries at least every mostWait, so one that has not failed
	// for longer waits for something to come in and is well.
	wellAfter = 2 * mostWait
)

// Loops are the loops of one process.
type Loops struct {
	log    *slog.Logger
	errors *prometheus.CounterVec

	mu  sync.Mutex
	all []*loop
}

// New returns no loops yet. A nil registerer is no metrics.
func New(log *slog.Logger, metrics prometheus.Registerer) *Loops {
	l := &Loops{log: log, errors: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "redial_accept_errors_total", Help: "Connections and packets that the system failed to hand over, by the setting of the socket.",
	}, []string{"socket"})}
	if metrics != nil {
		metrics.MustRegister(l.errors)
	}
	return l
}

// Err says which loops whose name begins with prefix take nothing in at present,
// and why; nil is that all do.
func (l *Loops) Err(prefix string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for _, one := range l.all {
		if !strings.HasPrefix(one.name, prefix) {
			continue
		}
		if why := one.why(); why != "" && !slices.Contains(all, why) { // a setting may be several sockets
			all = append(all, why)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return errors.New(strings.Join(all, "; "))
}

// Listener wraps a listener whose Accept then fails only when it is closed. The
// name is the setting of its address.
func (l *Loops) Listener(name string, inner net.Listener) net.Listener {
	return &listener{Listener: inner, loop: l.add(name)}
}

// UDP wraps a socket whose reads then fail only when it is closed. It serves
// ice.AddrPortReaderWriter, without an address to allocate.
func (l *Loops) UDP(name string, inner *net.UDPConn) *UDP {
	return &UDP{UDPConn: inner, loop: l.add(name)}
}

func (l *Loops) add(name string) *loop {
	one := &loop{name: name, log: l.log, errors: l.errors.WithLabelValues(name), done: make(chan struct{})}
	l.mu.Lock()
	l.all = append(l.all, one)
	l.mu.Unlock()
	return one
}

// loop is one loop's health.
type loop struct {
	name   string
	log    *slog.Logger
	errors prometheus.Counter
	done   chan struct{}

	mu      sync.Mutex
	stopped bool
	last    error // nil: well
	failed  int   // times in a row
	since   time.Time
	over    *time.Timer
}

// again tells whether to try again after a failure, having waited.
func (l *loop) again(err error) bool {
	if errors.Is(err, net.ErrClosed) {
		return false
	}
	wait, ok := l.note(err)
	if !ok {
		return false
	}
	l.errors.Inc()
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-l.done:
		return false
	}
}

// note remembers a failure and says how long to wait, and whether the loop goes on:
// a failure may be on its way while the loop is stopped, and is nobody's then.
func (l *loop) note(err error) (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped {
		return 0, false
	}
	if l.last == nil {
		l.since = time.Now()
		l.log.Error("nothing is taken in, trying again", "socket", l.name, "err", err, "hint", hint(err))
		l.over = time.AfterFunc(wellAfter, l.well)
	} else {
		l.over.Reset(wellAfter)
	}
	l.last = err
	wait := min(firstWait<<min(l.failed, 20), mostWait)
	l.failed++
	return wait, true
}

func (l *loop) well() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		return
	}
	l.log.Info("taken in again", "socket", l.name, "failures", l.failed, "after", time.Since(l.since))
	l.last, l.failed = nil, 0
}

// why says in what way the loop is unwell, "" when it is not.
func (l *loop) why() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		return ""
	}
	return l.name + " takes nothing in: " + reason(l.last)
}

func (l *loop) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped {
		return
	}
	l.stopped, l.last = true, nil
	close(l.done)
	if l.over != nil {
		l.over.Stop()
	}
}

// reason is the system's own word for an error, without addresses.
func reason(err error) string {
	if no := syscall.Errno(0); errors.As(err, &no) {
		return no.Error()
	}
	return err.Error()
}

// hint says what helps.
func hint(err error) string {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return "raise the limit of open files (LimitNOFILE of the unit, ulimit -n, fs.file-max)"
	}
	return ""
}

type listener struct {
	net.Listener
	loop *loop
}

// Accept returns the next connection, or net.ErrClosed when the listener is closed,
// whatever failed before.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err == nil {
			return c, nil
		}
		if !l.loop.again(err) {
			return nil, net.ErrClosed
		}
	}
}

// Close ends Accept.
func (l *listener) Close() error {
	l.loop.stop()
	return l.Listener.Close()
}

// UDP is a socket that goes on being read.
type UDP struct {
	*net.UDPConn
	loop *loop
}

// Again tells whether to read again after a failure of a read, having waited; not when
// the socket is closed.
func (u *UDP) Again(err error) bool { return u.loop.again(err) }

// ReadFromAddrPort returns the next packet, or net.ErrClosed when the socket is
// closed.
func (u *UDP) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		n, from, err := u.ReadFromUDPAddrPort(b)
		if err == nil {
			return n, from, nil
		}
		if !u.loop.again(err) {
			return 0, netip.AddrPort{}, net.ErrClosed
		}
	}
}

// ReadFrom is ReadFromAddrPort with an address of the older kind.
func (u *UDP) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := u.ReadFromAddrPort(b)
	if err != nil {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// WriteToAddrPort sends a packet.
func (u *UDP) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return u.WriteToUDPAddrPort(b, to)
}

// Close ends the reads.
func (u *UDP) Close() error {
	u.loop.stop()
	return u.UDPConn.Close()
}
