// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"bytes"
	"io"
	"net"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
)

// relay stands between a client and the server like a proxy. Once it has
// forgotten them, what either side sends goes nowhere and neither is told.
type relay struct {
	url       string
	forgotten atomic.Bool
	pongs     chan struct{} // the client has confirmed something
}

func newRelay(t *testing.T, to, header string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{url: "http://" + l.Addr().String(), pongs: make(chan struct{}, 16)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		near, err := l.Accept()
		if err != nil {
			return
		}
		defer near.Close()
		far, err := net.Dial("tcp", to)
		if err != nil {
			return
		}
		defer far.Close()
		back := make(chan struct{})
		go func() { r.pass(near, far, nil); close(back) }()
		r.pass(far, near, []byte(header))
		<-back
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return r
}

// pass copies from one side to the other; a header goes behind the first line.
func (r *relay) pass(to io.WriteCloser, from io.Reader, header []byte) {
	defer to.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		b := buf[:n]
		if r.forgotten.Load() {
			continue
		}
		if first, rest, ok := bytes.Cut(b, []byte("\r\n")); ok && header != nil {
			b = bytes.Join([][]byte{first, header, rest}, []byte("\r\n"))
			header = nil
		}
		if _, err := to.Write(b); err != nil {
			return
		}
		if b[0] == 0x8a { // a pong (RFC 6455, section 5.2)
			select {
			case r.pongs <- struct{}{}:
			default:
			}
		}
	}
}

// What a socket took after it had died arrives on the next one, and nothing
// arrives twice.
func TestAHalfOpenSocketLosesNothing(t *testing.T) {
	s := newStation(t, nil)
	r := newRelay(t, s.web.Listener.Addr().String(), "X-Forwarded-For: 192.0.2.1")
	far := *s
	far.web = &httptest.Server{URL: r.url}
	bob := &peer{s: &far, t: t, id: uuid.NewString(), tok: s.token("guest", "u-bob")}
	bob.open()
	bob.expect("on-policy-change")
	bob.join("bob")
	bob.expect("peer-list")
	alice := s.joined("host", "alice")
	say := func(text string) {
		t.Helper()
		alice.must("broadcast", map[string]any{"info": map[string]string{"type": "chat", "message": text}})
	}
	heard := func() any {
		t.Helper()
		return bob.expect("on-broadcast")["info"].(map[string]any)["message"]
	}
	say("one")
	if got := heard(); got != "one" {
		t.Fatalf("heard %v", got)
	}
	<-r.pongs
	bob.must("get-peer", map[string]string{"peer_id": alice.id}) // the server has read the pong before
	r.forgotten.Store(true)
	say("two")
	say("three")
	bob.s = s
	bob.open() // the server does not know yet that the old socket is dead
	bob.expect("peer-list")
	say("four")
	for _, want := range []string{"two", "three", "four"} {
		if got := heard(); got != want {
			t.Fatalf("heard %v, want %s", got, want)
		}
	}
}
