// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
)

func TestPrepare(t *testing.T) {
	extra := map[string]json.RawMessage{
		"endpoint": json.RawMessage(`"http://192.0.2.7/init"`), "huge": json.RawMessage(`"` + strings.Repeat("x", maxExtraValue) + `"`),
		"retries_join": json.RawMessage("1"), strings.Repeat("k", maxExtraKey+1): json.RawMessage("1"),
	}
	e := Event{
		Type: PublishFailed, Key: "k", ClientTime: time.UnixMilli(1795296247299), Extra: extra,
		Subject: Subject{RoomID: strings.Repeat("é", 200), UserName: "bad \xff name"},
		Failure: Failure{Description: "candidate:1 1 udp 1 192.0.2.7 9 typ host " + strings.Repeat("z", maxDescription), Message: "from 192.0.2.8"},
	}
	if err := e.prepare("acme", false); err != nil {
		t.Fatal(err)
	}
	if len(e.RoomID) != maxID || e.UserName != "bad \uFFFD name" || len(e.Failure.Description) != maxDescription || e.AccountID != "acme" || e.Source != FromServer {
		t.Errorf("%d %q %d %q", len(e.RoomID), e.UserName, len(e.Failure.Description), e.AccountID)
	}
	if got := fmt.Sprintf("%s %+v", e.Extra, e); strings.Contains(got, "192.0.2") {
		t.Errorf("an address is left in %s", got)
	}
	if len(e.Extra) != 2 || e.Extra["retries_join"] == nil {
		t.Errorf("further fields: %s", e.Extra)
	}
	if len(extra) != 4 || !bytes.Contains(extra["endpoint"], []byte("192")) {
		t.Error("the caller's map was changed")
	}
	if want := []Clip{{Field: FieldRoom}, {Field: FieldDescription}, {Key: "huge"}, {Key: strings.Repeat("k", maxExtraKey)}}; !reflect.DeepEqual(e.Clipped, want) {
		t.Errorf("clipped %+v, want %+v", e.Clipped, want)
	}
	if e.ID != KeyID("k", e.ClientTime) || e.ID[14] != '8' {
		t.Errorf("id %s", e.ID)
	}
	open := Event{Type: PublishFailed, Failure: Failure{Message: "from 192.0.2.8"}}
	if err := open.prepare("", true); err != nil || open.Failure.Message != "from 192.0.2.8" {
		t.Errorf("addresses kept: %q, %v", open.Failure.Message, err)
	}
	for _, bad := range []Type{"", "client.joined", Recorded} {
		e := Event{Type: bad}
		if err := e.prepare("", false); !errors.Is(err, fault.FieldInvalid) {
			t.Errorf("type %q: %v", bad, err)
		}
	}
	for _, bad := range []string{"x", "123e4567"} {
		e := Event{Type: JoinFailed, ID: bad}
		if err := e.prepare("", false); !errors.Is(err, fault.FieldInvalid) {
			t.Errorf("id %q: %v", bad, err)
		}
	}
}

func TestKeyID(t *testing.T) {
	at := time.UnixMilli(1795296247299)
	a, b := KeyID("a", at), KeyID("b", at)
	if a == b || a != KeyID("a", at) || a[:13] != b[:13] || len(a) != 36 {
		t.Errorf("%s %s", a, b)
	}
	if KeyID("a", time.Time{}) == KeyID("b", time.Time{}) {
		t.Error("without a time, two keys share an id")
	}
}

// BenchmarkHappened is what it costs each event that is stored to know when it happened.
func BenchmarkHappened(b *testing.B) {
	now := time.Now()
	e := Event{Type: JoinFailed, Source: FromClient, Time: now, ClientTime: now.Add(-time.Hour)}
	b.ReportAllocs()
	for b.Loop() {
		if HappenedApart(&e).IsZero() {
			b.Fatal("told at once")
		}
	}
}
