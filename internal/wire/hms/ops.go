// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/room"
)

// phase is when a call makes sense.
type phase int

const (
	always phase = iota
	inside       // the peer has joined
)

// operation is one row of the table of methods.
type operation struct {
	op   fault.Op
	when phase
	run  func(s *session, ctx context.Context, raw json.RawMessage) (any, error)
	cost participant.Cost
}

// The kinds of cost. What a call makes the room tell others is charged to its
// caller in any case, by what it has told and how many.
var (
	free   = participant.Cost{}
	offers = participant.Cost{Offer: true}
	tells  = participant.Cost{Tells: true}
	votes  = participant.Cost{Tells: true, Asks: 4 << 10} // others are told the counts
	asks   = participant.Cost{Asks: 4 << 10}
	counts = participant.Cost{Asks: 32 << 10} // goes through every answer to a poll
)

// typed makes a row's run from a function of decoded params.
func typed[T any](f func(s *session, ctx context.Context, p T) (any, error)) func(*session, context.Context, json.RawMessage) (any, error) {
	return func(s *session, ctx context.Context, raw json.RawMessage) (any, error) {
		p, err := params[T](raw)
		if err != nil {
			return nil, err
		}
		return f(s, ctx, p)
	}
}

// onMedia and onPolls are typed for calls that a part of the session carries out.
func onMedia[T any](f func(m *media, ctx context.Context, p T) (any, error)) func(*session, context.Context, json.RawMessage) (any, error) {
	return typed(func(s *session, ctx context.Context, p T) (any, error) { return f(s.media, ctx, p) })
}

func onPolls[T any](f func(c pollCalls, ctx context.Context, p T) (any, error)) func(*session, context.Context, json.RawMessage) (any, error) {
	return typed(func(s *session, ctx context.Context, p T) (any, error) { return f(pollCalls{s.h, s.p}, ctx, p) })
}

// ops is every method a client can use.
var ops = map[string]operation{
	"ping":      {fault.OpConnect, always, typed((*session).ping), free},
	"join":      {fault.OpJoin, always, typed((*session).join), free},
	"leave":     {fault.OpLeave, always, typed((*session).sayLeave), free},
	"analytics": {fault.OpReport, always, (*session).analytics, free},
	"offer":     {fault.OpPublish, always, onMedia((*media).offer), offers},
	"answer":    {fault.OpSubscribe, inside, onMedia((*media).answer), free},
	"trickle":   {fault.OpPublish, always, onMedia((*media).trickle), free},

	"track-update":                    {fault.OpUpdate, inside, typed((*session).trackUpdate), tells},
	"track-update-request":            {fault.OpMute, inside, typed((*session).askTrackMute), tells},
	"change-track-mute-state-request": {fault.OpMute, inside, typed((*session).askMute), tells},

	"broadcast":              {fault.OpMessage, inside, typed((*session).broadcast), tells},
	"set-metadata":           {fault.OpMetadata, inside, typed((*session).setMetadata), tells},
	"get-metadata":           {fault.OpMetadata, inside, typed((*session).getMetadata), asks},
	"listen-metadata-change": {fault.OpMetadata, inside, typed((*session).observe), asks},

	"peer-update":         {fault.OpUpdate, inside, typed((*session).peerUpdate), tells},
	"role-change-request": {fault.OpRoleChange, inside, typed((*session).requestRole), tells},
	"role-change":         {fault.OpRoleChange, inside, typed((*session).acceptRole), tells},
	"group-join":          {fault.OpUpdate, inside, typed((*session).groupJoin), tells},
	"group-leave":         {fault.OpUpdate, inside, typed((*session).groupLeave), tells},
	"group-add":           {fault.OpUpdate, inside, typed((*session).groupAdd), tells},
	"group-remove":        {fault.OpUpdate, inside, typed((*session).groupRemove), tells},
	"peer-leave-request":  {fault.OpRemove, inside, typed((*session).removePeer), tells},
	"end-room":            {fault.OpEndRoom, inside, typed((*session).endRoom), free},

	"get-peer":         {fault.OpPeers, inside, typed((*session).getPeer), asks},
	"find-peer":        {fault.OpPeers, inside, typed((*session).findPeer), asks},
	"peer-iter-next":   {fault.OpPeers, inside, typed((*session).nextPeers), asks},
	"peer-name-search": {fault.OpPeers, inside, typed((*session).searchPeers), asks},

	"poll-info-set":      {fault.OpPoll, inside, onPolls(pollCalls.set), asks},
	"poll-info-get":      {fault.OpPoll, inside, onPolls(pollCalls.get), asks},
	"poll-questions-set": {fault.OpPoll, inside, onPolls(pollCalls.setQuestions), asks},
	"poll-questions-get": {fault.OpPoll, inside, onPolls(pollCalls.questions), asks},
	"poll-start":         {fault.OpPoll, inside, onPolls(pollCalls.start), tells},
	"poll-stop":          {fault.OpPoll, inside, onPolls(pollCalls.stop), tells},
	"poll-response":      {fault.OpPoll, inside, onPolls(pollCalls.vote), votes},
	"poll-responses":     {fault.OpPoll, inside, onPolls(pollCalls.responses), counts},
	"poll-list":          {fault.OpPoll, inside, onPolls(pollCalls.list), asks},
	"poll-result":        {fault.OpPoll, inside, onPolls(pollCalls.result), counts},
	"poll-leaderboard":   {fault.OpPoll, inside, onPolls(pollCalls.leaderboard), counts},
}

// usual are the calls by which an operation is usually asked for.
var usual = map[fault.Op]string{
	fault.OpJoin: "join", fault.OpPublish: "offer", fault.OpMessage: "broadcast", fault.OpMetadata: "set-metadata",
	fault.OpUpdate: "peer-update", fault.OpRoleChange: "role-change", fault.OpMute: "track-update-request",
	fault.OpRemove: "peer-leave-request", fault.OpEndRoom: "end-room", fault.OpPeers: "find-peer", fault.OpPoll: "poll-info-set",
}

// call is an operation as faults are provoked on it.
func (o operation) call(method string) inject.Call {
	return inject.Call{Op: o.op, Method: method, Main: usual[o.op] == method, Media: method == "join" || method == "offer", Ping: method == "ping"}
}

// Calls are all calls of this wire, for who provokes faults on them.
func Calls() []inject.Call {
	all := make([]inject.Call, 0, len(ops))
	for _, method := range slices.Sorted(maps.Keys(ops)) {
		all = append(all, ops[method].call(method))
	}
	return all
}

// unsupported methods are known but not part of this server.
var unsupported = map[string]string{
	"rtmp-start": "RTMP streaming and recording", "rtmp-stop": "RTMP streaming and recording",
	"hls-start": "HLS streaming", "hls-stop": "HLS streaming", "hls-timed-metadata": "HLS streaming",
	"transcription-start": "transcription", "transcription-stop": "transcription",
	"transcription-config-update": "transcription",
	"whiteboard-create":           "whiteboard", "whiteboard-get": "whiteboard",
	"start-recording": "recording", "stop-recording": "recording", "sip-start": "SIP", "sip-stop": "SIP",
}

// receive handles one frame of a socket: the one way in.
func (s *session) receive(c link, raw []byte) {
	if s.conn != c {
		return // a late frame of a socket that was replaced
	}
	from := time.Now()
	f, err := decodeFrame(raw)
	if err != nil {
		s.finish(f, fault.OpConnect, nil, err)
		return
	}
	o, known := ops[f.Method]
	if !known {
		if what, named := unsupported[f.Method]; named {
			s.finish(f, fault.OpStream, nil, fault.FeatureUnsupported.New("method", f.Method, "feature", what))
			return
		}
		s.finish(f, fault.OpConnect, nil, fault.MethodUnknown.New("method", clip(f.Method, 64)))
		return
	}
	if o.when == inside && !s.p.Joined() {
		s.finish(f, o.op, nil, fault.NotJoined.New("method", f.Method))
		return
	}
	s.p.Inject().Call(o.call(f.Method)).Meet(
		func(wait time.Duration, do func()) {
			s.p.After(wait, func() {
				from = time.Now() // the wait is no slowness of ours
				do()
			})
		},
		func(says any, err error) { s.finish(f, o.op, says, err) },
		func() { s.carryOut(f, o, from) },
	)
}

// carryOut runs a call and answers it.
func (s *session) carryOut(f frame, o operation, from time.Time) {
	ctx, cancel := context.WithTimeout(s.p.Context(), callLimit)
	defer cancel()
	if f.Method == "join" {
		s.p.Called(f.ID)
	}
	v, err := any(nil), s.p.Budget().Afford(o.cost)
	if err == nil {
		var told room.Told
		v, err = o.run(s, room.Counted(ctx, &told), f.Params)
		s.p.Budget().Charge(o.cost, len(f.Params), told.Bytes, err)
	}
	s.keep(f.Method, &f, err, func(err error) {
		s.finish(f, o.op, v, err)
		s.p.Answered(f.Method, time.Since(from))
	})
}

// after is a result that lets something happen right after it was sent.
type after struct {
	result any
	then   func()
}

// finish answers a call: the one way out. A refusal becomes a reply, a metric,
// a log line and, for what the record has a type for, a stored event.
func (s *session) finish(f frame, op fault.Op, v any, err error) {
	then := func() {}
	if a, ok := v.(after); ok {
		v, then = a.result, a.then
	}
	defer func() { then() }()
	bad := fault.From(err, op)
	if bad == nil {
		if f.ID != "" && s.conn != nil {
			s.p.Budget().Answer(s.conn.Send(result(f.ID, v)) - len(f.Params))
		}
		return
	}
	s.p.Events().Refused(clip(f.Method, 64), op, bad)
	if s.conn == nil {
		return
	}
	if f.ID != "" {
		s.conn.Send(errorFrame{ID: f.ID, JSONRPC: "2.0", Error: wordFault(bad)})
	} else if f.Method != "analytics" {
		// A notification cannot be answered; clients log warnings.
		s.notify("on-warning", wordFault(bad))
	}
}
