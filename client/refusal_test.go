// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/redial-rtc/redial/fault"
)

// TestARefusalOfANewerServer: an id that this program does not know is kept with
// the server's words, where its number says nothing either.
func TestARefusalOfANewerServer(t *testing.T) {
	var r refusal
	if err := json.Unmarshal([]byte(`{"code":99999,"message":"The room is haunted","fault":"room.haunted"}`), &r); err != nil {
		t.Fatal(err)
	}
	f := r.fault(fault.OpJoin)
	if f.Kind.ID != "room.haunted" || f.Kind.Listed() || f.Safe() != "The room is haunted" || f.Op != fault.OpJoin {
		t.Errorf("%s %s", f.Kind.ID, f.Safe())
	}
	if p := Describe(f); p.Fault != "room.haunted" || p.Title != "The room is haunted" || p.User == "" {
		t.Errorf("%+v", p)
	}
}

func TestWhatIsRepeatedIsCutBetweenCharacters(t *testing.T) {
	for in, want := range map[string]string{"short": "short", "abcdefgh": "abcdef…", "abcdeä": "abcde…", "日本語": "日本…", "\x80\x80\x80\x80\x80\x80\x80": "…"} {
		if got := clip(in, 6); got != want {
			t.Errorf("clip(%q) is %q, want %q", in, got, want)
		}
	}
}

// TestHowFarARequestCame: what is done with a connection when it fails tells how far
// the request came, whichever way the other side closes it.
func TestHowFarARequestCame(t *testing.T) {
	on := func(op string, err error) error {
		return &url.Error{Op: "Get", URL: "http://192.0.2.1/init", Err: &net.OpError{Op: op, Net: "tcp", Err: err}}
	}
	call := func(name string, err syscall.Errno) error { return os.NewSyscallError(name, err) }
	for name, c := range map[string]struct {
		err   error
		kind  *fault.Kind
		stage any
	}{
		"nobody listens":          {on("dial", call("connect", syscall.ECONNREFUSED)), fault.EndpointUnreachable, "refused"},
		"no way there":            {on("dial", call("connect", syscall.ENETUNREACH)), fault.EndpointUnreachable, "connect"},
		"reset before an answer":  {on("read", call("read", syscall.ECONNRESET)), fault.EndpointUnreachable, "answer"},
		"reset before a request":  {on("write", call("write", syscall.EPIPE)), fault.EndpointUnreachable, "answer"},
		"closed by ourselves":     {on("read", net.ErrClosed), fault.EndpointUnreachable, "answer"},
		"the end of a connection": {&url.Error{Op: "Get", Err: io.EOF}, fault.EndpointUnreachable, "answer"},
		"too slow to connect":     {on("dial", os.ErrDeadlineExceeded), fault.EndpointUnreachable, "timeout"},
		"too slow to answer":      {on("read", os.ErrDeadlineExceeded), fault.EndpointUnreachable, "timeout"},
		"an alert of TLS":         {on("remote error", errors.New("tls: handshake failure")), fault.TLSFailed, nil},
	} {
		if got := unreachable(c.err, fault.OpInit); got.Kind != c.kind || got.Detail("stage") != c.stage {
			t.Errorf("%s: %s at %v, want %s at %v", name, got.Kind.ID, got.Detail("stage"), c.kind.ID, c.stage)
		}
	}
}
