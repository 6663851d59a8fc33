// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import "github.com/redial-rtc/redial/fault"

// HMSEvents is the vocabulary of recorded error events: five types, each of
// which stands for everything that can go wrong in one operation. An event
// carries a code and a name of HMS beside its type, and its is_terminal tells
// of that occurrence only: false while the SDK was still trying.
var HMSEvents = newDialect(Dialect{
	Name: "hms-events", Title: "100ms error events",
	About:   "Types of the error events that a server keeps.",
	aliases: []string{"events", "100ms-events"},
	rows:    eventRows, base: func(op fault.Op, k *fault.Kind) (int, string) { return 0, eventType(op, k) },
})

// EventType names the type under which a failure in an operation is recorded,
// or "" for operations that are not recorded.
func EventType(op fault.Op) string {
	switch op {
	case fault.OpInit, fault.OpConnect:
		return "client.connect.failed"
	case fault.OpJoin, fault.OpPreview:
		return "client.join.failed"
	case fault.OpPublish, fault.OpCapture:
		return "client.publish.failed"
	case fault.OpSubscribe:
		return "client.subscribe.failed"
	case fault.OpReconnect, fault.OpLeave:
		return "client.disconnected"
	}
	return ""
}

// eventType falls back to the usual operation of a kind, and last to the type
// that says least.
func eventType(op fault.Op, k *fault.Kind) string {
	if t := EventType(op); t != "" {
		return t
	}
	for _, op := range k.Ops {
		if t := EventType(op); t != "" {
			return t
		}
	}
	return "client.disconnected"
}

// eventRows gives each type the faults of its operations: first those of the
// documented samples and texts, then every other that can occur there.
func eventRows() []row {
	rows := []row{
		at(fault.OpPublish, say(fault.ICEDisconnected, 0, "client.publish.failed", doc, "E001")),
		at(fault.OpPublish, say(fault.ICEFailed, 0, "client.publish.failed", own)),
		at(fault.OpPublish, say(fault.ICESlow, 0, "client.publish.failed", own)),
		at(fault.OpCapture, say(fault.CaptureDenied, 0, "client.publish.failed", own)),
		at(fault.OpSubscribe, say(fault.ICEDisconnected, 0, "client.subscribe.failed", doc, "E002")),
		at(fault.OpSubscribe, say(fault.ICEFailed, 0, "client.subscribe.failed", own)),
		at(fault.OpSubscribe, say(fault.ICESlow, 0, "client.subscribe.failed", own)),
		at(fault.OpJoin, say(fault.Internal, 0, "client.join.failed", doc, "E003")),
		at(fault.OpReconnect, say(fault.SignalSilent, 0, "client.disconnected", doc, "E004")),
		at(fault.OpReconnect, say(fault.SignalLost, 0, "client.disconnected", doc, "E004")),
		at(fault.OpReconnect, say(fault.NetworkOffline, 0, "client.disconnected", doc, "E004")),
		at(fault.OpInit, say(fault.EndpointUnreachable, 0, "client.connect.failed", doc, "E005")),
	}
	have := map[wordKey]bool{}
	for _, r := range rows {
		have[wordKey{r.op, r.kind}] = true
	}
	all := fault.All()
	for _, op := range fault.Ops() {
		t := EventType(op)
		if t == "" {
			continue
		}
		for _, k := range all {
			for _, o := range k.Ops {
				if o == op && !have[wordKey{op, k}] {
					rows = append(rows, at(op, say(k, 0, t, own)))
				}
			}
		}
	}
	return rows
}
