// Package evidence holds what the server knew when something failed: facts as
// fields, from which a cause can be told long after, on another machine.
//
// A fact that is not known is absent, which is not the same as false or zero.
// Nothing here is a judgement, and no fact is a text that somebody has to parse.
package evidence

import (
	"encoding/json"
	"time"
)

// Version is the version of [Record] that this program writes. A reader takes
// the members it knows from any version.
const Version = 1

// MaxBytes is how large an encoded record may be.
const MaxBytes = 2 << 10

// Record is the evidence about one failure.
type Record struct {
	V     int      `json:"v"`
	Path  *Path    `json:"path,omitempty"`  // the media connection that the failure is about
	Stage []Stage  `json:"stage,omitempty"` // how far each published track has come
	Token *Token   `json:"token,omitempty"` // the token that was shown
	Notes []string `json:"notes,omitempty"` // what has no field yet, oldest first

	// Clipped tells that notes or stages were left out to keep to MaxBytes.
	Clipped bool `json:"clipped,omitempty"`
}

// Path is the state of a media connection.
type Path struct {
	State    string     `json:"state"`              // of the connection
	Protocol string     `json:"protocol,omitempty"` // of the chosen pair: "udp" or "tcp"
	Local    string     `json:"local,omitempty"`    // kind of our candidate in the pair: "host" ...
	Remote   string     `json:"remote,omitempty"`   // kind of the peer's: "host", "srflx", "prflx", "relay"
	Offered  int        `json:"offered"`            // candidates that the peer sent
	STUN     bool       `json:"stun"`               // whether a connectivity check of the peer has arrived
	STUNAt   *time.Time `json:"stun_at,omitempty"`  // when the first one did
	Restarts int        `json:"restarts,omitempty"` // ICE restarts so far
	Last     []Change   `json:"last,omitempty"`     // the latest changes of state, oldest first
}

// Change is a change of state of a part of a connection.
type Change struct {
	What  string    `json:"what"` // "ice", "dtls" or "connection"
	State string    `json:"state"`
	At    time.Time `json:"at"`
}

// Stage is how far a published track has come.
type Stage struct {
	Track      string     `json:"track"`
	Kind       string     `json:"kind"`            // "audio" or "video"
	Codec      string     `json:"codec,omitempty"` // negotiated; absent before
	Packets    uint64     `json:"packets"`         // RTP packets that arrived
	Keyframes  uint64     `json:"keyframes"`       // of video
	LastPacket *time.Time `json:"last_packet,omitempty"`
}

// Token is what a token said of itself, against the server's clock.
type Token struct {
	IssuedAt  *time.Time `json:"iat,omitempty"`
	NotBefore *time.Time `json:"nbf,omitempty"`
	Expires   *time.Time `json:"exp,omitempty"`
	Now       time.Time  `json:"now"` // the server's clock when it looked
}

// AppendJSON appends the record to b in at most [MaxBytes] bytes. Notes are left
// out first, the oldest before the others, then changes of state, then stages.
func (r *Record) AppendJSON(b []byte) []byte {
	own := *r
	own.V = Version
	if r.Path != nil {
		path := *r.Path
		own.Path = &path
	}
	for {
		raw, err := json.Marshal(&own)
		if err == nil && len(raw) <= MaxBytes {
			return append(b, raw...)
		}
		own.Clipped = true
		switch {
		case err == nil && len(own.Notes) > 0:
			own.Notes = own.Notes[(len(own.Notes)+1)/2:]
		case err == nil && own.Path != nil && len(own.Path.Last) > 0:
			own.Path.Last = own.Path.Last[(len(own.Path.Last)+1)/2:]
		case err == nil && len(own.Stage) > 0:
			own.Stage = own.Stage[:len(own.Stage)/2]
		default: // single texts without end, or a time that JSON does not have
			return append(b, `{"v":1,"clipped":true}`...)
		}
	}
}
