// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
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

// filler fills values of any shape with as much as they may hold, at random.
type filler struct{ *rand.Rand }

func (f filler) fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if f.IntN(5) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem())
		}
	case reflect.Struct:
		if t, ok := v.Addr().Interface().(*time.Time); ok {
			*t = time.UnixMilli(f.Int64N(253_402_300_799_000)).UTC()
			return
		}
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	case reflect.Slice:
		n := map[reflect.Type]int{
			reflect.TypeFor[[]Pair](): MaxPairs, reflect.TypeFor[[]Track](): MaxTracks, reflect.TypeFor[[]Change](): MaxChanges, reflect.TypeFor[[]Traffic](): 8,
			reflect.TypeFor[[]Seat](): MaxSeats, reflect.TypeFor[[]Reach](): MaxReach, reflect.TypeFor[[]Note](): MaxNotes, reflect.TypeFor[[]Refusal](): MaxRefusals,
		}[v.Type()]
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			f.fill(v.Index(i))
		}
	case reflect.Map:
		info := map[string]json.RawMessage{}
		for range f.IntN(12) {
			info[fmt.Sprint("member", f.IntN(1e6))] = json.RawMessage(fmt.Sprintf("%q", strings.Repeat("v", f.IntN(90))))
		}
		v.Set(reflect.ValueOf(info))
	case reflect.String:
		v.SetString(strings.Repeat("t", f.IntN(40)))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(f.Int32()))
	case reflect.Uint64:
		v.SetUint(uint64(f.Uint32()))
	case reflect.Bool:
		v.SetBool(f.IntN(2) == 0)
	}
}

// TestAnyRecordIsBounded: whatever a record holds it is encoded in so many bytes and
// can be read, notes are gone before anything else is missing, and of the notes
// the latest are kept.
func TestAnyRecordIsBounded(t *testing.T) {
	f := filler{rand.New(rand.NewPCG(1, 2))}
	for range 400 {
		var r Record
		f.fill(reflect.ValueOf(&r).Elem())
		raw := r.AppendJSON(nil)
		var back Record
		if err := json.Unmarshal(raw, &back); err != nil || len(raw) > MaxBytes {
			t.Fatalf("%d bytes, %v: %s", len(raw), err, raw)
		}
		if n := len(back.Notes); n > 0 {
			if back.Notes[n-1].Name != r.Notes[len(r.Notes)-1].Name {
				t.Fatal("not the latest notes are kept")
			}
			if len(back.Same) != len(r.Same) || len(back.Reach) != len(r.Reach) || r.Path != nil && len(back.Path.Changes) != len(r.Path.Changes) {
				t.Fatalf("something else went before the notes: %s", raw)
			}
		}
	}
}

// TestHash: equal addresses have equal hashes, however they are written, and those
// of another store have others.
func TestHash(t *testing.T) {
	h, other := NewHasher([KeyBytes]byte{1}), NewHasher([KeyBytes]byte{2})
	a := netip.MustParseAddr("203.0.113.9")
	if got := h.Hash(a); len(got) != 16 || got != h.Hash(netip.MustParseAddr("::ffff:203.0.113.9")) || got == h.Hash(a.Next()) || got == other.Hash(a) {
		t.Errorf("hash %q", got)
	}
	if h.Hash(netip.Addr{}) != "" || (*Hasher)(nil).Hash(a) != "" {
		t.Error("a hash of nothing")
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
