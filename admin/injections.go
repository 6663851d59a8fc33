// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Direction is the way that packets go, seen from the server.
type Direction string

// The directions.
const (
	In  Direction = "in"
	Out Direction = "out"
)

// Side is one of a client's connections for media.
type Side string

// The sides.
const (
	SidePublish   Side = "publish"
	SideSubscribe Side = "subscribe"
)

// Packets is a kind of packet.
type Packets string

// The kinds of packets.
const (
	PacketsSTUN  Packets = "stun"
	PacketsDTLS  Packets = "dtls"
	PacketsRTP   Packets = "rtp"
	PacketsRTCP  Packets = "rtcp"
	PacketsMedia Packets = "media" // RTP and RTCP
	PacketsAudio Packets = "audio"
	PacketsVideo Packets = "video"
)

// Network is the transport under a connection for media.
type Network string

// The networks.
const (
	UDP Network = "udp"
	TCP Network = "tcp"
)

// Injection is a failure to provoke: what, and to whom. Fault, or At, and Room are
// needed; the rest narrows it. docs/injection.md tells all about it.
type Injection struct {
	Cause string `json:"cause,omitempty"` // a cause that a diagnosis is to name, one of InjectionList.Causes; with none of Fault, At, Method, Direction, Side, Packets and Network
	Fault string `json:"fault,omitempty"` // an id of the catalogue, a vendor's code or name, or a mechanism: "room.locked", "4005", "cut"
	At    string `json:"at,omitempty"`    // the mechanism, where a fault has several
	Code  int    `json:"code,omitempty"`  // the number to tell, at "call", "error", "init" and "room"

	Room string `json:"room"`           // id or name
	Peer string `json:"peer,omitempty"` // id or name of somebody who is there
	User string `json:"user,omitempty"` // the app's own id, also of somebody who is yet to come
	Role string `json:"role,omitempty"` // everybody with this role

	For         time.Duration `json:"for,omitempty"`         // how long; the default depends on the mechanism
	After       time.Duration `json:"after,omitempty"`       // when to begin, from now
	Count       int           `json:"count,omitempty"`       // how many effects; 0 is any number
	Probability float64       `json:"probability,omitempty"` // of each effect or packet, up to 1; 0 is always, or the mechanism's own share

	Method    string        `json:"method,omitempty"`    // only calls of this method: of "call", "hang" and "slow"
	Delay     time.Duration `json:"delay,omitempty"`     // how late: of "slow" and "delay"; of "cut", how old a socket gets
	RateKbps  int           `json:"rate_kbps,omitempty"` // what still passes, in kbit/s: of "bandwidth"
	Direction Direction     `json:"direction,omitempty"` // only packets that go this way
	Side      Side          `json:"side,omitempty"`      // only packets of this connection
	Packets   Packets       `json:"packets,omitempty"`   // only packets of this kind
	Network   Network       `json:"network,omitempty"`   // only packets that travel over this
	Skew      time.Duration `json:"skew,omitempty"`      // how far the clock is ahead, or behind if negative: of "clock"
}

// InjectionRule is an injection as the server has it.
type InjectionRule struct {
	ID          string        `json:"id"`
	Cause       string        `json:"cause,omitempty"` // that it was asked for to bring about
	Fault       string        `json:"fault"`           // the id in the catalogue
	At          string        `json:"at"`              // the mechanism
	Code        int           `json:"code,omitempty"`
	Room        string        `json:"room"` // id
	Peer        string        `json:"peer,omitempty"`
	User        string        `json:"user,omitempty"`
	Role        string        `json:"role,omitempty"`
	Method      string        `json:"method,omitempty"`
	Direction   Direction     `json:"direction,omitempty"`
	Side        Side          `json:"side,omitempty"`
	Packets     Packets       `json:"packets,omitempty"`
	Network     Network       `json:"network,omitempty"`
	Skew        time.Duration `json:"skew,omitempty"`
	Delay       time.Duration `json:"delay,omitempty"`
	RateKbps    int           `json:"rate_kbps,omitempty"`
	Probability float64       `json:"probability,omitempty"`
	Count       int           `json:"count,omitempty"`
	State       string        `json:"state"` // "waiting", "running" or "done"
	Begins      time.Time     `json:"begins"`
	Ends        time.Time     `json:"ends"`
	Effects     int64         `json:"effects"` // packets, frames and calls it has touched
}

// InjectionList is what is injected, and what could be.
type InjectionList struct {
	Injections []InjectionRule   `json:"injections"`
	Mechanisms []Mechanism       `json:"mechanisms"`
	Faults     []InjectableFault `json:"faults"`
	Causes     []InjectableCause `json:"causes"`
}

// InjectableCause is a cause that can be provoked, so that a diagnosis can be checked.
type InjectableCause struct {
	ID     string `json:"id"`
	About  string `json:"about"`            // what is done, and when it shows
	Inside bool   `json:"inside,omitempty"` // it befalls who is in the room already; otherwise who joins from then on
}

// Mechanism is a way to make calls fail.
type Mechanism struct {
	Name  string `json:"name"`
	About string `json:"about"`
	For   string `json:"for"` // how long it lasts unless said otherwise, such as "30s"
}

// InjectableFault is a fault that can be provoked.
type InjectableFault struct {
	ID string   `json:"id"`
	At []string `json:"at"` // the mechanisms that do, the usual one first
}

// words writes a duration as the server takes it; "" is none.
func words(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// duration reads a field that words wrote.
func duration(field, text string, into *time.Duration) error {
	if text == "" {
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("the field %q is not a duration: %w", field, err)
	}
	*into = d
	return nil
}

// The fields whose JSON is not that of their Go types stand in front of those of
// the same name in the structs.
type (
	plainInjection Injection
	wireInjection  struct {
		plainInjection
		For   string `json:"for,omitempty"`
		After string `json:"after,omitempty"`
		Delay string `json:"delay,omitempty"`
		Skew  string `json:"skew,omitempty"`
	}
	plainRule InjectionRule
	wireRule  struct {
		plainRule
		Delay string `json:"delay,omitempty"`
		Skew  string `json:"skew,omitempty"`
	}
)

// MarshalJSON writes what the REST API takes: durations are words.
func (i Injection) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireInjection{plainInjection(i), words(i.For), words(i.After), words(i.Delay), words(i.Skew)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (i *Injection) UnmarshalJSON(data []byte) error {
	var w wireInjection
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*i = Injection(w.plainInjection)
	return firstError(duration("for", w.For, &i.For), duration("after", w.After, &i.After),
		duration("delay", w.Delay, &i.Delay), duration("skew", w.Skew, &i.Skew))
}

// MarshalJSON writes the shape of the REST API.
func (r InjectionRule) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireRule{plainRule(r), words(r.Delay), words(r.Skew)})
}

// UnmarshalJSON reads the shape of the REST API.
func (r *InjectionRule) UnmarshalJSON(data []byte) error {
	var w wireRule
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*r = InjectionRule(w.plainRule)
	return firstError(duration("delay", w.Delay, &r.Delay), duration("skew", w.Skew, &r.Skew))
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Create provokes a failure. It ends by itself or with [Injections.Remove].
// It fails with [fault.InjectionDisabled], [fault.NotPermitted] without the grant
// "inject", [fault.FieldMissing], [fault.FieldInvalid], [fault.RoomNotFound],
// [fault.PeerNotFound], [fault.RoleNotFound], [fault.CatalogueUnknown],
// [fault.InjectionImpossible] and [fault.InjectionConflict].
func (c Injections) Create(ctx context.Context, i Injection) (InjectionRule, error) {
	return fetch[InjectionRule](ctx, c, post("/api/v1/injections", i))
}

// Check tells what injections would be, one after the other, and starts
// none. It fails as Create would for the first that would be refused; the detail
// "index" says which that is. Safe to repeat.
func (c Injections) Check(ctx context.Context, all []Injection) ([]InjectionRule, error) {
	made, err := fetch[InjectionList](ctx, c, post("/api/v1/injections/check", map[string]any{"injections": all}).repeatable())
	return made.Injections, err
}

// List returns what is injected in the account's rooms, and what could be.
func (c Injections) List(ctx context.Context) (InjectionList, error) {
	return fetch[InjectionList](ctx, c, get("/api/v1/injections"))
}

// Remove ends an injection; the untouched path is back when it returns.
// One that has ended by itself is [fault.InjectionNotFound].
func (c Injections) Remove(ctx context.Context, id string) error {
	path, err := at("/api/v1/injections/", id)
	if err != nil {
		return err
	}
	return c.call(ctx, remove(path), nil)
}

// Clear ends the injections of a room, by id or name, and returns how
// many there were: [fault.RoomNotFound], and [fault.FieldMissing] without a room.
func (c Injections) Clear(ctx context.Context, room string) (int, error) {
	if room == "" {
		return 0, fault.FieldMissing.New("field", "room")
	}
	return removed(ctx, c, remove("/api/v1/injections").where(url.Values{"room": {room}}))
}

// ClearAll ends the injections of all rooms of the account, and returns
// how many there were.
func (c Injections) ClearAll(ctx context.Context) (int, error) {
	return removed(ctx, c, remove("/api/v1/injections"))
}
