// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// TestCanonical shows what the SDK's own errors become.
func TestCanonical(t *testing.T) {
	for _, c := range []struct {
		typ     event.Type
		action  string
		failure event.Failure
		op      fault.Op
		want    *fault.Kind
	}{
		{event.Disconnected, "RECONNECT_SIGNAL", event.Failure{Code: 1003, Name: "WebSocketConnectionLost"}, fault.OpReconnect, fault.SignalLost},
		{event.PublishFailed, "PUBLISH", event.Failure{Code: 4005, Name: "ICEFailure"}, fault.OpPublish, fault.ICEFailed},
		{event.ConnectFailed, "INIT", event.Failure{Code: 40101, Name: "ServerErrors", Message: "The access key is not known"}, fault.OpInit, fault.AccessKeyUnknown},
		{event.JoinFailed, "JOIN", event.Failure{Name: "TypeError", Message: "x is null"}, fault.OpJoin, nil},
		{event.ConnectFailed, "", event.Failure{Code: 987654}, fault.OpConnect, nil},
	} {
		op := opOf(c.action, c.typ)
		want := ""
		if c.want != nil {
			want = c.want.ID
		}
		if got := canonical(op, c.failure); op != c.op || got != want {
			t.Errorf("%s %+v: %s %q, want %s %q", c.action, c.failure, op, got, c.op, want)
		}
	}
	for _, action := range []string{"INIT", "JOIN", "PUBLISH", "SUBSCRIBE", "RECONNECT_SIGNAL", "TRACK", "UNPUBLISH", "PREVIEW", "AUTOPLAY"} {
		if op, ok := vocabulary.Op(action); !ok {
			t.Errorf("the action %s belongs to no operation: %s", action, op)
		}
	}
}
