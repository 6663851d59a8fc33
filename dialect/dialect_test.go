// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package dialect_test

import (
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
)

var update = flag.Bool("update", false, "accept what the code says as the expected files")

// seedRow is one entry of the five error documents.
type seedRow struct {
	id, dialect, method, code, name, condition string
}

// seeds reads the entries of the documents.
func seeds(t testing.TB) []seedRow {
	t.Helper()
	f, err := os.Open("testdata/errors.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []seedRow
	for _, r := range records[1:] {
		rows = append(rows, seedRow{r[0], r[2], r[3], r[4], r[5], r[6]})
	}
	if len(rows) != 194 {
		t.Fatalf("%d entries, want 194", len(rows))
	}
	return rows
}

// speaker is the dialect that an entry belongs to.
func (s seedRow) speaker(t testing.TB) *dialect.Dialect {
	t.Helper()
	d := dialect.ByName(s.dialect)
	if d == nil {
		t.Fatalf("%s: no dialect %q", s.id, s.dialect)
	}
	return d
}

// words are what the entry gives to look up: its code and its name.
func (s seedRow) words() []string {
	var w []string
	if s.code != "" {
		w = append(w, s.code)
	}
	if s.name != "" && s.name != "n/a" {
		w = append(w, s.name)
	}
	if len(w) == 0 { // the events document puts the name where others put a condition
		w = append(w, s.condition)
	}
	return w
}

// TestEverySeedRowIsClaimed compares the claims with the list that was read
// against the documents by hand.
func TestEverySeedRowIsClaimed(t *testing.T) {
	claims := map[string][]string{}
	for _, d := range dialect.All() {
		for _, c := range d.Rows() {
			for _, id := range c.Rows {
				claims[id] = append(claims[id], c.Kind.ID)
			}
		}
	}
	var got strings.Builder
	known := map[string]bool{}
	for _, s := range seeds(t) {
		known[s.id] = true
		if len(claims[s.id]) == 0 {
			t.Errorf("%s (%s %s %s) is claimed by no fault: %s", s.id, s.dialect, s.method, strings.Join(s.words(), " "), s.condition)
		}
		fmt.Fprintf(&got, "%s %s\n", s.id, strings.Join(claims[s.id], " "))
	}
	for id := range claims {
		if !known[id] {
			t.Errorf("a row claims %s, which is no entry of the documents", id)
		}
	}
	golden(t, "testdata/claims.txt", got.String())
}

// TestSeedRowsAreFoundAgain looks every entry up by each of its words, in its
// own method, and demands every fault that claims it.
func TestSeedRowsAreFoundAgain(t *testing.T) {
	for _, s := range seeds(t) {
		d := s.speaker(t)
		var op fault.Op
		if s.method != "" && s.method != "general" {
			var ok bool
			if op, ok = d.Op(s.method); !ok {
				t.Errorf("%s: %s has no method %q", s.id, d.Name, s.method)
			}
		}
		for _, c := range d.Rows() {
			if !slices.Contains(c.Rows, s.id) {
				continue
			}
			for _, word := range s.words() {
				for _, scope := range []fault.Op{op, ""} {
					if !holds(d.Lookup(scope, word), c.Kind) {
						t.Errorf("%s: %s.Lookup(%q, %q) loses %s", s.id, d.Name, scope, word, c.Kind.ID)
					}
				}
			}
			// A row that claims an entry must bear its words, whichever of the two
			// lists of the document the entry stands in.
			if s.code != "" && strconv.Itoa(c.Word.Code) != s.code {
				t.Errorf("%s has code %s, and the row of %s that claims it %d", s.id, s.code, c.Kind.ID, c.Word.Code)
			}
			if s.name != "" && s.name != "n/a" && c.Word.Name != s.name {
				t.Errorf("%s has name %s, and the row of %s that claims it %q", s.id, s.name, c.Kind.ID, c.Word.Name)
			}
			if op != "" && !slices.Contains(c.Ops, op) {
				t.Errorf("%s is about %s, and the row of %s that claims it about %v", s.id, s.method, c.Kind.ID, c.Ops)
			}
		}
	}
}

// TestDocumentedIsExact: what is called documented under a word of a document is
// what claims an entry with that word, no more and no less.
func TestDocumentedIsExact(t *testing.T) {
	type asked struct {
		d    *dialect.Dialect
		op   fault.Op
		word string
	}
	want := map[asked][]string{}
	for _, s := range seeds(t) {
		d := s.speaker(t)
		op, _ := d.Op(s.method)
		if s.method == "general" {
			continue // said by any method, so it cannot be asked for by one
		}
		for _, word := range s.words() {
			key := asked{d, op, word}
			for _, c := range d.Rows() {
				if slices.Contains(c.Rows, s.id) && !slices.Contains(want[key], c.Kind.ID) {
					want[key] = append(want[key], c.Kind.ID)
				}
			}
		}
	}
	for key, kinds := range want {
		var got []string
		for _, c := range key.d.Lookup(key.op, key.word) {
			if c.Source == dialect.Documented && !slices.Contains(got, c.Kind.ID) {
				got = append(got, c.Kind.ID)
			}
		}
		slices.Sort(got)
		slices.Sort(kinds)
		if !slices.Equal(got, kinds) {
			t.Errorf("%s:%s:%s is documented for %v, want %v", key.d.Name, key.op, key.word, got, kinds)
		}
	}
}

// TestEveryFaultCanBeSpoken asks every dialect for a word for every fault in
// every operation it can occur in.
func TestEveryFaultCanBeSpoken(t *testing.T) {
	for _, d := range dialect.All() {
		for _, k := range fault.All() {
			for _, op := range append([]fault.Op{""}, k.Ops...) {
				w := d.Word(op, k)
				if w.Code == 0 && w.Name == "" {
					t.Errorf("%s has nothing to say for %s in %q", d.Name, k.ID, op)
				}
				if w.Terminal != k.Terminal || w.CanRetry != k.CanRetry() {
					t.Errorf("%s says terminal %t, retry %t for %s, whose kind says otherwise", d.Name, w.Terminal, w.CanRetry, k.ID)
				}
			}
		}
	}
}

// TestReverseLosesNothing goes from every fault to its words and back.
func TestReverseLosesNothing(t *testing.T) {
	back := func(d *dialect.Dialect, op fault.Op, k *fault.Kind, w dialect.Word) {
		t.Helper()
		for _, text := range texts(w) {
			if !holds(d.Lookup(op, text), k) {
				t.Errorf("%s.Lookup(%q, %q) loses %s", d.Name, op, text, k.ID)
			}
			if low := strings.ToLower(text); !holds(d.Lookup(op, low), k) {
				t.Errorf("%s.Lookup(%q, %q) loses %s", d.Name, op, low, k.ID)
			}
		}
	}
	for _, d := range dialect.All() {
		for _, k := range fault.All() {
			for _, op := range k.Ops {
				back(d, "", k, d.Word(op, k))
				if d.RowsOf(k)[0].Source != dialect.Fallback || d.Word(op, k) == d.Word("", k) {
					back(d, op, k, d.Word(op, k))
				}
			}
		}
		for _, c := range d.Rows() {
			back(d, "", c.Kind, c.Word)
			for _, op := range c.Ops {
				back(d, op, c.Kind, c.Word)
			}
		}
	}
}

// TestTables holds the tables to their own rules.
func TestTables(t *testing.T) {
	for _, d := range dialect.All() {
		spoken := map[string]dialect.Word{}
		for _, c := range d.Rows() {
			where := fmt.Sprintf("%s: %s %v", d.Name, c.Kind.ID, c.Ops)
			if c.Spoken {
				// The web platform has methods within one operation.
				key := fmt.Sprint(c.Kind.ID, c.Ops, c.Methods)
				if w, twice := spoken[key]; twice {
					t.Errorf("%s is spoken twice: %v and %v", where, w, c.Word)
				}
				spoken[key] = c.Word
				for _, op := range c.Ops {
					if !slices.Contains(c.Kind.Ops, op) && d != dialect.Web {
						t.Errorf("%s: the fault cannot occur in %s", where, op)
					}
				}
			}
			if len(c.Rows) == 0 && c.Source == dialect.Documented && d != dialect.Web {
				t.Errorf("%s is called documented and names no entry", where)
			}
			if len(c.Rows) > 0 && c.Source != dialect.Documented {
				t.Errorf("%s names entries and is not called documented", where)
			}
		}
	}
}

// TestServerCodesDoNotInviteRetries: the 100ms SDKs try again on 429 and on
// every code whose text begins with 5.
func TestServerCodesDoNotInviteRetries(t *testing.T) {
	for _, k := range fault.All() {
		for _, op := range append([]fault.Op{""}, k.Ops...) {
			w := dialect.HMS.Word(op, k)
			code := strconv.Itoa(w.Code)
			invites := code == "429" || strings.HasPrefix(code, "5")
			if w.Name == "ServerErrors" && invites && !k.CanRetry() {
				t.Errorf("%s must not be tried again (%s), and %d makes the SDK try again", k.ID, k.Retry, w.Code)
			}
		}
	}
}

// TestInitWords are the numbers of the token and room refusals.
func TestInitWords(t *testing.T) {
	want := map[*fault.Kind]int{
		fault.AccessKeyUnknown: 40101, fault.TokenRoomUnknown: 40102, fault.TokenAuthID: 40103, fault.TokenAppID: 40104,
		fault.TokenCustomerID: 40105, fault.TokenUser: 40107, fault.TokenRole: 40108, fault.TokenMalformed: 40109,
		fault.TokenSignature: 40109, fault.TokenExpired: 40100, fault.TokenRefused: 40100, fault.RoomNotFound: 40001,
		fault.TokenRoomMismatch: 40002, fault.PeerAlreadyJoined: 40004, fault.PeerGone: 41001,
		fault.RoomLocked: 403, fault.RoomFull: 403, fault.RoomDisabled: 403, fault.Draining: 503, fault.NodeMoved: 421,
		fault.RateLimited: 429, fault.FrameInvalid: 400,
	}
	for k, code := range want {
		for _, op := range []fault.Op{"", fault.OpInit, fault.OpConnect, fault.OpJoin} {
			w := dialect.HMS.Word(op, k)
			if w.Code != code || w.Name != "ServerErrors" {
				t.Errorf("%s in %q: %d %s, want %d ServerErrors", k.ID, op, w.Code, w.Name, code)
			}
		}
	}
}

// TestRetryAndTerminal are the cases that the iOS document spells out.
func TestRetryAndTerminal(t *testing.T) {
	for _, c := range []struct {
		kind               *fault.Kind
		terminal, mayRetry bool
	}{
		{fault.TokenExpired, true, false},
		{fault.RoomLocked, true, false},
		{fault.SignalLost, true, true},
		{fault.ICEFailed, true, true},
		{fault.EndpointUnreachable, true, true},
		{fault.CaptureDenied, false, false},
		{fault.ICEDisconnected, false, true},
	} {
		w := dialect.HMSIOS.Word("", c.kind)
		if w.Terminal != c.terminal || w.CanRetry != c.mayRetry {
			t.Errorf("%s: is_terminal %t, can_retry %t; want %t, %t", c.kind.ID, w.Terminal, w.CanRetry, c.terminal, c.mayRetry)
		}
	}
}

// TestIdentify are errors as the SDK reports them.
func TestIdentify(t *testing.T) {
	for _, c := range []struct {
		op            fault.Op
		code          int
		name, message string
		want          string
		sure          bool
	}{
		{fault.OpPublish, 4006, "ICEDisconnected", "[PUBLISH]: Ice connection state DISCONNECTED", "ice.disconnected", true},
		{fault.OpSubscribe, 4005, "ICEFailure", "[SUBSCRIBE]: Ice connection state FAILED", "ice.failed", true},
		{fault.OpReconnect, 1003, "WebSocketConnectionLost", "Network connection lost", "signal.lost", true},
		{fault.OpInit, 2003, "EndpointUnreachable", "Endpoint is not reachable - Failed to fetch", "endpoint.unreachable", true},
		{fault.OpInit, 2002, "InitError", "[INIT]: Init Config not found", "init.config_missing", true},
		{fault.OpInit, 2004, "InvalidTokenFormat", "", "token.malformed", true},
		{fault.OpCapture, 3001, "CantAccessCaptureDevice", "User denied permission", "capture.denied", true},
		{fault.OpPlayback, 3008, "AutoplayBlocked", "", "playback.autoplay_blocked", true},
		{fault.OpJoin, 6008, "InvalidRole", "", "client.role_unknown", true},
		{fault.OpSubscribe, 6002, "Unknown", "Unknown exception: x", "media.renegotiation", true},
		{fault.OpInit, 40100, "ServerErrors", "[INIT]: Server error The token has expired (exp: 3)", "token.expired", true},
		{fault.OpInit, 403, "ServerErrors", "[INIT]: Server error The room is locked", "room.locked", true},
		{fault.OpJoin, 403, "ServerErrors", "nothing that helps", "", false},
		{fault.OpJoin, 99999, "NoSuchName", "", "", false},
	} {
		got, sure := dialect.HMS.Identify(c.op, c.code, c.name, c.message)
		if sure != c.sure || sure && got.Kind.ID != c.want {
			t.Errorf("%d %s %q in %s: %v, %t; want %s, %t", c.code, c.name, c.message, c.op, got.Kind, sure, c.want, c.sure)
		}
	}
}

func TestOp(t *testing.T) {
	for _, c := range []struct {
		d    *dialect.Dialect
		in   string
		want fault.Op
	}{
		{dialect.OpenTok, "Session.publish()", fault.OpPublish},
		{dialect.OpenTok, "session.publish", fault.OpPublish},
		{dialect.OpenTok, "publish", fault.OpPublish},
		{dialect.OpenTok, "forceUnpublish", fault.OpForceUnpublish},
		{dialect.HMS, "RECONNECT_SIGNAL", fault.OpReconnect},
		{dialect.HMS, "reconnect", fault.OpReconnect},
		{dialect.Web, "getusermedia", fault.OpCapture},
		{dialect.Web, "stun", fault.OpPublish},
	} {
		if got, ok := c.d.Op(c.in); !ok || got != c.want {
			t.Errorf("%s.Op(%q) = %q, %t; want %q", c.d.Name, c.in, got, ok, c.want)
		}
	}
	if op, ok := dialect.OpenTok.Op("dance"); ok {
		t.Errorf("a method that does not exist is %q", op)
	}
}

// TestLookupAllocatesNothing holds the hot paths to their promise.
func TestLookupAllocatesNothing(t *testing.T) {
	err := fault.From(fault.RoomFull.New("limit", 2), fault.OpJoin)
	for name, f := range map[string]func(){
		"Lookup": func() { dialect.HMS.Lookup(fault.OpPublish, "4005") },
		"name":   func() { dialect.OpenTok.Lookup(fault.OpPublish, "OT_ICE_WORKFLOW_FAILED") },
		"miss":   func() { dialect.HMS.Lookup("", "nothing") },
		"Word":   func() { dialect.HMS.Word(fault.OpJoin, fault.RoomLocked) },
		"Speak":  func() { dialect.HMS.Speak(err) },
	} {
		f()
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if len(dialect.HMS.Lookup(fault.OpPublish, "4005")) == 0 {
			b.Fatal("nothing found")
		}
	}
}

func BenchmarkSpeak(b *testing.B) {
	e := fault.From(fault.TokenExpired.New(), fault.OpInit)
	b.ReportAllocs()
	for b.Loop() {
		if dialect.HMS.Speak(e).Code != 40100 {
			b.Fatal("wrong word")
		}
	}
}

func texts(w dialect.Word) []string {
	var out []string
	if w.Code != 0 {
		out = append(out, strconv.Itoa(w.Code))
	}
	if w.Name != "" {
		out = append(out, w.Name)
	}
	return out
}

func holds(found []dialect.Candidate, k *fault.Kind) bool {
	return slices.ContainsFunc(found, func(c dialect.Candidate) bool { return c.Kind == k })
}

// golden compares with a file, or writes it with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run the test with -update and read the difference.\ngot:\n%s", path, got)
	}
}

// TestOpenViduNumbersAreTheServers: every number and name is a pair of the enum
// Code in OpenViduException.java of openvidu-server 2.30, but for the number of
// the JSON-RPC layer beneath, which has no name.
func TestOpenViduNumbersAreTheServers(t *testing.T) {
	codes := map[string]int{
		"GENERIC_ERROR_CODE": 999, "WRONG_PATH_CODE": 998, "WRONG_OPENVIDU_EDITION_ERROR_CODE": 997, "SERVICE_NOT_ENABLED_ERROR_CODE": 996,
		"TRANSPORT_ERROR_CODE": 803, "TRANSPORT_RESPONSE_ERROR_CODE": 802, "TRANSPORT_REQUEST_ERROR_CODE": 801,
		"MEDIA_ENDPOINT_ERROR_CODE": 303, "MEDIA_SDP_ERROR_CODE": 302, "MEDIA_GENERIC_ERROR_CODE": 301,
		"ROOM_CANNOT_BE_CREATED_ERROR_CODE": 204, "ROOM_CLOSED_ERROR_CODE": 203, "ROOM_NOT_FOUND_ERROR_CODE": 202, "ROOM_GENERIC_ERROR_CODE": 201,
		"USER_ALREADY_STREAMING_ERROR_CODE": 106, "USER_NOT_STREAMING_ERROR_CODE": 105, "EXISTING_USER_IN_ROOM_ERROR_CODE": 104,
		"USER_CLOSED_ERROR_CODE": 103, "USER_NOT_FOUND_ERROR_CODE": 102, "USER_GENERIC_ERROR_CODE": 10, "USER_UNAUTHORIZED_ERROR_CODE": 401,
		"USER_METADATA_FORMAT_INVALID_ERROR_CODE": 500, "SIGNAL_FORMAT_INVALID_ERROR_CODE": 600, "SIGNAL_TO_INVALID_ERROR_CODE": 601,
	}
	spoken := 0
	for _, k := range fault.All() {
		for _, op := range append([]fault.Op{fault.OpJoin}, k.Ops...) {
			w := dialect.OpenVidu.Word(op, k)
			if w.Name == "" && w.Code == 40007 {
				continue
			}
			if spoken++; codes[w.Name] != w.Code {
				t.Errorf("%s at %s is said as %d %s", k.ID, op, w.Code, w.Name)
			}
		}
	}
	if spoken < 100 {
		t.Errorf("only %d words", spoken)
	}
}
