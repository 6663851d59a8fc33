// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"fmt"
	"slices"
	"strings"
)

// Op is an operation in which a fault can occur, in the words of the trade.
type Op string

// The operations of a call and of the REST API.
const (
	OpInit       Op = "init"        // asking where and how to connect
	OpConnect    Op = "connect"     // opening the signalling socket
	OpPreview    Op = "preview"     // looking before joining
	OpJoin       Op = "join"        // entering a room
	OpPublish    Op = "publish"     // sending a track
	OpUnpublish  Op = "unpublish"   // withdrawing a track
	OpSubscribe  Op = "subscribe"   // receiving a track
	OpReconnect  Op = "reconnect"   // resuming after a lost connection
	OpLeave      Op = "leave"       // leaving or being made to
	OpCapture    Op = "capture"     // opening a camera, microphone or screen
	OpPlayback   Op = "playback"    // playing a remote track
	OpMessage    Op = "message"     // sending a message to peers
	OpMetadata   Op = "metadata"    // reading or writing session metadata
	OpUpdate     Op = "update"      // changing a peer, a track or a group
	OpRoleChange Op = "role-change" // changing a role
	OpMute       Op = "mute"        // asking others to mute or unmute
	OpRemove     Op = "remove"      // removing a peer
	OpEndRoom    Op = "end-room"    // ending a session
	OpPeers      Op = "peers"       // listing and finding peers
	OpPoll       Op = "poll"        // polls and quizzes
	OpStream     Op = "stream"      // recording, streaming, transcription
	OpStats      Op = "stats"       // reading statistics
	OpReport     Op = "report"      // delivering an event report
	OpToken      Op = "token"       // exchanging a room code for a token
	OpAPI        Op = "api"         // a call of the REST API

	OpForceUnpublish Op = "force-unpublish" // ending another peer's stream
	OpPlugin         Op = "plugin"          // running a media plugin in the client
	OpPlaylist       Op = "playlist"        // playing a list of media files into a call
	OpServe          Op = "serve"           // starting and running the server
)

// Ops returns every operation, in the order of the declarations above.
func Ops() []Op {
	return []Op{
		OpInit, OpConnect, OpPreview, OpJoin, OpPublish, OpUnpublish, OpSubscribe, OpReconnect, OpLeave,
		OpCapture, OpPlayback, OpMessage, OpMetadata, OpUpdate, OpRoleChange, OpMute, OpRemove, OpEndRoom,
		OpPeers, OpPoll, OpStream, OpStats, OpReport, OpToken, OpAPI,
		OpForceUnpublish, OpPlugin, OpPlaylist, OpServe,
	}
}

// Area is the part of a call a fault belongs to. Each area is one file or two
// of this package.
type Area string

// The areas.
const (
	AreaAuth      Area = "auth"         // tokens, keys, permissions
	AreaRoom      Area = "room"         // rooms, roles and who is in them
	AreaSession   Area = "session"      // what peers share while a session runs: messages, metadata, polls
	AreaMedia     Area = "media"        // tracks, codecs, negotiation, playback
	AreaDevice    Area = "device"       // cameras, microphones, screens
	AreaNetwork   Area = "network"      // reaching the server at all
	AreaSignal    Area = "signalling"   // the socket and the calls on it
	AreaTransport Area = "transport"    // ICE, DTLS, SCTP, STUN and TURN
	AreaClient    Area = "client state" // what the client itself was doing
	AreaServer    Area = "server"       // what only the operator can see
)

// Areas returns every area, in reading order.
func Areas() []Area {
	return []Area{
		AreaAuth, AreaRoom, AreaSession, AreaMedia, AreaDevice, AreaNetwork, AreaSignal, AreaTransport,
		AreaClient, AreaServer,
	}
}

// Category groups faults the way an app reacts to them.
type Category string

// The categories. The first three are those an app meets in production or
// development; the others refine them.
const (
	Connection Category = "connection"     // the network or the path to the server
	Device     Category = "capture device" // camera, microphone, screen
	Permission Category = "permission"     // token, role, room policy
	API        Category = "api"            // a call was made wrongly or at the wrong time
	Media      Category = "media"          // negotiation, codecs, playback
	Server     Category = "internal"       // our own fault
)

// Categories returns every category.
func Categories() []Category { return []Category{Connection, Device, Permission, API, Media, Server} }

// Retry says whether and how trying again can help.
type Retry string

// Retry advice.
const (
	RetryNever    Retry = "never"            // the same will happen again
	RetrySame     Retry = "same settings"    // trying again at once can work
	RetryBackoff  Retry = "after backoff"    // wait, then try again with the same settings
	RetryUser     Retry = "after user acts"  // the user must do something first
	RetryNewToken Retry = "with a new token" // the app must fetch a new token first
)

// Retries returns every piece of advice.
func Retries() []Retry {
	return []Retry{RetryNever, RetrySame, RetryBackoff, RetryUser, RetryNewToken}
}

// Party is who can put a fault right.
type Party string

// The parties.
const (
	ByUser     Party = "user"
	ByApp      Party = "app"
	ByOperator Party = "operator"
	ByVendor   Party = "vendor"
)

// Parties returns every party.
func Parties() []Party { return []Party{ByUser, ByApp, ByOperator, ByVendor} }

// Kind is one condition: what happened, why, and what to do about it.
// A *Kind is a valid target for errors.Is.
type Kind struct {
	ID       string   // stable dotted id, such as "room.full"; never reused
	Title    string   // a few words, sentence case, no full stop; no two kinds share one
	Area     Area     // the part of a call it belongs to
	Category Category // how an app groups it
	What     string   // what happened
	Why      string   // why it happens
	Sign     string   // what to look at to tell it from its neighbours, who may share its vendor codes
	Do       string   // what the developer does about it
	User     string   // what to tell the user, in English; the key is "fault."+ID
	Ops      []Op     // operations in which it can occur; the first is the usual one
	Terminal bool     // the session is over and the app must join again
	Retry    Retry    // whether joining or calling again can work
	FixedBy  []Party  // who can put it right, the likeliest first
	CausedBy []string // ids of faults that can lie behind this one, the likeliest first
	See      []string // ids of neighbours worth reading, where neither causes the other
	Links    []string // defining sections of RFCs, W3C documents or vendor pages
	Status   int      // HTTP status (RFC 9110) that says it best; 0 for faults only a client sees
}

// CanRetry tells whether trying again with the very same settings can work.
func (k *Kind) CanRetry() bool { return k.Retry == RetrySame || k.Retry == RetryBackoff }

// LeadsTo lists the faults that this one can lie behind: the edges of CausedBy
// in the other direction, sorted by id.
func (k *Kind) LeadsTo() []*Kind {
	var out []*Kind
	for _, other := range kinds {
		if slices.Contains(other.CausedBy, k.ID) {
			out = append(out, other)
		}
	}
	slices.SortFunc(out, compareIDs)
	return out
}

// Error makes a *Kind usable as the target of errors.Is.
func (k *Kind) Error() string { return k.ID + ": " + k.Title }

// New returns an occurrence of k. The arguments are pairs of a detail's name
// and its value; details may be shown to the peer, so they hold no secrets.
func (k *Kind) New(details ...any) error { return k.make(nil, details) }

// Wrap returns an occurrence of k caused by err. The cause is for the
// operator: it is logged and never sent to the peer.
func (k *Kind) Wrap(err error, details ...any) error { return k.make(err, details) }

func (k *Kind) make(cause error, pairs []any) *Error {
	e := &Error{Kind: k, Err: cause}
	for i := 0; i+1 < len(pairs); i += 2 {
		e.Details = append(e.Details, Detail{Name: fmt.Sprint(pairs[i]), Value: pairs[i+1]})
	}
	return e
}

var (
	kinds []*Kind
	byID  = map[string]*Kind{}
)

// declare adds a kind to the catalogue. A second use of an id is a bug in the
// program text, so it panics while the package is initialised.
func declare(k Kind) *Kind {
	if _, taken := byID[k.ID]; taken || k.ID == "" {
		panic("fault: id used twice or empty: " + k.ID)
	}
	kinds = append(kinds, &k)
	byID[k.ID] = &k
	return &k
}

// All returns every kind, sorted by id. The slice is the caller's; the kinds
// are shared and must not be changed.
func All() []*Kind {
	all := slices.Clone(kinds)
	slices.SortFunc(all, compareIDs)
	return all
}

func compareIDs(a, b *Kind) int { return strings.Compare(a.ID, b.ID) }

// Lookup finds a kind by id, or nil.
func Lookup(id string) *Kind { return byID[id] }
