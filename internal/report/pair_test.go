// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// TestPairsByMeaning shows which of a client's reports are the failure that the
// server saw, whatever number either side has for it.
func TestPairsByMeaning(t *testing.T) {
	now := time.Now()
	type told struct {
		typ     event.Type
		dialect *dialect.Dialect
		code    int
		name    string
	}
	for _, c := range []struct {
		name string
		typ  event.Type
		op   fault.Op
		seen *fault.Kind
		told told
		want bool
	}{
		{"the same number", event.PublishFailed, fault.OpPublish, fault.ICEFailed, told{event.PublishFailed, dialect.HMS, 4005, "ICEFailure"}, true},
		{"another vendor's number for it", event.PublishFailed, fault.OpPublish, fault.ICEFailed, told{event.PublishFailed, dialect.OpenTok, 1553, ""}, true},
		{"another vendor's number, unsaid whose", event.PublishFailed, fault.OpPublish, fault.ICEFailed, told{event.PublishFailed, nil, 1553, ""}, true},
		{"lost there, failed here", event.PublishFailed, fault.OpPublish, fault.ICEFailed, told{event.PublishFailed, dialect.HMS, 4006, "ICEDisconnected"}, true},
		{"failed there, lost here", event.SubscribeFailed, fault.OpSubscribe, fault.ICEDisconnected, told{event.SubscribeFailed, dialect.HMS, 4005, "ICEFailure"}, true},
		{"a number with several meanings", event.PublishFailed, fault.OpPublish, fault.DTLSFailed, told{event.PublishFailed, dialect.HMS, 4005, "ICEFailure"}, true},
		{"by name alone", event.PublishFailed, fault.OpPublish, fault.ICEFailed, told{event.PublishFailed, dialect.HMS, 0, "ICEFailure"}, true},
		{"another failure", event.PublishFailed, fault.OpPublish, fault.ICEFailed, told{event.PublishFailed, dialect.HMS, 3003, "DeviceInUse"}, false},
		{"no number and no name", event.PublishFailed, fault.OpPublish, fault.ICEFailed, told{event.PublishFailed, dialect.HMS, 0, ""}, false},
		{"a number that nobody has", event.PublishFailed, fault.OpPublish, fault.ICEFailed, told{event.PublishFailed, dialect.HMS, 987654, ""}, false},
		{"the other side", event.PublishFailed, fault.OpPublish, fault.ICEFailed, told{event.SubscribeFailed, dialect.HMS, 4005, "ICEFailure"}, false},
	} {
		server := Seen(c.typ, fault.From(c.seen.New(), c.op), ann)
		server.Time = now
		client := event.Event{
			Type: c.told.typ, Source: event.FromClient, Subject: ann, Time: now.Add(time.Second), Op: opOf("", c.told.typ),
			Failure: event.Failure{Code: c.told.code, Name: c.told.name},
		}
		if c.told.dialect != nil {
			client.Dialect = c.told.dialect.Name
		}
		if got := event.Pairs(Vocabulary(), &server, &client); got != c.want {
			t.Errorf("%s: seen as %s and told as %d %q: %v, want %v", c.name, c.seen.ID, c.told.code, c.told.name, got, c.want)
		}
		if got := event.Pairs(Vocabulary(), &client, &server); got != c.want {
			t.Errorf("%s, the other way round: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestProvokedNumberPairs: a client that repeats the number it was told with
// speaks of that failure, though no dialect has the number.
func TestProvokedNumberPairs(t *testing.T) {
	server := Seen(event.JoinFailed, fault.From(fault.RoomFull.New("injected", true, "code", 499), fault.OpJoin), ann)
	if server.Failure.Code != 499 {
		t.Fatalf("told with %d", server.Failure.Code)
	}
	client := event.Event{Type: event.JoinFailed, Source: event.FromClient, Subject: ann, Dialect: dialect.HMS.Name, Op: fault.OpJoin, Failure: event.Failure{Code: 499}}
	if !event.Pairs(Vocabulary(), &server, &client) {
		t.Error("not recognised")
	}
}

// TestBothHalvesKept joins the two accounts of a frozen browser and reads them
// back from what is stored.
func TestBothHalvesKept(t *testing.T) {
	server := Seen(event.PublishFailed, fault.From(fault.ICEFailed.New("stun_seen", true, "side", "publish"), fault.OpPublish), ann)
	client := event.Event{
		Type: event.PublishFailed, Source: event.FromClient, Subject: ann, Dialect: dialect.HMS.Name, Op: fault.OpPublish, Fault: fault.ICEDisconnected.ID,
		Action: "PUBLISH", ClientTime: time.UnixMilli(1795296247299).UTC(),
		Failure: event.Failure{Code: 4006, Name: "ICEDisconnected", Message: "[PUBLISH]: Ice connection state DISCONNECTED", Description: "local candidate - undefined", Terminal: true},
	}
	both := event.Pair(server, client)
	if both.Failure != client.Failure || both.Fault != fault.ICEFailed.ID {
		t.Errorf("shown as %+v", both)
	}
	var back event.Event
	if err := eventjson.DecodeStored(eventjson.AppendStored(nil, &both, Vocabulary()), Vocabulary(), &back); err != nil {
		t.Fatal(err)
	}
	told, seen := back.Halves()
	if told.Failure != client.Failure || told.Fault != fault.ICEDisconnected.ID || told.Dialect != "hms" {
		t.Errorf("the client's half: %+v", told)
	}
	if seen.Failure != server.Failure || seen.Fault != fault.ICEFailed.ID || len(seen.Details) != 2 || seen.Details[0].Value != true {
		t.Errorf("the server's half: %+v", seen)
	}
	if got, want := string(eventjson.Append(nil, &back)), string(eventjson.Append(nil, &both)); got != want {
		t.Errorf("read back as\n%s\nwant\n%s", got, want)
	}
}

// TestStoredWithoutVendorsWords looks at the bytes: what the server saw is kept
// as fault, operation and details, and no word or number of a vendor.
func TestStoredWithoutVendorsWords(t *testing.T) {
	seen := Seen(event.PublishFailed, fault.From(fault.ICEFailed.New("stun_seen", true), fault.OpPublish), ann)
	seen.Subject.Agent = event.Agent{}
	doc := string(eventjson.AppendStored(nil, &seen, Vocabulary()))
	for _, word := range []string{"4005", "ICEFailure", "PUBLISH", fault.ICEFailed.Title, "words"} {
		if strings.Contains(doc, word) {
			t.Errorf("%q is kept in %s", word, doc)
		}
	}
	var back event.Event
	if err := eventjson.DecodeStored([]byte(doc), Vocabulary(), &back); err != nil {
		t.Fatal(err)
	}
	if back.Failure.Code != 4005 || back.Failure.Name != "ICEFailure" || back.Action != "PUBLISH" || back.Failure != seen.Failure {
		t.Errorf("read as %+v %q", back.Failure, back.Action)
	}
	In(dialect.OpenTok, &back)
	if back.Failure.Code != 1553 {
		t.Errorf("in another dialect it is %+v", back.Failure)
	}
}
