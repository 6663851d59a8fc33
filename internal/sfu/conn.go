// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
	"github.com/pion/transport/v4/packetio"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/sfu/transport"
)

// Limits of one connection.
const (
	maxCandidates = 256 // per ICE generation
	maxHistory    = 64
	maxSections   = 256 // media sections of an offer
	gatherWait    = 200 * time.Millisecond
)

// conn is what a Publisher and a Subscriber share: the peer connection, its
// state, and the candidates in both directions.
type conn struct {
	log           *slog.Logger
	engine        *Engine
	callbacks     *callbackQueue
	peer          transport.Peer
	onState       func(State, error) // StateConnected with an error: it was lost and has come back another way
	onCandidate   func(webrtc.ICECandidateInit)
	onCredentials func(ufrag, pwd string)
	onChannel     func(*webrtc.DataChannel) // nil: those that the peer opens are left alone
	changed       func(State)               // for the owner, before onState; must not block
	impairment    Impairment                // nil: none
	tcpOnly       bool                      // UDP is not offered
	aside         bool                      // it is no witness of the addresses
	test          bool                      // it is one for other tests only
	tcpImpairment Impairment                // nil: the same
	paths         *paths
	library       bool                               // it must be of pion/webrtc
	rtcp          func(ssrc uint32, compound []byte) // what the peer reports of what it receives
	buffers       func(packetio.BufferPacketType, uint32) io.ReadWriteCloser

	refreshMu sync.Mutex // orders what the library reports from many goroutines

	mu         sync.Mutex
	state      State
	since      time.Time
	history    []StateChange
	remoteSet  bool
	pending    []webrtc.ICECandidateInit
	candidates int
	kinds      candidateKinds // of these
	gathered   chan struct{}
	trickle    bool // a description has been given while gathering went on
	restarts   int
	ufrag      string // ours, as last passed on

	lateMu       sync.Mutex
	failureTimer *time.Timer // runs while the path is silent
	isLate       atomic.Bool // it has been so for too long
	comingUp     overdue     // until the path is up for the first time
	traffic      traffic

	firstCheck   atomic.Int64 // when the first connectivity check came, Unix ns
	selectedPair atomic.Pointer[webrtc.ICECandidatePair]
	dtlsUp       atomic.Bool  // the handshake has succeeded, once and for all
	dtlsFailed   atomic.Bool  // or failed: it is not repeated
	dtlsFrom     atomic.Int64 // when it began, Unix ns
	dtlsSilent   atomic.Bool  // it failed because nobody answered
	broken       atomic.Bool  // that it failed was told: nothing brings the connection back
}

// open makes the peer connection and starts to watch it. stream takes what the peer
// sends; nil is that it only receives.
func (c *conn) open(stream func(transport.Stream)) error {
	c.callbacks = newCallbackQueue()
	c.state, c.since = StateConnecting, time.Now()
	c.gathered = make(chan struct{})
	c.paths = newPaths(c.engine.hammer, c.engine.cfg.Lite)
	peer, err := c.engine.newPeer(c, transport.Events{
		Candidate: c.localCandidate, ICE: c.iceChanged, DTLS: c.dtlsChanged, Selected: c.selected, Stream: stream, Channel: c.onChannel,
		Connection: func(s webrtc.PeerConnectionState) {
			c.note("connection", s.String())
			c.refresh()
		},
	})
	if err != nil {
		return fault.Internal.Wrap(err)
	}
	c.peer = peer
	return nil
}

func (c *conn) iceChanged(s webrtc.ICEConnectionState) {
	c.note("ice", s.String())
	c.engine.totals.of(c).ice(s)
	c.armFailureTimer(s)
	if s == webrtc.ICEConnectionStateChecking { // both sides have agreed
		c.comingUp.expect(c.engine.times.slow, c.tellSlow)
	}
}

func (c *conn) selected(p *webrtc.ICECandidatePair) {
	if was := c.selectedPair.Swap(p); was != nil && p != nil && c.onState != nil {
		c.moved(was.Local.Protocol, p.Local.Protocol)
	}
}

func (c *conn) dtlsChanged(s webrtc.DTLSTransportState) {
	c.note("dtls", s.String())
	switch s {
	case webrtc.DTLSTransportStateConnected:
		c.dtlsUp.Store(true)
	case webrtc.DTLSTransportStateConnecting:
		c.dtlsFrom.Store(time.Now().UnixNano())
	case webrtc.DTLSTransportStateClosed: // may overtake the failure it comes of
		c.timeHandshake()
	case webrtc.DTLSTransportStateFailed:
		c.timeHandshake()
		c.dtlsFailed.Store(true)
		c.engine.totals.of(c).dtlsFailed.Add(1)
	}
}

// stillFor is for how long nothing comes over UDP before it counts as dead: clients
// check a way that they use every 3 seconds or more often.
const stillFor = 4 * time.Second

// moved hears that another pair of candidates is used, and tells when that is one over
// TCP because nothing comes over UDP any more.
func (c *conn) moved(from, to webrtc.ICEProtocol) {
	last := c.traffic.udp[classSTUN].in.last.Load()
	if from != webrtc.ICEProtocolUDP || to != webrtc.ICEProtocolTCP || last == 0 || time.Duration(now()-last) < stillFor {
		return
	}
	err := fault.ICEDisconnected.New("mended", true, "over", to.String(), "silent_ms", time.Duration(now()-last).Milliseconds())
	c.callbacks.post(func() { c.onState(StateConnected, err) })
}

// timeHandshake notes whether a handshake that has ended without success had
// all its time, so that nobody can have answered.
func (c *conn) timeHandshake() {
	from := c.dtlsFrom.Load()
	if from == 0 || c.dtlsUp.Load() || c.dtlsSilent.Load() {
		return
	}
	took := time.Duration(time.Now().UnixNano() - from)
	c.dtlsSilent.Store(took >= c.engine.times.secure*9/10) // clocks are read apart
}

// armFailureTimer gives a path that is silent its time. After that it has failed, and is
// said to have; but the library goes on listening, since a path that failed for
// its network, or for a client that stood still, comes back by itself, and one
// that the library has given up needs the client to notice.
func (c *conn) armFailureTimer(s webrtc.ICEConnectionState) {
	t := c.engine.times
	c.lateMu.Lock()
	defer c.lateMu.Unlock()
	if c.failureTimer != nil {
		c.failureTimer.Stop()
		c.failureTimer = nil
	}
	c.isLate.Store(false)
	var wait time.Duration
	switch s {
	case webrtc.ICEConnectionStateChecking:
		wait = t.disconnected + t.failed
	case webrtc.ICEConnectionStateDisconnected:
		wait = t.failed
	default:
		return
	}
	c.failureTimer = time.AfterFunc(wait, func() {
		c.isLate.Store(true)
		c.refresh()
	})
}

func (c *conn) note(what, state string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.history) == maxHistory {
		// The first entries tell how it began, the last how it is.
		c.history = slices.Delete(c.history, maxHistory/4, maxHistory/4+1)
	}
	c.history = append(c.history, StateChange{At: time.Now(), What: what, State: state})
}

// refresh derives our state from the library's and reports a change.
func (c *conn) refresh() {
	c.refreshMu.Lock()
	defer c.refreshMu.Unlock()
	var state State
	var err error
	breaks := false
	switch c.peer.State() {
	case webrtc.PeerConnectionStateConnected:
		state = StateConnected
	case webrtc.PeerConnectionStateDisconnected:
		state, err = StateDisconnected, fault.ICEDisconnected.New()
	case webrtc.PeerConnectionStateFailed:
		state, err = StateFailed, fault.ICEFailed.New("stun_seen", c.firstCheck.Load() != 0)
	case webrtc.PeerConnectionStateClosed:
		state = StateClosed
	default:
		state = StateConnecting
	}
	if c.isLate.Load() && (state == StateDisconnected || state == StateConnecting) {
		state, err = StateFailed, fault.ICEFailed.New("stun_seen", c.firstCheck.Load() != 0)
	}
	if state == StateFailed && c.dtlsFailed.Load() || state == StateClosed && !c.dtlsUp.Load() {
		// The library closes a connection whose handshake failed, often too soon
		// for the failure to be seen.
		state, err = StateFailed, fault.DTLSFailed.New()
		if c.dtlsSilent.Load() {
			err = fault.DTLSFailed.New("reason", unanswered)
		}
		breaks = !c.broken.Swap(true) // also where the path had failed before
	}
	c.mu.Lock()
	if c.state == state && !breaks {
		c.mu.Unlock()
		return
	}
	c.state, c.since = state, time.Now()
	c.mu.Unlock()
	if c.comingUp.settle() && state == StateConnected {
		c.cameUp()
	}
	if c.changed != nil {
		c.changed(state)
	}
	if c.onState != nil {
		c.callbacks.post(func() { c.onState(state, err) })
	}
}

// tellSlow tells that the path is not up in time, while it has not failed either.
func (c *conn) tellSlow() {
	c.refreshMu.Lock()
	defer c.refreshMu.Unlock()
	if state, _ := c.current(); state == StateConnecting && c.onState != nil {
		c.counted(passage{failed: true})
		err := fault.ICESlow.New("stun_seen", c.firstCheck.Load() != 0, "waited_seconds", c.engine.times.slow.Seconds())
		c.callbacks.post(func() { c.onState(StateConnecting, err) })
	}
}

func (c *conn) current() (State, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state, time.Since(c.since)
}

// sawCheck notes the first connectivity check: the peer's packets reach us.
func (c *conn) sawCheck(*stun.Message, ice.Candidate, ice.Candidate, *ice.CandidatePair) bool {
	if c.firstCheck.Load() == 0 {
		c.firstCheck.CompareAndSwap(0, time.Now().UnixNano())
	}
	return false
}

// localCandidate passes on what was found after a description had been given;
// earlier ones are part of it.
func (c *conn) localCandidate(cand *webrtc.ICECandidate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cand == nil {
		select {
		case <-c.gathered:
		default:
			close(c.gathered)
		}
		return
	}
	if c.trickle && c.onCandidate != nil {
		init := cand.ToJSON()
		c.callbacks.post(func() { c.onCandidate(init) })
	}
}

// regather is called before local credentials change.
func (c *conn) regather() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gathered = make(chan struct{})
	c.trickle = false
	c.restarts++
}

// awaitGathering waits for our candidates, which takes a moment at most unless
// outside servers are asked; the rest is trickled.
func (c *conn) awaitGathering() {
	c.mu.Lock()
	gathered := c.gathered
	c.mu.Unlock()
	t := time.NewTimer(gatherWait)
	defer t.Stop()
	select {
	case <-gathered:
	case <-t.C:
		c.mu.Lock()
		c.trickle = true
		c.mu.Unlock()
	}
}

// tellCredentials passes on our credentials in a description of ours, when they are
// new.
func (c *conn) tellCredentials(local string) {
	if c.onCredentials == nil {
		return
	}
	ufrag, pwd := valueOf(local, "a=ice-ufrag:"), valueOf(local, "a=ice-pwd:")
	c.mu.Lock()
	told := c.ufrag == ufrag
	c.ufrag = ufrag
	c.mu.Unlock()
	if !told {
		c.onCredentials(ufrag, pwd)
	}
}

// valueOf is what the first line that begins so ends in.
func valueOf(description, begins string) string {
	_, rest, _ := strings.Cut(description, "\n"+begins)
	value, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSuffix(value, "\r")
}

// addCandidate adds a candidate of the peer, or keeps it until its description
// has arrived.
func (c *conn) addCandidate(init webrtc.ICECandidateInit) error {
	c.mu.Lock()
	if c.candidates >= maxCandidates {
		c.mu.Unlock()
		return fault.CandidateLimit.New("limit", maxCandidates)
	}
	c.candidates++
	value := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(init.Candidate), "candidate:"))
	switch {
	case value == "": // end of candidates
		c.mu.Unlock()
		return nil
	case len(value) > 512:
		c.mu.Unlock()
		return fault.CandidateInvalid.New("reason", "too long")
	}
	init.Candidate = value
	countCandidate(&c.kinds.trickled, value)
	if fields := strings.Fields(value); len(fields) > 4 && strings.HasSuffix(fields[4], ".local") {
		// A name only the peer's own network can resolve; see settings.
		c.mu.Unlock()
		return nil
	}
	if _, err := ice.UnmarshalCandidate(value); err != nil &&
		!errors.Is(err, ice.ErrUnknownCandidateTyp) && !errors.Is(err, ice.ErrDetermineNetworkType) {
		c.mu.Unlock()
		return fault.CandidateInvalid.Wrap(err)
	}
	c.paths.name(value, candidateFrame+len(value))
	if !c.remoteSet {
		c.pending = append(c.pending, init)
		c.mu.Unlock()
		return nil
	}
	c.mu.Unlock()
	return c.applyCandidate(init)
}

func (c *conn) applyCandidate(init webrtc.ICECandidateInit) error {
	if err := c.peer.AddCandidate(init); err != nil {
		return fault.CandidateInvalid.Wrap(err)
	}
	return nil
}

// remoteApplied lets the kept candidates in, once a description of the peer is
// set. New credentials of the peer begin a new count.
func (c *conn) remoteApplied(restarted bool) {
	c.mu.Lock()
	c.remoteSet = true
	pending := c.pending
	c.pending = nil
	if restarted {
		c.candidates, c.kinds.trickled = len(pending), evidence.Candidates{}
		for _, init := range pending {
			countCandidate(&c.kinds.trickled, init.Candidate)
		}
	}
	c.mu.Unlock()
	for _, init := range pending {
		if err := c.applyCandidate(init); err != nil {
			c.log.Debug("kept candidate refused", "fault", err)
		}
	}
}

// shut ends the peer connection. No callback starts afterwards.
func (c *conn) shut() error {
	defer c.armFailureTimer(webrtc.ICEConnectionStateClosed)
	c.comingUp.settle()
	if !c.callbacks.close() {
		c.log.Error("a callback of a media connection does not return")
	}
	if err := c.peer.Close(); err != nil {
		return fault.Internal.Wrap(err)
	}
	return nil
}

func (c *conn) stats() ConnectionStats {
	c.mu.Lock()
	out := ConnectionStats{
		State: c.state, History: slices.Clone(c.history),
		RemoteCandidates: c.candidates, Restarts: c.restarts,
	}
	c.mu.Unlock()
	if first := c.firstCheck.Load(); first != 0 {
		out.STUNSeen, out.STUNFirst = true, time.Unix(0, first)
	}
	if p := c.selectedPair.Load(); p != nil {
		out.Pair = &CandidatePair{
			Local: hostPort(p.Local), Remote: hostPort(p.Remote),
			LocalType: p.Local.Typ.String(), RemoteType: p.Remote.Typ.String(),
			Protocol: p.Local.Protocol.String(),
		}
	}
	return out
}

// unanswered is the reason of a handshake whose packets vanish.
const unanswered = "nobody answered in time"

// Secured tells whether a failure leaves a connection that may come back: it is not one
// of its handshake, which is made once.
func Secured(err error) bool {
	f, ok := errors.AsType[*fault.Error](err)
	return !ok || f.Kind != fault.DTLSFailed
}

// Unanswered tells whether a connection failed because the packets of its
// handshake vanish on a path that small packets pass: what a network does that
// cannot carry packets of their size, and does not say so.
func Unanswered(err error) bool {
	f, ok := errors.AsType[*fault.Error](err)
	return ok && f.Kind == fault.DTLSFailed && f.Detail("reason") == unanswered
}

func hostPort(c *webrtc.ICECandidate) string {
	return joinHostPort(c.Address, c.Port)
}
