// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package inject

import (
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Mechanism is one way to make something fail.
type Mechanism struct {
	Name         string        // how it is asked for
	Point        string        // where it works; two rules for one peer need two points
	also         []string      // further points it takes up
	About        string        // what it does, in a sentence
	For          time.Duration // how long, unless said otherwise; 0 for what happens at a moment
	DefaultFault string        // the fault it stands for when asked for by name; "" when it needs one
	// once mechanisms do something at a moment; the others last.
	once bool
	// method mechanisms work on calls and can be narrowed to one.
	method bool
	// packets mechanisms work on packets; a count of them is not kept.
	packets bool
	// mixes packets mechanisms can be at work on the same packets as others.
	mixes bool
}

// points are all that a mechanism takes up.
func (m *Mechanism) points() []string { return append([]string{m.Point}, m.also...) }

// The mechanisms' names.
const (
	AtInit      = "init"     // GET /init is refused
	AtRubbish   = "rubbish"  // GET /init answers with something else
	AtUpgrade   = "upgrade"  // the WebSocket upgrade is refused
	AtCall      = "call"     // a call is refused
	AtHang      = "hang"     // a call is never answered
	AtSlow      = "slow"     // a call is answered late
	AtNonsense  = "nonsense" // a call is answered with something that is no answer to it
	AtError     = "error"    // an error is sent unasked
	AtCut       = "cut"      // TCP ends without a close frame
	AtClose     = "close"    // the socket ends with a close frame
	AtSilence   = "silence"  // nothing is sent on the socket
	AtKick      = "kick"     // the peer is removed
	AtSDP       = "half-sdp" // half a session description is sent
	AtPrint     = "wrong-fingerprint"
	AtMove      = "migrate"   // the peer is told to move to another node
	AtBlackhole = "blackhole" // media packets are dropped
	AtLoss      = "loss"      // some are
	AtDelay     = "delay"     // they are late
	AtCorrupt   = "corrupt"   // they are damaged
	AtBandwidth = "bandwidth" // what exceeds a rate is dropped
	AtKeyframes = "keyframes" // requests for key frames are dropped
	AtStore     = "store"     // reports cannot be stored

	AtToken   = "token"       // tokens have expired, are revoked, or are not valid yet
	AtClock   = "clock"       // the clock by which tokens are judged is wrong
	AtRoom    = "room"        // the room is full, locked, disabled, or lacks the role
	AtAway    = "unreachable" // the server does not answer
	AtRestart = "restart"     // the node restarts
	AtMute    = "camera-off"  // the peer is asked to switch its video off
	AtStrange = "strange-role"

	AtEngine    = "engine"        // the media engine does not answer, or answers nonsense
	AtCandidate = "bad-candidate" // a candidate nobody can read is sent
)

const usualFor = 30 * time.Second

// Mechanisms lists them all.
func Mechanisms() []Mechanism {
	return []Mechanism{
		{Name: AtInit, Point: "init", For: usualFor, About: "the first call of a client, /init, is refused with the fault or the number asked for"},
		{Name: AtRubbish, Point: "init", For: usualFor, DefaultFault: fault.ResponseNotJSON.ID, About: "the first call of a client, such as /init, is answered 200 with a page that is not JSON, with nothing, or without what should be in it"},
		{Name: AtUpgrade, Point: "upgrade", For: usualFor, DefaultFault: fault.SignalUpgrade.ID, About: "the upgrade to a WebSocket is refused with 503"},
		{Name: AtCall, Point: "call", For: usualFor, method: true, About: "calls, or those of one method, are refused with the fault or the number asked for"},
		{Name: AtHang, Point: "call", For: usualFor, method: true, DefaultFault: fault.NegotiationTimeout.ID, About: "calls, or those of one method, are carried out by nobody and never answered"},
		{Name: AtSlow, Point: "call", For: usualFor, method: true, DefaultFault: fault.NegotiationTimeout.ID, About: "calls, or those of one method, are answered late"},
		{Name: AtNonsense, Point: "call", For: usualFor, method: true, DefaultFault: fault.ResponseUnexpected.ID, About: "calls, or those of one method, are carried out by nobody and answered with something that is no answer to them"},
		{Name: AtEngine, Point: "engine", For: usualFor, DefaultFault: fault.MediaNodeUnreachable.ID, About: "calls that need the media engine fail as if it refused them; with -delay, as if it did not answer for so long; as media_node.response, as if its answer could not be decoded"},
		{Name: AtError, Point: "error", once: true, About: "the fault or the number asked for is sent to the client unasked, which ends its session"},
		{Name: AtCut, Point: "socket", once: true, DefaultFault: fault.SignalLost.ID, About: "the TCP connection of the socket ends without a close frame, with -delay once it is so old"},
		{Name: AtClose, Point: "socket", once: true, DefaultFault: fault.SignalLost.ID, About: "the socket ends with close frame 1012"},
		{Name: AtSilence, Point: "socket", For: usualFor, DefaultFault: fault.SignalSilent.ID, About: "nothing is sent on the socket, which stays open"},
		{Name: AtKick, Point: "seat", once: true, DefaultFault: fault.PeerRemoved.ID, About: "the peer is removed from the room"},
		{Name: AtSDP, Point: "sdp", For: usualFor, DefaultFault: fault.SDPSetRemote.ID, About: "the session descriptions sent to the client are cut in half; a peer inside is sent a new one at once"},
		{Name: AtCandidate, Point: "sdp", For: usualFor, DefaultFault: fault.RenegotiationFailed.ID, About: "a candidate that cannot be read is sent to the client ahead of every offer; a peer inside is sent both at once"},
		{Name: AtPrint, Point: "sdp", For: usualFor, DefaultFault: fault.DTLSFingerprint.ID, About: "answers carry the fingerprint of another certificate; it takes effect when a connection is set up"},
		{Name: AtMove, Point: "seat", once: true, DefaultFault: fault.NodeMoved.ID, About: "the peer's connections end and it is told to continue on another node, as after a restart"},
		{Name: AtBlackhole, Point: "packets", For: 90 * time.Second, packets: true, DefaultFault: fault.ICEFailed.ID, About: "packets of the media connections are dropped"},
		{Name: AtLoss, Point: "packets", For: usualFor, packets: true, mixes: true, DefaultFault: fault.ICEDisconnected.ID, About: "a share of the packets (probability) is dropped"},
		{Name: AtDelay, Point: "packets", For: usualFor, packets: true, mixes: true, DefaultFault: fault.ICEDisconnected.ID, About: "packets are delivered late"},
		{Name: AtCorrupt, Point: "packets", For: usualFor, packets: true, mixes: true, DefaultFault: fault.ICEDisconnected.ID, About: "a share of the packets (probability) is damaged"},
		{Name: AtBandwidth, Point: "packets", For: usualFor, packets: true, mixes: true, DefaultFault: fault.ICEDisconnected.ID, About: "packets beyond a rate are dropped"},
		{Name: AtKeyframes, Point: "packets", For: usualFor, packets: true, mixes: true, DefaultFault: fault.SubscriberFailed.ID, About: "the server's requests for key frames never reach the publisher"},
		{Name: AtStore, Point: "store", For: usualFor, DefaultFault: fault.StoreUnavailable.ID, About: "reports cannot be stored, as on a full disk: over HTTP, alone or in batches, they are answered 503; on the socket they are lost"},
		{Name: AtToken, Point: "token", For: usualFor, DefaultFault: fault.TokenExpired.ID, About: "tokens really are judged expired, revoked or not valid yet, wherever one is shown; revoking puts those inside out"},
		{Name: AtClock, Point: "token", For: usualFor, DefaultFault: fault.ServerClock.ID, About: "the clock by which tokens are judged is off by a year, or by -skew: ahead they have expired, behind they are not valid yet"},
		{Name: AtRoom, Point: "room", For: usualFor, About: "the room is full, locked or disabled, or lacks the role, for whoever is not inside yet; those inside stay and may come back"},
		{Name: AtAway, Point: "door", also: []string{"init", "upgrade"}, For: usualFor, DefaultFault: fault.EndpointUnreachable.ID, About: "connections for /init and the WebSocket end without an answer, as if nobody listened; open sockets stay"},
		{Name: AtRestart, Point: "door", also: []string{"init", "upgrade", "socket", "seat"}, For: 3 * time.Second, DefaultFault: fault.NodeMoved.ID, About: "the node restarts: sockets close with 1012, media connections end, nothing answers for -for, and then another node does"},
		{Name: AtMute, Point: "seat", once: true, DefaultFault: fault.PeerUnavailable.ID, About: "the peer is asked to switch its video off, as a moderator asks; its SDK does so by itself"},
		{Name: AtStrange, Point: "seat", once: true, DefaultFault: fault.ClientRoleUnknown.ID, About: "the client is told of a peer whose role its policy does not name"},
	}
}

// mechanism finds one by name.
func mechanism(name string) (Mechanism, bool) {
	all := Mechanisms()
	i := slices.IndexFunc(all, func(m Mechanism) bool { return m.Name == name })
	if i < 0 {
		return Mechanism{}, false
	}
	return all[i], true
}

// own are the faults that have a mechanism of their own, the usual one first.
// The others are told to the client, where the server is who tells them.
var own = map[string][]string{
	fault.SignalLost.ID:          {AtCut, AtClose, AtSilence},
	fault.SignalClosed.ID:        {AtClose, AtCut},
	fault.SignalSilent.ID:        {AtSilence},
	fault.SignalUpgrade.ID:       {AtUpgrade},
	fault.NodeMoved.ID:           {AtMove, AtRestart},
	fault.PeerRemoved.ID:         {AtKick, AtInit, AtError},
	fault.SDPSetRemote.ID:        {AtSDP},
	fault.RenegotiationFailed.ID: {AtCandidate},
	fault.DTLSFingerprint.ID:     {AtPrint},
	fault.DTLSFailed.ID:          {AtPrint},
	fault.ICEFailed.ID:           {AtBlackhole},
	fault.ICEDisconnected.ID:     {AtBlackhole, AtLoss, AtDelay, AtCorrupt, AtBandwidth},
	fault.StoreUnavailable.ID:    {AtStore, AtInit, AtCall},
	fault.ResponseNotJSON.ID:     {AtRubbish},
	fault.ResponseEmpty.ID:       {AtRubbish},
	fault.ResponseMalformed.ID:   {AtRubbish},
	fault.ResponseUnexpected.ID:  {AtNonsense, AtHang},
	fault.PublisherFailed.ID:     {AtCall},
	fault.SubscriberFailed.ID:    {AtKeyframes, AtCall},
	fault.ReportFailed.ID:        {AtStore},
	fault.Internal.ID:            {AtInit, AtCall, AtError},
	fault.ResponseStatus.ID:      {AtInit, AtCall, AtError},

	fault.TokenExpired.ID:         {AtToken, AtInit, AtCall, AtError},
	fault.TokenRevoked.ID:         {AtToken, AtInit, AtCall, AtError},
	fault.TokenNotYetValid.ID:     {AtToken, AtInit, AtCall, AtError},
	fault.TokenRole.ID:            {AtRoom, AtInit, AtCall, AtError},
	fault.RoomFull.ID:             {AtRoom, AtInit, AtCall, AtError},
	fault.RoleFull.ID:             {AtRoom, AtInit, AtCall, AtError},
	fault.RoomLocked.ID:           {AtRoom, AtInit, AtCall, AtError},
	fault.RoomDisabled.ID:         {AtRoom, AtInit, AtCall, AtError},
	fault.QueueFull.ID:            {AtInit, AtCall, AtError},
	fault.ServerClock.ID:          {AtClock, AtInit, AtCall, AtError},
	fault.EndpointUnreachable.ID:  {AtAway},
	fault.MediaNodeUnreachable.ID: {AtEngine, AtCall, AtBlackhole, AtError},
	fault.MediaNodeResponse.ID:    {AtEngine, AtCall, AtError},
	fault.ClientRoleUnknown.ID:    {AtStrange},
	fault.FeatureUnsupported.ID:   {AtCall, AtError},
}

// Call is a call of clients, as a wire has it.
type Call struct {
	Op     fault.Op // what it is for
	Method string   // its name on the wire
	Main   bool     // the usual call of its operation on this wire
	Media  bool     // it makes the media engine do something
	Ping   bool     // it only keeps the connection alive
}

// callable are the operations that are asked for by a call once a client is
// inside.
var callable = []fault.Op{
	fault.OpJoin, fault.OpPublish, fault.OpSubscribe, fault.OpMessage, fault.OpMetadata, fault.OpUpdate, fault.OpRoleChange, fault.OpMute,
	fault.OpRemove, fault.OpForceUnpublish, fault.OpEndRoom, fault.OpPeers, fault.OpPoll,
}

// WaysIn are the mechanisms that produce a fault in an operation, the usual one first;
// none with the reason why. "" is any operation.
func WaysIn(k *fault.Kind, op fault.Op) (names []string, why string) {
	names, why = Ways(k)
	switch {
	case op == fault.OpCapture || op == fault.OpStats:
		return nil, "it arises in the browser, and nothing is asked of the server then; make it fail in the page"
	case op == "" || why != "" && elsewhere(k) != "":
		return names, why
	case op == fault.OpMessage && k == fault.ResponseUnexpected:
		return []string{AtHang}, "" // what the answer says does not matter to clients
	case !slices.Contains(callable, op):
		return names, why
	case slices.Contains(names, AtCall):
		first := slices.DeleteFunc(slices.Clone(names), func(at string) bool { return at == AtCall })
		return append([]string{AtCall}, first...), ""
	case len(names) == 0 && k.Status >= 400:
		return []string{AtCall}, ""
	}
	return names, why
}

// Ways are the mechanisms that can produce a fault, the usual one first; none
// with the reason why.
func Ways(k *fault.Kind) (names []string, why string) {
	if names := own[k.ID]; names != nil {
		return names, ""
	}
	if why := elsewhere(k); why != "" {
		return nil, why
	}
	if k.Status >= 400 {
		if slices.Contains(k.Ops, fault.OpInit) || slices.Contains(k.Ops, fault.OpConnect) || slices.Contains(k.Ops, fault.OpReconnect) {
			return []string{AtInit, AtCall, AtError}, ""
		}
		if slices.ContainsFunc(k.Ops, func(op fault.Op) bool { return slices.Contains(callable, op) }) {
			return []string{AtCall, AtError}, ""
		}
	}
	return nil, "no call of a client is ever answered with it"
}

// elsewhere says why a server cannot produce a fault, or "".
func elsewhere(k *fault.Kind) string {
	switch {
	case k.Area == fault.AreaDevice:
		return "it arises when the browser opens a camera, microphone or screen; replace navigator.mediaDevices.getUserMedia or getDisplayMedia in the page"
	case k.Area == fault.AreaClient:
		return "it arises in the client's own state before anything is sent; provoke it by calling the SDK so"
	case strings.HasPrefix(k.ID, "playback."):
		return "it arises when the browser plays media; replace HTMLMediaElement.prototype.play in the page"
	case strings.HasPrefix(k.ID, "sdp.create_"), k.ID == fault.SDPSetLocal.ID, strings.HasPrefix(k.ID, "encoder."),
		strings.HasPrefix(k.ID, "stats."), strings.HasPrefix(k.ID, "peerconnection."):
		return "it arises inside the browser's RTCPeerConnection; replace the method of its prototype in the page"
	case strings.HasPrefix(k.ID, "turn."), strings.HasPrefix(k.ID, "stun."):
		return "a STUN or TURN server says it, and this is neither"
	case strings.HasPrefix(k.ID, "network."), strings.HasPrefix(k.ID, "tls."), strings.HasPrefix(k.ID, "endpoint."):
		return "it arises before the client reaches this server; take the client's network away or give it another address"
	case slices.Contains(k.Ops, fault.OpServe) && len(k.Ops) == 1:
		return "it concerns whoever runs the server and is never told to a client"
	}
	return ""
}
