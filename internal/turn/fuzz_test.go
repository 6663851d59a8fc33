// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package turn

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// FuzzMessages: a stream of any bytes is cut into whole messages, none longer than
// they may be, until it is no TURN; it never ends up in the same place twice.
func FuzzMessages(f *testing.F) {
	binding, _ := stun.Build(stun.TransactionID, stun.BindingRequest)
	refusal, _ := stun.Build(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassErrorResponse), stun.CodeUnauthorized, stun.NewNonce("nonce"))
	f.Add(append(binding.Raw, 0x40, 0, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0), "1764190000:0123456789abcdef0123")
	f.Add(refusal.Raw, "-1:0123456789abcdef0123")
	f.Add([]byte{0, 3, 0xff, 0xec, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "x:")
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), "")
	f.Fuzz(func(t *testing.T, raw []byte, name string) {
		for rest := raw; ; {
			n, err := frameLength(rest)
			if n < 0 || n > maxFrame || n > 0 && n < channelHeader {
				t.Fatalf("a message of %d bytes", n)
			}
			if err != nil || n == 0 || n > len(rest) {
				break
			}
			_, _ = errorCode(rest[:n]), isRequest(rest[:n])
			rest = rest[n:]
		}
		if _, user, ok := parseUsername(name); ok && len(user) != 2*userBytes {
			t.Fatalf("a user %q", user)
		}
		c := &stream{Conn: &given{Reader: bytes.NewReader(raw)}, s: &Server{table: newTable(Bounds{}.withDefaults(), newMetrics(nil))}}
		c.s.cfg.Bounds.Silence = time.Minute
		p := make([]byte, maxFrame+1)
		for range len(raw)/channelHeader + 2 {
			n, err := c.Read(p)
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, errNotTURN) && !errors.Is(err, errTooLong) {
					t.Fatal(err)
				}
				return
			}
			if n == 0 {
				t.Fatal("nothing was read, and no error")
			}
		}
		t.Fatal("more messages than there are bytes for")
	})
}

// given is a connection that reads what it is given.
type given struct {
	net.Conn
	io.Reader
}

func (g *given) Read(p []byte) (int, error)      { return g.Reader.Read(p) }
func (g *given) SetReadDeadline(time.Time) error { return nil }
