package report

import (
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
	if action != "" {
		if op, ok := vocabulary.Op(action); ok {
			return op
		}
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
// catalogue has none for it or cannot tell which.
func canonical(op fault.Op, f event.Failure) string {
	c, sure := vocabulary.Identify(op, f.Code, f.Name, f.Message)
	if !sure {
		return ""
	}
	return c.Kind.ID
}
