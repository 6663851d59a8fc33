// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package dialect_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
)

func ids(matches []dialect.Match) []string {
	out := []string{}
	for _, m := range matches {
		out = append(out, m.Kind.ID)
	}
	return out
}

func TestExplain(t *testing.T) {
	for query, want := range map[string][]string{
		"room.full":                              {"room.full"},
		"Room.Full":                              {"room.full"},
		" room.full ":                            {"room.full"},
		"OT_TIMEOUT":                             {"publish.timeout"},
		"ot_timeout":                             {"publish.timeout"},
		"sceenic:106":                            {"permission.sync", "reconnect.secret", "permission.denied", "permission.publish"},
		"sceenic:USER_NOT_AUTHORIZED_ERROR_CODE": {"permission.sync", "reconnect.secret", "permission.denied", "permission.publish"},
		"opentok:1026":                           {"access.terms"},
		"OpenTok:Session.forceDisconnect():1520": {"permission.denied"},
		"opentok:signal:404":                     {"peer.not_found", "peer.gone"},
		"signal:404":                             {"peer.not_found", "peer.gone"},
		"opentok:initPublisher:1550":             {"screen.unsupported"},
		"hms:3008":                               {"playback.autoplay_blocked"},
		"ios:3008":                               {"device.subsystem_reset"},
		"3008":                                   {"playback.autoplay_blocked", "device.subsystem_reset"},
		"hms:INIT:2004":                          {"token.malformed", "token.payload_json", "token.payload", "token.missing"},
		"stun:438":                               {"turn.stale_nonce"},
		"web:turn:486":                           {"turn.quota"},
		"websocket:1006":                         {"signal.lost", "signal.closed_early", "signal.upgrade", "signal.silent"},
		"getDisplayMedia:NotAllowedError":        {"screen.denied", "capture.system_denied", "capture.policy_blocked"},
		"getUserMedia:NotAllowedError":           {"capture.denied", "capture.system_denied", "capture.policy_blocked"},
		"web:getUserMedia:NotFoundError":         {"device.not_found", "capture.system_denied"},
		"dtls-failure":                           {"dtls.failed"},
		"701":                                    {"turn.unreachable"},
		"sceenic:-1":                             {"server.internal"},
		"7006":                                   {"plugin.not_allowed"},
		"Audio playback error":                   {"playback.failed", "playback.decode", "playback.network", "playback.source_unsupported", "playback.aborted"},
	} {
		a, err := dialect.Explain(query)
		if err != nil {
			t.Errorf("%q: %v", query, err)
			continue
		}
		if got := ids(a.Matches); !slices.Equal(got, want) {
			t.Errorf("%q is about %v, want %v", query, got, want)
		}
	}
}

// TestExplainOneDocumentedFirst: a bare 4005 is one documented condition, and
// the others that a client cannot tell from it come after.
func TestExplainOneDocumentedFirst(t *testing.T) {
	a, err := dialect.Explain("4005")
	if err != nil {
		t.Fatal(err)
	}
	if a.Matches[0].Kind != fault.ICEFailed || !a.Matches[0].Documented() {
		t.Errorf("first is %s", a.Matches[0].Kind.ID)
	}
	if len(a.Matches) < 3 || a.Matches[1].Documented() {
		t.Errorf("the others are %v", ids(a.Matches[1:]))
	}
	if len(a.Matches[0].Found) != 2 {
		t.Errorf("found in %d vocabularies, want web/Android and iOS", len(a.Matches[0].Found))
	}
}

// TestExplainStatuses: a bare status of the server is said for many conditions.
func TestExplainStatuses(t *testing.T) {
	a, err := dialect.Explain("hms:403")
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Matches) != 0 {
		t.Errorf("matches %v", ids(a.Matches))
	}
	for _, want := range []string{"room.locked", "room.full", "room.disabled", "peer.removed", "permission.denied"} {
		if !slices.Contains(ids(a.Fallbacks), want) {
			t.Errorf("%s is missing in %v", want, ids(a.Fallbacks))
		}
	}
}

func TestExplainRefuses(t *testing.T) {
	for query, want := range map[string]struct {
		kind *fault.Kind
		says string
	}{
		"":                        {fault.FieldInvalid, "DIALECT:METHOD:WORD"},
		"  ":                      {fault.FieldInvalid, "DIALECT:METHOD:WORD"},
		":":                       {fault.FieldInvalid, "DIALECT:METHOD:WORD"},
		"hms:":                    {fault.FieldInvalid, "DIALECT:METHOD:WORD"},
		"a:b:c:d":                 {fault.FieldInvalid, "DIALECT:METHOD:WORD"},
		strings.Repeat("x", 3000): {fault.FieldInvalid, "200"},
		"klingon:4005":            {fault.FieldInvalid, "sceenic"},
		"klingon:publish:4005":    {fault.FieldInvalid, "sceenic"},
		"opentok:dance:1500":      {fault.FieldInvalid, "Session.publish()"},
		"4009":                    {fault.CatalogueUnknown, "4008"},
		"OT_TIMEUOT":              {fault.CatalogueUnknown, "OT_TIMEOUT"},
		"NotReadableEror":         {fault.CatalogueUnknown, "NotReadableError"},
		"room.ful":                {fault.CatalogueUnknown, "room.full"},
		"locked":                  {fault.CatalogueUnknown, "room.locked"},
		"sceenic:107x":            {fault.CatalogueUnknown, "[]"},
		"zzzzzzzzzz":              {fault.CatalogueUnknown, "[]"},
		"\xff\x00":                {fault.CatalogueUnknown, ""},
	} {
		a, err := dialect.Explain(query)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != want.kind {
			t.Errorf("%.40q: %v, want %s", query, err, want.kind.ID)
			continue
		}
		if len(a.Matches)+len(a.Fallbacks) != 0 {
			t.Errorf("%.40q has matches all the same", query)
		}
		if !strings.Contains(f.Safe(), want.says) {
			t.Errorf("%.40q: %q does not say %q", query, f.Safe(), want.says)
		}
		if len(f.Safe()) > 1500 {
			t.Errorf("%.40q: the refusal has %d bytes", query, len(f.Safe()))
		}
	}
}

// TestEveryWordExplains asks for every code and name of every vocabulary.
func TestEveryWordExplains(t *testing.T) {
	for _, d := range dialect.All() {
		for _, w := range d.Codes() {
			for _, q := range []string{w, d.Name + ":" + w} {
				if a, err := dialect.Explain(q); err != nil || len(a.Matches) == 0 {
					t.Errorf("%q: %v, %v", q, ids(a.Matches), err)
				}
			}
		}
		for _, m := range d.Methods() {
			if _, ok := d.Op(m.Name); !ok {
				t.Errorf("%s does not know its own method %s", d.Name, m)
			}
		}
	}
}

func TestNotesNameKinds(t *testing.T) {
	for _, k := range []*fault.Kind{fault.SDPCreateOffer, fault.SDPSetRemote, fault.AutoplayBlocked, fault.SubsystemReset} {
		if len(dialect.Notes(k)) == 0 {
			t.Errorf("%s: the page does not say that the documents disagree", k.ID)
		}
	}
	if len(dialect.Notes(fault.RoomFull)) != 0 {
		t.Error("a fault without a note has one")
	}
}

// TestNotesAreTranslated: in German as in English, with the same numbers and names.
func TestNotesAreTranslated(t *testing.T) {
	names := regexp.MustCompile(`\d+|\b[A-Z]{2,}_[A-Z_]+|\w+\(\)|\b[a-z]+[A-Z]\w+`)
	seen := 0
	for _, k := range fault.All() {
		english, german := dialect.Notes(k), dialect.NotesIn(k, "de-AT")
		for i, text := range english {
			if german[i] == "" || german[i] == text {
				t.Errorf("%s: the German note is %q", k.ID, german[i])
			}
			for _, name := range names.FindAllString(text, -1) {
				seen++
				if !strings.Contains(german[i], name) {
					t.Errorf("%s: the German note lacks %s: %q", k.ID, name, german[i])
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d names were looked for", seen)
	}
}

func FuzzExplain(f *testing.F) {
	for _, q := range []string{"4005", "opentok:publish:1500", "::", "room.full", "\xff", "OT_", "-1"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		a, err := dialect.Explain(q)
		if (err == nil) != (len(a.Matches)+len(a.Fallbacks) > 0) {
			t.Errorf("%q: %d matches and error %v", q, len(a.Matches), err)
		}
	})
}

// TestConcurrentUse: indexes and catalogues of messages are made when they are
// first asked for, by whoever comes first.
func TestConcurrentUse(t *testing.T) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, d := range dialect.All() {
				d.Word(fault.OpJoin, fault.RoomFull)
				d.Lookup("", "4005")
			}
			if _, err := dialect.Explain("4005"); err != nil {
				t.Error(err)
			}
			fault.RoomFull.UserText("de")
		})
	}
	wg.Wait()
}
