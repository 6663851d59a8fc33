// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package inject

import (
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// The two media connections of a peer.
const (
	publish   = "publish"
	subscribe = "subscribe"
)

// Action is what a peer's owner is asked to do to it.
type Action struct {
	// Do is a mechanism that happens at a moment; or AtSDP: send a session
	// description now; or AtToken: the peer is inside by a token that was revoked.
	Do    string
	Fault *fault.Error  // what is provoked, marked so
	Delay time.Duration // of AtCut: how much later
}

// Peer is a peer the plan can reach. A nil *Peer is out of its reach and can be
// asked.
type Peer struct {
	plan *Plan
	act  func(Action) // does not wait
	who  atomic.Pointer[Who]

	active atomic.Pointer[[]*rule] // rules about this peer; nil when there are none
	wires  [4]Wire                 // publish and subscribe, over UDP and over TCP
	video  [2]payloads
}

// Attend makes a peer known until Close. act must not wait.
func (p *Plan) Attend(w Who, act func(Action)) *Peer {
	if p == nil {
		return nil
	}
	x := &Peer{plan: p, act: act}
	x.who.Store(&w)
	for i := range x.wires {
		x.wires[i] = Wire{peer: x, side: sideOf[i%2], network: networkOf[i/2], video: &x.video[i%2]}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.peers[x] = struct{}{}
	if rules := p.active.Load(); rules != nil {
		x.refresh(*rules)
	}
	return x
}

// Who is the peer as it was last made known.
func (x *Peer) Who() Who { return *x.who.Load() }

// Rename makes a new name or role known.
func (x *Peer) Rename(name, role string) {
	if x == nil {
		return
	}
	w := x.Who()
	if w.Name == name && w.Role == role {
		return
	}
	w.Name, w.Role = name, role
	x.plan.mu.Lock()
	defer x.plan.mu.Unlock()
	x.who.Store(&w)
	if rules := x.plan.active.Load(); rules != nil {
		x.refresh(*rules)
	}
}

// Arrived tells that the peer has a new socket, which rules that repeat strike
// again.
func (x *Peer) Arrived() {
	if x == nil || x.active.Load() == nil {
		return
	}
	for _, r := range *x.active.Load() {
		if r.mech.once && r.again {
			x.apply(r)
		}
	}
}

// Tampered tells whether what happens to the peer may have been provoked: a rule
// has touched it and is at work, or ended less than Grace ago.
func (x *Peer) Tampered() bool {
	if x == nil {
		return false
	}
	rules := x.plan.recent.Load()
	if rules == nil {
		return false
	}
	w := x.Who()
	for _, key := range keys(w.Room, w.Peer, "") {
		for _, r := range *rules {
			if _, ok := r.touched.Load(key); ok {
				return true
			}
		}
	}
	return false
}

// Close takes the peer out of the plan's reach.
func (x *Peer) Close() {
	if x == nil {
		return
	}
	x.plan.mu.Lock()
	defer x.plan.mu.Unlock()
	delete(x.plan.peers, x)
	x.refresh(nil)
}

// refresh picks the rules about this peer; the plan's lock is held.
func (x *Peer) refresh(active []*rule) {
	w := x.Who()
	var mine []*rule
	for _, r := range active {
		if r.spec.covers(w) {
			mine = append(mine, r)
			if r.mech.Point == "token" && w.Token != "" {
				r.tokens.Store(w.Token, struct{}{})
			}
		}
	}
	x.active.Store(orNil(mine))
	for i := range x.wires {
		x.wires[i].refresh(mine)
	}
}

// apply does what a rule does at a moment.
func (x *Peer) apply(r *rule) {
	w := x.Who()
	if !r.spec.covers(w) {
		return
	}
	switch {
	case r.spec.At == AtSDP, r.spec.At == AtCandidate:
		x.act(Action{Do: AtSDP})
	case r.mech.once, r.spec.At == AtRestart, r.spec.At == AtToken && r.kind == fault.TokenRevoked:
		if x.plan.take(r, w) {
			x.act(Action{Do: r.spec.At, Fault: r.refusal(), Delay: r.spec.Delay})
		}
	}
}

// find returns the first rule of a mechanism that strikes now.
func (x *Peer) find(want func(*rule) bool) *rule {
	if x == nil {
		return nil
	}
	rules := x.active.Load()
	if rules == nil {
		return nil
	}
	for _, r := range *rules {
		if want(r) && x.plan.take(r, x.Who()) {
			return r
		}
	}
	return nil
}

// Verdict is what becomes of a call.
type Verdict struct {
	Err   error         // it is refused
	Hang  bool          // it is never answered
	Says  any           // what it is answered with that makes no sense, and is not carried out; nil: it is
	Delay time.Duration // it is carried out later, or refused later
}

// Meet does to a call what the verdict says. It is carried out, or finished with a result
// or a refusal, at most once; later puts off either.
func (v Verdict) Meet(later func(time.Duration, func()), finish func(says any, err error), carryOut func()) {
	switch {
	case v.Err != nil && v.Delay > 0:
		later(v.Delay, func() { finish(nil, v.Err) })
	case v.Err != nil:
		finish(nil, v.Err)
	case v.Says != nil:
		finish(v.Says, nil)
	case v.Hang:
	case v.Delay > 0:
		later(v.Delay, carryOut)
	default:
		carryOut()
	}
}

// Call is asked before a call is carried out.
func (x *Peer) Call(c Call) Verdict {
	r := x.find(func(r *rule) bool {
		return r.mech.method && r.spec.meansCall(c) || r.spec.At == AtEngine && c.Media
	})
	switch {
	case r == nil:
		return Verdict{}
	case r.spec.At == AtHang:
		return Verdict{Hang: true}
	case r.spec.At == AtNonsense:
		return Verdict{Says: map[string]bool{"injected": true}}
	case r.spec.At == AtSlow:
		return Verdict{Delay: r.spec.Delay}
	case r.spec.At == AtEngine:
		return Verdict{Err: r.engineRefusal(), Delay: r.spec.Delay}
	}
	return Verdict{Err: r.refusal()}
}

// engineRefusal says in which way the media engine failed.
func (r *rule) engineRefusal() *fault.Error {
	how := "the call was refused"
	switch {
	case r.kind == fault.MediaNodeResponse:
		how = "its answer could not be decoded"
	case r.spec.Delay > 0:
		how = "it did not answer within " + r.spec.Delay.String()
	}
	f := r.refusal()
	f.Details = append(f.Details, fault.Detail{Name: "reason", Value: how})
	return f
}

// Silent is asked before a frame is sent.
func (x *Peer) Silent() bool {
	return x.find(func(r *rule) bool { return r.spec.At == AtSilence }) != nil
}

// SDP is given every session description before it is sent, with its type.
func (x *Peer) SDP(kind, sdp string) string {
	if x == nil {
		return sdp
	}
	// We answer for the publish connection and offer for the subscribe one.
	x.video[boolIndex(kind != "answer")].learn(sdp)
	r := x.find(func(r *rule) bool {
		return r.spec.At == AtSDP || r.spec.At == AtPrint && kind == "answer"
	})
	switch {
	case r == nil:
		return sdp
	case r.spec.At == AtSDP:
		// Half of a line is no line of SDP (RFC 8866, section 5), wherever the
		// middle happens to be.
		return sdp[:len(sdp)/2] + "\r\n="
	}
	return otherPrint(sdp)
}

// Unreadable is what is sent for a candidate (RFC 8839, section 5.1).
const Unreadable = "candidate:1 1 udp injected nowhere 0 typ host"

// BadCandidate is asked before an offer is sent: true has an unreadable
// candidate go ahead of it.
func (x *Peer) BadCandidate() bool {
	return x.find(func(r *rule) bool { return r.spec.At == AtCandidate }) != nil
}

// otherPrint replaces the fingerprints (RFC 8122) with those of nobody.
func otherPrint(sdp string) string {
	lines := strings.Split(sdp, "\n")
	for i, line := range lines {
		if at := strings.Index(line, "a=fingerprint:"); at == 0 {
			head, print, ok := strings.Cut(line, " ")
			if ok {
				lines[i] = head + " " + strings.Map(func(c rune) rune {
					switch {
					case c >= '0' && c <= '8', c >= 'A' && c <= 'E':
						return c + 1
					case c == '9':
						return '0'
					case c == 'F':
						return 'A'
					}
					return c
				}, print)
			}
		}
	}
	return strings.Join(lines, "\n")
}

// refusal is the fault of a rule, marked as provoked. The mark can be seen by
// the client.
func (r *rule) refusal() *fault.Error {
	details := []any{"injected", true}
	if r.spec.Code != 0 {
		details = append(details, "code", r.spec.Code)
	}
	var f *fault.Error
	_ = errors.As(r.kind.New(details...), &f)
	return f
}

// Caused tells whether a fault was provoked.
func Caused(f *fault.Error) bool { return f != nil && f.Detail("injected") == true }

// Code is the number a provoked fault is told with, 0 for its usual one.
func Code(f *fault.Error) int {
	if !Caused(f) {
		return 0
	}
	n, _ := f.Detail("code").(int)
	return n
}

// matchUnjoined finds a rule about somebody who is not inside, or not inside by this
// socket. The name is known of those who have a place.
func (p *Plan) matchUnjoined(w Who, want func(*rule) bool) *rule {
	if p == nil {
		return nil
	}
	rules := p.active.Load()
	if rules == nil {
		return nil
	}
	if w.Name == "" {
		p.mu.Lock()
		for x := range p.peers {
			if o := x.Who(); o.Room == w.Room && o.Peer == w.Peer {
				w.Name = o.Name
			}
		}
		p.mu.Unlock()
	}
	for _, r := range *rules {
		if want(r) && r.spec.covers(w) && p.take(r, w) {
			return r
		}
	}
	return nil
}

// Idle tells that no rule is at work, so that nobody need be identified for the
// plan's sake.
func (p *Plan) Idle() bool { return p == nil || p.active.Load() == nil }

// Init is asked by what clients ask first, such as GET /init: a refusal, or what is
// answered that makes no sense.
func (p *Plan) Init(w Who) (refusal *fault.Error, rubbish *Rubbish) {
	r := p.matchUnjoined(w, func(r *rule) bool { return r.mech.Point == "init" })
	if r == nil {
		return nil, nil
	}
	if r.spec.At == AtRubbish {
		return nil, rubbishOf[r.spec.Fault]
	}
	return r.refusal(), nil
}

// Rubbish is an answer with the status 200 that makes no sense.
type Rubbish struct{ Kind, Body string }

// rubbishOf is what is answered where a client is to fail so.
var rubbishOf = map[string]*Rubbish{
	fault.ResponseNotJSON.ID:   {"text/html; charset=utf-8", "<html><body>This answer was injected; it is not JSON.</body></html>\n"},
	fault.ResponseEmpty.ID:     {"application/json", ""},
	fault.ResponseMalformed.ID: {"application/json", "{\"injected\":true}\n"},
}

// Upgrade is asked before a socket is opened: true refuses it.
func (p *Plan) Upgrade(w Who) bool {
	return p.matchUnjoined(w, func(r *rule) bool { return r.spec.At == AtUpgrade }) != nil
}

// Gone is asked before a connection for /init or a socket is answered at all:
// true ends it without an answer.
func (p *Plan) Gone(w Who) bool {
	return p.matchUnjoined(w, func(r *rule) bool { return r.spec.At == AtAway || r.spec.At == AtRestart }) != nil
}

// Room is asked about somebody who is not inside yet: a refusal or nil.
func (p *Plan) Room(w Who) error {
	if r := p.matchUnjoined(w, func(r *rule) bool { return r.spec.At == AtRoom }); r != nil {
		return r.refusal()
	}
	return nil
}

// Judgement is how a token is to be judged. Took is to be called when it was
// refused for it.
type Judgement struct {
	Expired, Revoked, Early bool
	Skew                    time.Duration // of the clock
	Took                    func()
}

// Token is asked about every token that is good, with the id of the token. A
// rule for a peer is about the token it came in with, whoever shows it.
func (p *Plan) Token(w Who) Judgement {
	if p.Idle() {
		return Judgement{}
	}
	for _, r := range *orEmpty(p.active.Load()) {
		if r.mech.Point != "token" {
			continue
		}
		if _, shown := r.tokens.Load(w.Token); !shown && !r.spec.covers(w) || w.Room != r.spec.Room {
			continue
		}
		took := func() {}
		switch {
		case r.spec.At == AtClock:
			// Most tokens live through a small skew; only those that do not are touched.
			took = func() { p.take(r, w) }
		case !p.take(r, w):
			continue
		}
		return Judgement{
			Expired: r.kind == fault.TokenExpired, Revoked: r.kind == fault.TokenRevoked, Early: r.kind == fault.TokenNotYetValid,
			Skew: r.spec.Skew, Took: took,
		}
	}
	return Judgement{}
}

func orEmpty(list *[]*rule) *[]*rule {
	if list == nil {
		return &[]*rule{}
	}
	return list
}

// Store is asked before a report is stored: fault.StoreUnavailable or nil.
func (p *Plan) Store(w Who) error {
	if r := p.matchUnjoined(w, func(r *rule) bool { return r.spec.At == AtStore }); r != nil {
		return r.refusal()
	}
	return nil
}
