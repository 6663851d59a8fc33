// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"context"
	"maps"
	"slices"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/participant"
)

// promise is what the answer to a call says about a restart.
type promise int

const (
	// kept: what it changed is on the disk, unless that cannot be written: then it
	// is worth as much as the process's memory.
	kept promise = iota + 1
	// keptOrRefused: the same, but it is refused then, since somebody is kept out on
	// the strength of it. The change holds in memory.
	keptOrRefused
)

// operation is one row of the table of methods.
type operation struct {
	op     fault.Op
	always bool // also before the client has been told what is in the room
	kept   promise
	run    func(*session, context.Context, *call) (any, error)
	cost   participant.Cost
}

// The kinds of cost. What a client subscribes to is counted where it is done
// again; see prepare.
var (
	free   = participant.Cost{}
	offers = participant.Cost{Offer: true}
	tells  = participant.Cost{Tells: true}
)

// ops is every method a client can use once it is inside.
var ops = map[string]operation{
	"ping":      {op: fault.OpConnect, always: true, run: answers(pong), cost: free},
	"echo":      {op: fault.OpConnect, run: answers(nil), cost: free},
	"joinRoom":  {op: fault.OpJoin, always: true, run: twice, cost: free},
	"connect":   {op: fault.OpReconnect, always: true, run: twice, cost: free},
	"leaveRoom": {op: fault.OpLeave, always: true, kept: kept, run: typed((*session).leave), cost: free},

	"publishVideo":   {op: fault.OpPublish, run: typed((*session).publish), cost: offers},
	"unpublishVideo": {op: fault.OpUnpublish, run: (*session).unpublish, cost: tells},
	"onIceCandidate": {op: fault.OpConnect, run: typed((*session).candidate), cost: free},

	"prepareReceiveVideoFrom": {op: fault.OpSubscribe, run: typed((*session).prepare), cost: free},
	"receiveVideoFrom":        {op: fault.OpSubscribe, run: typed((*session).receiveFrom), cost: free},
	"unsubscribeFromVideo":    {op: fault.OpSubscribe, run: typed((*session).unsubscribe), cost: free},
	"reconnectStream":         {op: fault.OpReconnect, run: typed((*session).reconnect), cost: offers},

	"sendMessage":           {op: fault.OpMessage, run: typed((*session).signal), cost: tells},
	"streamPropertyChanged": {op: fault.OpUpdate, run: typed((*session).property), cost: tells},
	"videoData":             {op: fault.OpReport, run: answers(nil), cost: free}, // a hint to recorders, of which there are none
	"forceDisconnect":       {op: fault.OpRemove, kept: keptOrRefused, run: typed((*session).forceDisconnect), cost: tells},
	"forceUnpublish":        {op: fault.OpForceUnpublish, run: typed((*session).forceUnpublish), cost: tells},

	"applyFilter":                 lacks(fault.OpUpdate, "filters"),
	"removeFilter":                lacks(fault.OpUpdate, "filters"),
	"execFilterMethod":            lacks(fault.OpUpdate, "filters"),
	"addFilterEventListener":      lacks(fault.OpUpdate, "filters"),
	"removeFilterEventListener":   lacks(fault.OpUpdate, "filters"),
	"subscribeToSpeechToText":     lacks(fault.OpStream, "transcription"),
	"unsubscribeFromSpeechToText": lacks(fault.OpStream, "transcription"),
}

func answers(v any) func(*session, context.Context, *call) (any, error) {
	return func(*session, context.Context, *call) (any, error) { return v, nil }
}

// lacks is a row of a method that is known and not part of this server.
func lacks(op fault.Op, what string) operation {
	return operation{op: op, run: func(_ *session, _ context.Context, c *call) (any, error) {
		return nil, fault.FeatureUnsupported.New("method", c.Method, "feature", what)
	}}
}

// twice refuses to let somebody in who is inside.
func twice(s *session, _ context.Context, _ *call) (any, error) {
	return nil, fault.PeerAlreadyJoined.New("peer", s.p.ID())
}

// usual are the calls by which an operation is usually asked for.
var usual = map[fault.Op]string{
	fault.OpSubscribe: "prepareReceiveVideoFrom", fault.OpJoin: "joinRoom", fault.OpPublish: "publishVideo", fault.OpMessage: "sendMessage",
	fault.OpUpdate: "streamPropertyChanged", fault.OpRemove: "forceDisconnect", fault.OpForceUnpublish: "forceUnpublish",
}

// negotiates are the calls that the media engine answers.
var negotiates = map[string]bool{
	"publishVideo": true, "prepareReceiveVideoFrom": true, "receiveVideoFrom": true, "reconnectStream": true,
}

// injected is a method as faults are provoked on it.
func injected(method string, op fault.Op) inject.Call {
	return inject.Call{
		Op: op, Method: method, Ping: method == "ping", Media: negotiates[method],
		Main: usual[op] == method || method == "receiveVideoFrom", // with an offer of its own, a client begins there
	}
}

// Calls are all calls of this wire, for who provokes faults on them.
func Calls() []inject.Call {
	all := make([]inject.Call, 0, len(ops)+len(watchOps)+len(streamOps))
	for i, table := range []map[string]operation{ops, watchOps, streamOps} {
		for _, method := range slices.Sorted(maps.Keys(table)) {
			if _, twice := ops[method]; twice && i > 0 {
				continue
			}
			all = append(all, injected(method, table[method].op))
		}
	}
	return all
}

// leave is the client's goodbye; it closes the socket itself. One that leaves
// before it has read the answer to its join says so: the answer may be on its way.
func (s *session) leave(_ context.Context, c *call, p struct {
	Abandoned bool `json:"abandoned"`
}) (any, error) {
	abandoned := fault.JoinAbandoned.New("peer", s.p.ID())
	if joining := s.joining; joining != nil { // in the middle of it
		s.joining = nil
		s.finish(joining, nil, abandoned)
	} else if p.Abandoned {
		s.p.Events().Refused("joinRoom", fault.OpJoin, fault.From(abandoned, fault.OpJoin))
	}
	s.monitor.why = "disconnect"
	c.then, s.listed = s.p.Goodbye("left"), false
	return nil, nil
}
