// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"encoding/binary"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// TestStrangersOnTCPDoNotHoldUpClose: a connection that says nothing, and one that
// asks for a call while it is ended, as a client does that has not heard of it yet.
func TestStrangersOnTCPDoNotHoldUpClose(t *testing.T) {
	for name, says := range map[string][]byte{"silent": nil, "too late": framed(t, "gone:peer")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := New(Config{UDPAddr: "127.0.0.1:0", TCPAddr: "127.0.0.1:0", Loopback: true})
			if err != nil {
				t.Fatal(err)
			}
			address := net.JoinHostPort("127.0.0.1", strconv.Itoa(e.TCPPort()))
			stranger := dial(t, address)
			// Connections are accepted in order, and rubbish is closed at once.
			rubbish := dial(t, address)
			if _, err := rubbish.Write([]byte("\x00\x02no")); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, rubbish); err != nil {
				t.Fatal(err)
			}

			closed := make(chan error, 1)
			go func() { closed <- e.Close() }()
			for c, err := net.Dial("tcp", address); err == nil; c, err = net.Dial("tcp", address) {
				_ = c.Close() // it listens still
			}
			if _, err := stranger.Write(says); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-closed:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(20 * time.Second): // the library's own patience is 30 s
				t.Error("it waits for a stranger")
			}
		})
	}
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// framed is a STUN binding for a user name, as it is sent over TCP (RFC 4571).
func framed(t *testing.T, user string) []byte {
	t.Helper()
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(user))
	if err != nil {
		t.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(m.Raw))), m.Raw...)
}
