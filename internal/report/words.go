package report

import (
	"sync"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// vocabulary is the dialect of the SDKs that report here.
var vocabulary = dialect.HMS

// usualAction is the SDK's word for what a client does when an event of a type
// occurs.
var usualAction = map[event.Type]string{
	event.ConnectFailed: "INIT", event.JoinFailed: "JOIN", event.PublishFailed: "PUBLISH",
	event.SubscribeFailed: "SUBSCRIBE", event.Disconnected: "RECONNECT_SIGNAL",
}

// opOf names the operation behind an action of the SDK, or else the usual one
// of an event's type.
func opOf(action string, t event.Type) fault.Op {
	switch action {
	case "INIT":
		return fault.OpInit
	case "GET_TOKEN":
		return fault.OpToken
	case "PREVIEW":
		return fault.OpPreview
	case "JOIN", "join":
		return fault.OpJoin
	case "PUBLISH", "offer":
		return fault.OpPublish
	case "UNPUBLISH":
		return fault.OpUnpublish
	case "SUBSCRIBE", "answer":
		return fault.OpSubscribe
	case "RECONNECT_SIGNAL":
		return fault.OpReconnect
	case "TRACK":
		return fault.OpCapture
	case "AUTOPLAY":
		return fault.OpPlayback
	}
	switch t {
	case event.ConnectFailed:
		return fault.OpConnect
	case event.JoinFailed:
		return fault.OpJoin
	case event.PublishFailed, event.TrackAdded, event.TrackUpdated:
		return fault.OpPublish
	case event.TrackRemoved:
		return fault.OpUnpublish
	case event.SubscribeFailed:
		return fault.OpSubscribe
	default:
		return fault.OpReconnect
	}
}

// canonical finds the fault behind what a client reports, or "" when the
// catalogue has none for it.
func canonical(op fault.Op, f event.Failure) string {
	for _, k := range spoken()[f.Code] {
		if w := vocabulary.Word(op, k); w.Code == f.Code && w.Name == f.Name {
			return k.ID
		}
	}
	return ""
}

// spoken lists the kinds that can be behind a number.
var spoken = sync.OnceValue(func() map[int][]*fault.Kind {
	m := map[int][]*fault.Kind{}
	for _, k := range fault.All() {
		seen := map[int]bool{}
		for _, op := range append([]fault.Op{""}, k.Ops...) {
			w := vocabulary.Word(op, k)
			if w.Code != k.Status && !seen[w.Code] { // the status alone says too little
				m[w.Code], seen[w.Code] = append(m[w.Code], k), true
			}
		}
	}
	return m
})
