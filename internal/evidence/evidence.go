// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package evidence holds what the server knew when something failed: facts as
// fields, from which a cause can be told long after, on another machine.
//
// A fact that is not known is absent, which is not the same as false or zero.
// Nothing here is a judgement, no fact is a text that somebody has to parse, and
// none is a secret or the address of a person.
package evidence

import (
	"encoding/json"
	"net/netip"
	"slices"
	"time"
)

// Version is the version of [Record] that this program writes. A reader takes
// the members it knows from any version.
const Version = 1

// MaxBytes is how large an encoded record may be.
const MaxBytes = 2 << 10

// Record is the evidence about one failure.
type Record struct {
	V      int       `json:"v"`
	At     time.Time `json:"at,omitzero"`         // when it was taken
	Path   *Path     `json:"path,omitempty"`      // the media connection that the failure is about
	Socket *Socket   `json:"socket,omitempty"`    // the signalling socket, the last one when the peer is away
	Door   *Door     `json:"door,omitempty"`      // the request that was refused, or that took the place of the socket
	Token  *Token    `json:"token,omitempty"`     // the token that came with it
	Same   []Seat    `json:"same_user,omitempty"` // others in the room that are of the same user; at most [MaxSeats]
	Reach  []Reach   `json:"reach,omitempty"`     // who got through to the addresses that peers are told; at most [MaxReach]
	Self   *Self     `json:"self,omitempty"`      // how this process fares
	Turn   *Turn     `json:"turn,omitempty"`      // what this server's TURN listeners saw of the peer; absent where there are none
	Notes  []Note    `json:"notes,omitempty"`     // what the client's SDK remarked since the last record, oldest first; at most [MaxNotes]

	// Clipped tells that something was left out to keep to MaxBytes: see AppendJSON.
	Clipped bool `json:"clipped,omitempty"`
	// Cut is the last list that something was left out of, by the name of its member,
	// or "first" for those of the traffic; what comes after it in the order of
	// AppendJSON is whole.
	Cut string `json:"cut,omitempty"`
}

// Whole tells whether nothing was left out of a list, as far as that is known.
func (r *Record) Whole(list string) bool {
	at := slices.Index(clipOrder, r.Cut)
	return !r.Clipped || at >= 0 && at < slices.Index(clipOrder, list)
}

// clipOrder is the order in which lists are shortened, by their members.
var clipOrder = []string{"notes", "changes", "first", "tracks", "pairs", "same_user", "reach", "traffic", "turn"}

// Path is the state of a media connection.
type Path struct {
	Side       string     `json:"side"`               // "publish" or "subscribe", as the peer sees it
	State      string     `json:"state"`              // "connecting", "connected", "disconnected", "failed" or "closed"
	Since      time.Time  `json:"since,omitzero"`     // when that began
	DTLS       string     `json:"dtls,omitempty"`     // the latest state of the handshake, as W3C RTCDtlsTransportState; absent before it began
	Pairs      []Pair     `json:"pairs,omitempty"`    // pairs of candidates, the one in use first; at most [MaxPairs]
	Candidates Candidates `json:"candidates"`         // that the peer has sent
	STUN       bool       `json:"stun"`               // a connectivity check of the peer has arrived
	STUNAt     time.Time  `json:"stun_at,omitzero"`   // when the first one did
	RTP        Flow       `json:"rtp,omitzero"`       // the last media packets
	RTCP       Flow       `json:"rtcp,omitzero"`      // the last reports about them, but for those of which the library alone knows
	Traffic    []Traffic  `json:"traffic,omitempty"`  // what passed, of each class that did
	Restarts   int        `json:"restarts,omitempty"` // ICE restarts so far
	Tracks     []Track    `json:"tracks,omitempty"`   // what it carries; at most [MaxTracks]
	Changes    []Change   `json:"changes,omitempty"`  // the latest changes of state, oldest first; at most [MaxChanges]
}

// How many of a kind a record has at most.
const (
	MaxPairs   = 3
	MaxTracks  = 4
	MaxChanges = 8
	MaxSeats   = 3
	MaxReach   = 4
	MaxNotes   = 32
)

// Pair is a pair of candidates by their kinds (RFC 8445, section 5.1.1), and what
// went over it.
type Pair struct {
	Protocol string `json:"protocol"`           // "udp" or "tcp"
	Local    string `json:"local"`              // "host", "srflx", "prflx" or "relay"
	Remote   string `json:"remote"`             // the same
	Selected bool   `json:"selected,omitempty"` // in use, or was last
	State    string `json:"state,omitempty"`    // of its checks (RFC 8445, section 6.1.2.6)

	Asked    time.Time `json:"asked,omitzero"`    // the last check that the peer sent
	Answered time.Time `json:"answered,omitzero"` // the last answer of the peer to a check of ours
	In       time.Time `json:"in,omitzero"`       // the last packet that came, of any kind but checks
	Out      time.Time `json:"out,omitzero"`      // the last one that went
}

// Candidates counts the candidates of a peer by kind, and those over TCP, and
// those that name no address but a name in the peer's own network (mDNS).
type Candidates struct {
	Host  int `json:"host"`
	Srflx int `json:"srflx"`
	Relay int `json:"relay"`
	TCP   int `json:"tcp"`
	MDNS  int `json:"mdns"`
	Other int `json:"other,omitempty"` // of another kind, or unreadable
}

// Flow is when packets last came from the peer and went to it.
type Flow struct {
	In  time.Time `json:"in,omitzero"`
	Out time.Time `json:"out,omitzero"`
}

// Traffic is what passed between the server and a connection over one transport, of
// one class of packets (RFC 7983), as they came from the network and went to it.
type Traffic struct {
	Protocol string `json:"protocol"`      // "udp" or "tcp"
	Class    string `json:"class"`         // "stun", "dtls", "media" or "other"
	In       *Way   `json:"in,omitempty"`  // absent: nothing
	Out      *Way   `json:"out,omitempty"` // the same
}

// Way is one direction of [Traffic].
type Way struct {
	Packets uint64    `json:"packets"`
	First   time.Time `json:"first,omitzero"`    // of what is not media
	Last    time.Time `json:"last,omitzero"`     // the same
	Largest int       `json:"largest,omitempty"` // bytes, of DTLS
	Alert   *int      `json:"alert,omitempty"`   // the last alert of DTLS that was not encrypted (RFC 5246, section 7.2)
}

// Track is how far a track has come: on the publish side what arrived, on the
// subscribe side what went out.
type Track struct {
	ID        string `json:"id"`
	Kind      string `json:"kind"`                      // "audio" or "video"
	Codec     string `json:"codec,omitempty"`           // of what arrives; before, what the answer put first
	Packets   uint64 `json:"packets"`                   // RTP packets that arrived, or that went to a subscriber
	Keyframes uint64 `json:"keyframes"`                 // of video
	Asked     uint64 `json:"keyframes_asked,omitempty"` // key frames asked of the publisher, or by the subscriber

	Announced time.Time `json:"announced,omitzero"` // when an offer of the publisher had it first
	First     time.Time `json:"first,omitzero"`     // when its first packet came
	FirstKey  time.Time `json:"first_key,omitzero"` // when its first key frame did

	State   string    `json:"state,omitempty"`   // of forwarding
	Since   time.Time `json:"since,omitzero"`    // when that began, to within half a second
	Wanted  string    `json:"wanted,omitempty"`  // layer that the subscriber asked for
	Target  string    `json:"target,omitempty"`  // that is aimed at
	Current string    `json:"current,omitempty"` // that is forwarded
}

// Change is a change of state of a part of a connection.
type Change struct {
	What  string    `json:"what"` // "ice", "dtls" or "connection"
	State string    `json:"state"`
	At    time.Time `json:"at"`
}

// Socket is the state of a signalling socket, open or ended.
type Socket struct {
	Opened  time.Time `json:"opened"`                  // when it was accepted
	In      time.Time `json:"in,omitzero"`             // the last frame of the client
	Out     time.Time `json:"out,omitzero"`            // the last frame that was written
	Ended   time.Time `json:"ended,omitzero"`          // absent while it is open
	By      string    `json:"by,omitempty"`            // who ended it: one of the constants below
	How     string    `json:"how,omitempty"`           // and how
	Code    int       `json:"code,omitempty"`          // of the close frame (RFC 6455, section 7.4), whoever sent it; absent without one
	Unacked *uint64   `json:"unacked_bytes,omitempty"` // that the other end's system had not acknowledged; absent behind a proxy
	Door    *Door     `json:"door,omitempty"`          // the request that it came of
	Before  int       `json:"before"`                  // sockets that this peer had before
}

// Who ended a socket.
const (
	ByRemote  = "remote"  // the other end of the connection: the client, or a proxy before it
	ByServer  = "server"  // this process
	ByNetwork = "network" // neither end said so
)

// How a socket ended.
const (
	HowClose   = "close"   // with a close frame
	HowFIN     = "fin"     // the stream ended without a close frame
	HowReset   = "reset"   // the connection broke
	HowSilence = "silence" // nothing came for too long, so it was cut
	HowStuck   = "stuck"   // nothing could be written for too long, so it was cut
	HowSlow    = "slow"    // the client left too much unread
)

// Door is what a request shows of the way it came.
type Door struct {
	Proto   string `json:"proto"`            // such as "HTTP/1.1"
	TLS     bool   `json:"tls"`              // it reached this process over TLS
	Proxied bool   `json:"proxied"`          // it says that something stood in between
	Origin  string `json:"origin,omitempty"` // scheme and host of the page; absent for what is no browser
	Client  string `json:"client,omitempty"` // kind of the client's address: see [Kind]
	Peer    string `json:"peer,omitempty"`   // kind of the address that connected, where it is another
	Local   string `json:"local,omitempty"`  // kind of our own address that it reached

	// Hashes of the same addresses; see [Hasher].
	ClientHash string `json:"client_hash,omitempty"`
	PeerHash   string `json:"peer_hash,omitempty"`
	LocalHash  string `json:"local_hash,omitempty"`
}

// Token is what a token said of itself, against the server's clock.
type Token struct {
	IssuedAt  time.Time `json:"iat,omitzero"`
	NotBefore time.Time `json:"nbf,omitzero"`
	Expires   time.Time `json:"exp,omitzero"`
	Now       time.Time `json:"now"` // the server's clock when it looked

	// Of the tokens of the same access key that were accepted within the last 10
	// minutes, the newest: when it came, and how old it was by the server's clock.
	KeyAt  time.Time `json:"key_at,omitzero"`
	KeyAge *int64    `json:"key_age_ms,omitempty"`
}

// Seat is another participant of the same user in the room.
type Seat struct {
	Since   time.Time `json:"since"`         // when it came
	Away    time.Time `json:"away,omitzero"` // since when it has had no socket; absent while it has one
	Address bool      `json:"same_address"`  // its last socket came from the same address or network
	Agent   bool      `json:"same_agent"`    // its client describes itself in the same words
}

// Reach is who got through to one of the addresses that peers are told, within the
// last 10 minutes. Only a connection whose own packet came first is a witness for
// an address: the server's checks reach whoever has no firewall.
type Reach struct {
	Protocol string    `json:"protocol"`          // "udp" or "tcp"
	Address  string    `json:"address"`           // its kind: see [Kind]
	Hash     string    `json:"hash,omitempty"`    // see [Hasher]
	Through  int       `json:"through"`           // connections whose packets came there by themselves and that came up
	Networks int       `json:"networks"`          // from how many networks: a /24 of IPv4, a /48 of IPv6
	Failed   int       `json:"failed,omitempty"`  // connections that did not come up in time, to whichever address; told once
	Probed   time.Time `json:"probed,omitzero"`   // when a packet of our own to it was last sent that arrived or had 5 s to; absent: none was
	Answered time.Time `json:"answered,omitzero"` // when one last arrived, which takes a router that lets us reach ourselves

	Advertised bool   `json:"advertised,omitempty"` // it is a setting, not what an interface of the machine has
	Judged     string `json:"judged,omitempty"`     // by the check of addresses at the start: one of the words below; absent: it was not
}

// What the check of addresses at the start says of one (see [Reach.Judged]).
const (
	JudgedGood     = "good"      // nothing speaks against it
	JudgedUnusable = "unusable"  // nobody can send to it
	JudgedLoopback = "loopback"  // it reaches this machine only, while clients are elsewhere
	JudgedLink     = "linklocal" // it holds on one cable only
	JudgedExample  = "example"   // it is of a network reserved for examples
	JudgedBridge   = "bridge"    // it joins containers or virtual machines of this machine
	JudgedFamily   = "family"    // the socket is of the other address family
	JudgedShared   = "shared"    // it is a carrier's; other networks cannot reach it
	JudgedForeign  = "foreign"   // it is private and not an address of this machine
	JudgedPrivate  = "private"   // it is private, while clients come over the Internet
)

// Turn is what the TURN listeners saw of a peer's user name. Zeros are that nothing
// came with it.
type Turn struct {
	Allocations int       `json:"allocations"`            // relays that it has
	Made        int       `json:"made"`                   // that were made so far
	Over        []string  `json:"over,omitempty"`         // how its client came: "udp", "tcp", "tls"
	Permissions int       `json:"permissions,omitempty"`  // that were made
	In          uint64    `json:"bytes_in,omitempty"`     // relayed from the client
	Out         uint64    `json:"bytes_out,omitempty"`    // and to it
	Refused     []Refusal `json:"refused,omitempty"`      // at most [MaxRefusals]
	Last        time.Time `json:"last,omitzero"`          // when something came
	Host        *TurnHost `json:"same_address,omitempty"` // of those without a relay at the peer's address
}

// TurnHost is what came from an address of those without a relay, the peer or
// others.
type TurnHost struct {
	Refused   []Refusal `json:"refused,omitempty"`    // at most [MaxRefusals]
	Forged    int       `json:"forged,omitempty"`     // requests with a wrong password
	TLSFailed int       `json:"tls_failed,omitempty"` // handshakes that failed
	Alert     int       `json:"alert,omitempty"`      // that the last of these ended with (RFC 8446, section 6)
	Last      time.Time `json:"last,omitzero"`
}

// Refusal counts error responses of one code (RFC 8656, section 19).
type Refusal struct {
	Code  int `json:"code"`
	Times int `json:"times"`
}

// MaxRefusals is how many codes are told apart.
const MaxRefusals = 6

// Self is how this process fares. What is told for 10 minutes is the worst of them.
type Self struct {
	Version  string    `json:"version,omitempty"`
	Started  time.Time `json:"started"`
	Stall    int64     `json:"stall_ms,omitempty"`      // how long it stood still
	StallAt  time.Time `json:"stall_at,omitzero"`       // until when
	Step     int64     `json:"clock_step_ms,omitempty"` // by how much its clock was set, forwards or back
	StepAt   time.Time `json:"clock_step_at,omitzero"`
	Files    int       `json:"files,omitempty"`     // open file descriptors
	MaxFiles int       `json:"max_files,omitempty"` // as many as it may have
	Queue    *int      `json:"events_waiting,omitempty"`
	UDPLost  uint64    `json:"udp_lost,omitempty"` // datagrams since the start for which a socket of this machine had no room
}

// Note is a remark of the client's SDK that is no failure: its own words, cut to
// the members that are single values.
type Note struct {
	At   time.Time                  `json:"at"`             // when it came
	Told time.Time                  `json:"told,omitzero"`  // by the client's clock
	Name string                     `json:"name"`           // the SDK's
	Says string                     `json:"says,omitempty"` // the fault that it tells of, by its id; absent where the SDK's word is for none
	Info map[string]json.RawMessage `json:"info,omitempty"`
}

// Size is what the note costs to keep, roughly, in bytes.
func (n *Note) Size() int {
	size := 64 + len(n.Name) + len(n.Says)
	for k, v := range n.Info {
		size += len(k) + len(v) + 8
	}
	return size
}

// Millis is a time as records have it: in UTC, cut to milliseconds.
func Millis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// Kind is what may be told of an address: its family and how far it reaches, such
// as "ipv4 public", "ipv6 loopback", "ipv4 private", "ipv4 shared" (RFC 6598) or
// "ipv6 link-local"; "" for none.
func Kind(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	a = a.Unmap()
	family := "ipv6 "
	if a.Is4() {
		family = "ipv4 "
	}
	switch {
	case a.IsLoopback():
		return family + "loopback"
	case a.IsLinkLocalUnicast():
		return family + "link-local"
	case a.IsPrivate():
		return family + "private"
	case shared.Contains(a):
		return family + "shared"
	}
	return family + "public"
}

// shared is the space that carriers use behind their own translation.
var shared = netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10)

// AppendJSON appends the record to b in at most [MaxBytes] bytes. Notes are left
// out first, the oldest before the others, then changes of state, the oldest
// first, then when traffic began, tracks, pairs, others of the same user, addresses,
// traffic and relays: who got through is of interest where no traffic is.
func (r *Record) AppendJSON(b []byte) []byte {
	own := *r
	own.V = Version
	path := &Path{}
	if r.Path != nil {
		*path = *r.Path
		own.Path = path
	}
	shorten := []func() bool{ // as clipOrder
		func() bool { return older(&own.Notes) },
		func() bool { return older(&path.Changes) },
		func() bool { return begun(&path.Traffic) },
		func() bool { return fewer(&path.Tracks) },
		func() bool { return fewer(&path.Pairs) },
		func() bool { return fewer(&own.Same) },
		func() bool { return fewer(&own.Reach) },
		func() bool { return fewer(&path.Traffic) },
		func() bool { return none(&own.Turn) },
	}
	for {
		raw, err := json.Marshal(&own)
		if err == nil && len(raw) <= MaxBytes {
			return append(b, raw...)
		}
		at := slices.IndexFunc(shorten, func(one func() bool) bool { return one() })
		if err != nil || at < 0 {
			return append(b, `{"v":1,"clipped":true}`...) // single texts without end, or a time that JSON does not have
		}
		own.Clipped, own.Cut = true, clipOrder[at]
	}
}

// begun drops when traffic began; false where that is gone.
func begun(list *[]Traffic) (had bool) {
	all := slices.Clone(*list)
	for i := range all {
		for _, way := range []**Way{&all[i].In, &all[i].Out} {
			if w := *way; w != nil && !w.First.IsZero() {
				later := *w
				later.First = time.Time{}
				*way, had = &later, true
			}
		}
	}
	*list = all
	return had
}

// none drops what is there; false for nothing.
func none[T any](what **T) bool {
	had := *what != nil
	*what = nil
	return had
}

// older drops the first half of a list, fewer the second; false for none.
func older[T any](list *[]T) bool {
	n := len(*list)
	*list = (*list)[(n+1)/2:]
	return n > 0
}

func fewer[T any](list *[]T) bool {
	n := len(*list)
	*list = (*list)[:n/2]
	return n > 0
}
