// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package config

// Quotas bound the events that are stored on the word of others, in a minute and
// at once.
type Quotas struct {
	TokenEvents   int `yaml:"token_events" default:"300" doc:"Events that one room token may report."`
	TokenBytes    int `yaml:"token_bytes" default:"1048576" doc:"Bytes of these."`
	PeerEvents    int `yaml:"peer_events" default:"300" doc:"Events reported about one peer; as many again that the server itself sees of it."`
	PeerBytes     int `yaml:"peer_bytes" default:"1048576" doc:"Bytes of these."`
	RoomEvents    int `yaml:"room_events" default:"6000" doc:"Events reported about one room."`
	RoomBytes     int `yaml:"room_bytes" default:"16777216" doc:"Bytes of these."`
	AccountEvents int `yaml:"account_events" default:"60000" doc:"Events reported with room tokens of one account."`
	AccountBytes  int `yaml:"account_bytes" default:"134217728" doc:"Bytes of these."`
	ManagedEvents int `yaml:"managed_events" default:"3000000" doc:"Events handed in with management tokens of one account, as \"redial events import\" does."`
	ManagedBytes  int `yaml:"managed_bytes" default:"4294967296" doc:"Bytes of these."`
}

func (k *checker) quotas(q *Quotas) {
	for _, one := range []struct {
		n     int
		field string
	}{
		{q.TokenEvents, "token_events"}, {q.TokenBytes, "token_bytes"}, {q.PeerEvents, "peer_events"}, {q.PeerBytes, "peer_bytes"},
		{q.RoomEvents, "room_events"}, {q.RoomBytes, "room_bytes"}, {q.AccountEvents, "account_events"}, {q.AccountBytes, "account_bytes"},
		{q.ManagedEvents, "managed_events"}, {q.ManagedBytes, "managed_bytes"},
	} {
		k.require(one.n >= 0, "events.quotas."+one.field, "is negative", "make it 0 for no limit")
	}
}
