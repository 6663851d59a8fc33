// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package inject

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Cause is a cause that a diagnosis can name, and how it is provoked: so that the
// diagnosis can be checked on the machine it runs on.
type Cause struct {
	ID     string // a fault's id
	About  string // what is done, and when it shows
	Inside bool   // it befalls who is in the room already; otherwise who joins from then on

	does Spec // what provokes it, as it would be asked for
}

// causes are all that can be provoked, by what is done.
var causes = slices.Concat(
	refusals("whoever joins from now on is refused so; shows at once", fault.RoomFull, fault.RoleFull, fault.RoomLocked, fault.RoomDisabled, fault.TokenRole),
	refusals("tokens are judged so, wherever one is shown; shows when somebody joins or comes back", fault.TokenExpired, fault.TokenNotYetValid),
	[]Cause{
		{ID: fault.TokenRevoked.ID, Inside: true, About: "the token with which somebody came in is revoked, who is put out; shows at once", does: Spec{Fault: fault.TokenRevoked.ID}},
		{ID: fault.MediaBlocked.ID, About: "no packet of media passes for whoever joins from now on; shows 8 s later, where others in other rooms or this one got through", does: Spec{At: AtBlackhole}},
		{ID: fault.MediaPathLost.ID, Inside: true, About: "no packet of media passes any more, while the socket lives; shows within 25 s", does: Spec{At: AtBlackhole}},
		{ID: fault.UDPBlocked.ID, Inside: true, About: "nothing passes over UDP any more; shows when the client has gone on over TCP, within 30 s", does: Spec{At: AtBlackhole, Network: udp}},
		{ID: fault.DTLSDatagramsLost.ID, About: "over UDP no packet of the handshake of whoever joins from now on arrives; shows 8 s later", does: Spec{At: AtBlackhole, Network: udp, Packets: "dtls", Direction: "in"}},
		{ID: fault.DTLSOneWay.ID, About: "over UDP no packet of the handshake reaches whoever joins from now on; shows 8 s later", does: Spec{At: AtBlackhole, Network: udp, Packets: "dtls", Direction: "out"}},
		{ID: fault.DTLSFingerprint.ID, About: "whoever joins from now on is told another certificate than the server has; shows at once", does: Spec{At: AtPrint}},
		{ID: fault.CutByProxy.ID, Inside: true, About: "every socket is cut when it is 3 s old, as by a proxy; shows at the third", does: Spec{At: AtCut, Delay: 3 * time.Second, For: 30 * time.Second}},
	},
)

// refusals are causes that are what the server says.
func refusals(about string, kinds ...*fault.Kind) (all []Cause) {
	for _, k := range kinds {
		all = append(all, Cause{ID: k.ID, About: about, does: Spec{Fault: k.ID}})
	}
	return all
}

// Causes lists the causes that can be provoked, by id.
func Causes() []Cause {
	all := slices.Clone(causes)
	slices.SortFunc(all, func(a, b Cause) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// WhyNot says why a server cannot bring a cause about; "" for one that it can.
func WhyNot(id string) string {
	if slices.ContainsFunc(causes, func(c Cause) bool { return c.ID == id }) {
		return ""
	}
	if why, ok := notHere[id]; ok {
		return why
	}
	if k := fault.Lookup(id); k != nil {
		if why := elsewhere(k); why != "" {
			return why
		}
	}
	return "nothing is done by which a server could bring it about"
}

// Reasons that several causes share.
const (
	forEverybody = "it would befall every call of the server and not only those of the room; stop the process itself, with kill -STOP, or start it anew"
	clientsOwn   = "it is the client's machine or its network that does it; stop or kill its process, or take its network away"
	twoClients   = "it takes two clients: join twice"
	byTracks     = "it is what a client sends or can decode; publish so"
)

// notHere are the causes that rules name and a server cannot bring about.
var notHere = map[string]string{
	"server.stalled": forEverybody, "server.restarted": forEverybody, "server.files_exhausted": forEverybody, "server.too_slow": forEverybody,
	"server.clock":             "the clock that is wrong on purpose is that of tokens alone; set the clock of the machine",
	"server.media_blocked":     "it shows only where nobody at all has got through for 10 minutes; close the media ports in the firewall",
	"media.advertised_address": "it is a setting; start a server with another media.advertise",
	"client.suspended":         clientsOwn, "client.vanished": clientsOwn, "network.lost": clientsOwn, "path.changed": clientsOwn, "ice.no_candidates": clientsOwn,
	"peer.own_ghost": twoClients + ", the second time while the first is away", "peer.second_login": twoClients + ", from two networks", "peer.id_shared": twoClients + " as one peer",
	"token.issuer_clock": "it is the clock of whoever signs tokens; sign some with another time",
	"publish.no_media":   byTracks, "codec.unsupported": byTracks,
	"keyframe.missing":  "the mechanism keyframes does it to a publisher, and it shows with the viewers, whose failures are not marked",
	"forward.gated":     "it is no failure by itself; make the way narrow with `bandwidth`, and nothing is told of it",
	"audio.interrupted": clientsOwn,
}

// provoke fills in what provokes the cause that a spec names. It fails with
// fault.CatalogueUnknown, FieldInvalid where the spec says itself what is to be done,
// or names a peer where the cause befalls those who are not there yet, and
// InjectionImpossible, which says why and names the causes that can be provoked.
func (s *Spec) provoke() error {
	if fault.Lookup(s.Cause) == nil {
		return fault.CatalogueUnknown.New("query", s.Cause)
	}
	i := slices.IndexFunc(causes, func(c Cause) bool { return c.ID == s.Cause })
	if i < 0 {
		possible := make([]string, len(causes))
		for j, c := range Causes() {
			possible[j] = c.ID
		}
		return fault.InjectionImpossible.New("cause", s.Cause, "reason", WhyNot(s.Cause), "possible", strings.Join(possible, ", "))
	}
	c := causes[i]
	for _, f := range []struct{ field, value string }{
		{"fault", s.Fault}, {"at", s.At}, {"method", s.Method}, {"direction", s.Direction}, {"side", s.Side}, {"packets", s.Packets}, {"network", s.Network},
	} {
		if f.value != "" {
			return fault.FieldInvalid.New("field", f.field, "want", "none: the cause decides it")
		}
	}
	if s.Peer != "" && !c.Inside {
		return fault.FieldInvalid.New("field", "peer", "want", "none: it befalls who joins from now on; name a user")
	}
	s.Fault, s.At, s.Direction, s.Packets, s.Network = c.does.Fault, c.does.At, c.does.Direction, c.does.Packets, c.does.Network
	s.Delay, s.For = cmp.Or(s.Delay, c.does.Delay), cmp.Or(s.For, c.does.For)
	return nil
}
