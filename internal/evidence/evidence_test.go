// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestRecordIsBounded: whatever is known, a record keeps to its size and can be
// read; what is left out first is what matters least.
func TestRecordIsBounded(t *testing.T) {
	at := time.Date(2026, 11, 26, 12, 0, 0, 123_000_000, time.UTC)
	path := &Path{Side: "publish", State: "failed", Since: at, DTLS: "connected", STUN: true, STUNAt: at, RTP: Flow{In: at, Out: at}, RTCP: Flow{In: at, Out: at}}
	for range MaxPairs {
		path.Pairs = append(path.Pairs, Pair{Protocol: "udp", Local: "host", Remote: "prflx", Selected: true, State: "succeeded", Asked: at, Answered: at, In: at, Out: at})
	}
	for range MaxTracks {
		path.Tracks = append(path.Tracks, Track{ID: strings.Repeat("i", 100), Kind: "video", Codec: "vp8", State: "open", Packets: 1 << 40, Keyframes: 1 << 30})
	}
	for range MaxChanges {
		path.Changes = append(path.Changes, Change{What: "connection", State: "disconnected", At: at})
	}
	n := uint64(1 << 40)
	door := &Door{Proto: "HTTP/1.1", Origin: "https://" + strings.Repeat("a", 253), Client: "ipv6 link-local", Peer: "ipv6 link-local", Local: "ipv6 link-local"}
	r := &Record{At: at, Path: path, Socket: &Socket{Opened: at, In: at, Out: at, Ended: at, By: ByNetwork, How: HowSilence, Code: 4999, Unacked: &n, Door: door}}
	raw := r.AppendJSON(nil)
	var back Record
	if err := json.Unmarshal(raw, &back); err != nil || len(raw) > MaxBytes {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
	if !back.Clipped || back.V != Version || len(back.Path.Pairs) != MaxPairs || back.Path.Pairs[0].Asked != at || back.Socket.Door == nil || *back.Socket.Unacked != n {
		t.Errorf("kept %s", raw)
	}
	if len(path.Changes) != MaxChanges || len(path.Tracks) != MaxTracks || r.Clipped {
		t.Error("the record itself was changed")
	}
	path.State = strings.Repeat("x", 100_000)
	if raw := r.AppendJSON(nil); string(raw) != `{"v":1,"clipped":true}` {
		t.Errorf("of one text without end %s is kept", raw)
	}
}

func TestKind(t *testing.T) {
	for text, want := range map[string]string{
		"127.0.0.1": "ipv4 loopback", "::1": "ipv6 loopback", "10.1.2.3": "ipv4 private", "fd00::1": "ipv6 private", "::ffff:192.168.0.1": "ipv4 private",
		"100.64.0.1": "ipv4 shared", "169.254.1.1": "ipv4 link-local", "fe80::1": "ipv6 link-local", "203.0.113.9": "ipv4 public", "2001:db8::1": "ipv6 public",
	} {
		if got := Kind(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
	if got := Kind(netip.Addr{}); got != "" {
		t.Errorf("no address is %q", got)
	}
}
