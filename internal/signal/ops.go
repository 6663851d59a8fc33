package signal

import (
	"context"
	"encoding/json"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
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
	run  func(s *seat, ctx context.Context, raw json.RawMessage) (any, error)
	cost cost
}

// cost is what a call makes the server do beyond reading it.
type cost struct {
	tells bool // others in the room hear of it: Bounds.Tell
	asks  int  // bytes of an answer that its work is worth; 0 is no question. Bounds.Answer
}

// The kinds of cost.
var (
	tells  = cost{tells: true}
	asks   = cost{asks: 4 << 10}
	counts = cost{asks: 32 << 10} // goes through every answer to a poll
)

// typed makes a row's run from a function of decoded params.
func typed[T any](f func(s *seat, ctx context.Context, p T) (any, error)) func(*seat, context.Context, json.RawMessage) (any, error) {
	return func(s *seat, ctx context.Context, raw json.RawMessage) (any, error) {
		p, err := params[T](raw)
		if err != nil {
			return nil, err
		}
		return f(s, ctx, p)
	}
}

// ops is every method a client can use.
var ops = map[string]operation{
	"ping":      {fault.OpConnect, always, typed((*seat).ping), cost{}},
	"join":      {fault.OpJoin, always, typed((*seat).join), cost{}},
	"leave":     {fault.OpLeave, always, typed((*seat).sayLeave), cost{}},
	"analytics": {fault.OpReport, always, (*seat).analytics, cost{}},
	"offer":     {fault.OpPublish, always, typed((*seat).offer), cost{}},
	"answer":    {fault.OpSubscribe, inside, typed((*seat).answer), cost{}},
	"trickle":   {fault.OpPublish, always, typed((*seat).trickle), cost{}},

	"track-update":                    {fault.OpUpdate, inside, typed((*seat).trackUpdate), tells},
	"track-update-request":            {fault.OpMute, inside, typed((*seat).askTrackMute), tells},
	"change-track-mute-state-request": {fault.OpMute, inside, typed((*seat).askMute), tells},

	"broadcast":              {fault.OpMessage, inside, typed((*seat).broadcast), tells},
	"set-metadata":           {fault.OpMetadata, inside, typed((*seat).setMetadata), tells},
	"get-metadata":           {fault.OpMetadata, inside, typed((*seat).getMetadata), asks},
	"listen-metadata-change": {fault.OpMetadata, inside, typed((*seat).observe), asks},

	"peer-update":         {fault.OpUpdate, inside, typed((*seat).peerUpdate), tells},
	"role-change-request": {fault.OpRoleChange, inside, typed((*seat).requestRole), tells},
	"role-change":         {fault.OpRoleChange, inside, typed((*seat).acceptRole), tells},
	"group-join":          {fault.OpUpdate, inside, typed((*seat).groupJoin), tells},
	"group-leave":         {fault.OpUpdate, inside, typed((*seat).groupLeave), tells},
	"group-add":           {fault.OpUpdate, inside, typed((*seat).groupAdd), tells},
	"group-remove":        {fault.OpUpdate, inside, typed((*seat).groupRemove), tells},
	"peer-leave-request":  {fault.OpRemove, inside, typed((*seat).removePeer), tells},
	"end-room":            {fault.OpEndRoom, inside, typed((*seat).endRoom), cost{}},

	"get-peer":         {fault.OpPeers, inside, typed((*seat).getPeer), asks},
	"find-peer":        {fault.OpPeers, inside, typed((*seat).findPeer), asks},
	"peer-iter-next":   {fault.OpPeers, inside, typed((*seat).nextPeers), asks},
	"peer-name-search": {fault.OpPeers, inside, typed((*seat).searchPeers), asks},

	"poll-info-set":      {fault.OpPoll, inside, typed((*seat).setPoll), asks},
	"poll-info-get":      {fault.OpPoll, inside, typed((*seat).getPoll), asks},
	"poll-questions-set": {fault.OpPoll, inside, typed((*seat).setQuestions), asks},
	"poll-questions-get": {fault.OpPoll, inside, typed((*seat).getQuestions), asks},
	"poll-start":         {fault.OpPoll, inside, typed((*seat).startPoll), tells},
	"poll-stop":          {fault.OpPoll, inside, typed((*seat).stopPoll), tells},
	"poll-response":      {fault.OpPoll, inside, typed((*seat).votePoll), asks},
	"poll-responses":     {fault.OpPoll, inside, typed((*seat).getResponses), counts},
	"poll-list":          {fault.OpPoll, inside, typed((*seat).listPolls), asks},
	"poll-result":        {fault.OpPoll, inside, typed((*seat).pollResult), counts},
	"poll-leaderboard":   {fault.OpPoll, inside, typed((*seat).leaderboard), counts},
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
func (s *seat) receive(c *conn, raw []byte) {
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
	if o.when == inside && !s.joined {
		s.finish(f, o.op, nil, fault.NotJoined.New("method", f.Method))
		return
	}
	switch do := s.inject.Call(f.Method); {
	case do.Err != nil:
		s.finish(f, o.op, nil, do.Err)
		return
	case do.Hang:
		return
	case do.Delay > 0:
		s.after(do.Delay, func() { s.carryOut(f, o, time.Now()) }) // the wait is no slowness of ours
		return
	}
	s.carryOut(f, o, from)
}

// carryOut runs a call and answers it.
func (s *seat) carryOut(f frame, o operation, from time.Time) {
	ctx, cancel := context.WithTimeout(s.ctx, callLimit)
	defer cancel()
	v, err := any(nil), s.afford(o.cost)
	if err == nil {
		v, err = o.run(s, ctx, f.Params)
		s.charge(o.cost, len(f.Params), err)
	}
	s.keep(f.Method, &f, err, func(err error) {
		s.finish(f, o.op, v, err)
		s.h.met.calls.WithLabelValues(f.Method).Observe(time.Since(from).Seconds())
	})
}

// after is a result that lets something happen right after it was sent.
type after struct {
	result any
	then   func()
}

// finish answers a call: the one way out. A refusal becomes a reply, a metric,
// a log line and, for what the events contract has a type for, a stored event.
func (s *seat) finish(f frame, op fault.Op, v any, err error) {
	then := func() {}
	if a, ok := v.(after); ok {
		v, then = a.result, a.then
	}
	defer func() { then() }()
	bad := fault.From(err, op)
	if bad == nil {
		if f.ID != "" && s.conn != nil {
			s.answered.Spend(max(0, s.conn.send(result(f.ID, v))-len(f.Params)))
		}
		return
	}
	s.h.met.refusedFault(bad)
	if t, action := eventFor(op, bad); t != "" {
		s.record(t, action, bad)
	} else {
		s.log.Info("refused", "method", clip(f.Method, 64), "fault", bad)
	}
	if s.conn == nil {
		return
	}
	if f.ID != "" {
		s.conn.send(errorFrame{ID: f.ID, JSONRPC: "2.0", Error: wordFault(bad)})
	} else if f.Method != "analytics" {
		// A notification cannot be answered; clients log warnings.
		s.tell("on-warning", wordFault(bad))
	}
}

// eventFor names the event type of a refused call, "" where the contract has
// none. A peer sent to another node is no failure: it goes on there.
func eventFor(op fault.Op, f *fault.Error) (event.Type, string) {
	if f.Kind == fault.NodeMoved {
		return "", ""
	}
	switch op {
	case fault.OpJoin:
		return event.JoinFailed, "JOIN"
	case fault.OpPublish:
		return event.PublishFailed, "PUBLISH"
	case fault.OpSubscribe:
		return event.SubscribeFailed, "SUBSCRIBE"
	}
	return "", ""
}

// clip shortens text that came from outside before it is repeated.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}
