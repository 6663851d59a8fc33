// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"context"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/live"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
)

// answersWithin is how long participants are given to say what connections they have.
const answersWithin = 500 * time.Millisecond

// Live measures the session that runs in a room: fault.SessionNotActive. A participant
// that does not answer in time is there without measurements.
func (s *Service) Live(ctx context.Context, roomID string) (*live.Room, error) {
	r := s.cfg.Hub.Active(roomID)
	if r == nil {
		return nil, fault.SessionNotActive.New("room_id", roomID)
	}
	snap, err := r.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	out := &live.Room{
		At: time.Now().UTC(), ID: snap.RoomID, Name: snap.Name, SessionID: snap.SessionID, Since: snap.StartedAt.UTC(),
		Locked: snap.Rules.Locked, Peers: make([]live.Peer, len(snap.Peers)),
	}
	from := map[room.TrackID]*room.Peer{}
	for i := range snap.Peers {
		for id := range snap.Peers[i].Tracks {
			from[id] = &snap.Peers[i]
		}
	}
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	asked := make([]chan connections, len(snap.Peers))
	away := make([]bool, len(snap.Peers))
	s.mu.Lock()
	for i := range snap.Peers {
		if p := s.peers[key{roomID, snap.Peers[i].ID}]; p != nil {
			asked[i], away[i] = p.askConnections(), p.away.Load()
		}
	}
	s.mu.Unlock()
	for i := range snap.Peers {
		p := &snap.Peers[i]
		as := live.Peer{
			ID: string(p.ID), Name: p.Name, UserID: p.UserID, Role: p.Role, JoinedAt: p.JoinedAt.UTC(), Away: away[i],
			Tracks: published(p), Gates: []live.Gate{},
		}
		has, ok := said(ctx, asked[i])
		if as.Measured = ok; ok {
			has.measure(&as, from)
		}
		out.Peers[i] = as
	}
	return out, nil
}

// said is an answer, once it comes or the context ends. Whoever had answered by then is
// heard, however long somebody before was silent. Of a nil channel, of one that has just
// left, nothing comes.
func said(ctx context.Context, answer <-chan connections) (has connections, ok bool) {
	select {
	case has, ok = <-answer:
	case <-ctx.Done():
		select {
		case has, ok = <-answer:
		default:
		}
	}
	return has, ok
}

// connections are those of a participant at a moment. What they measure may be read
// from anywhere.
type connections struct {
	pubs []*sfu.Publisher
	subs []*sfu.Subscriber
}

// askConnections has the participant say which connections it has; nil while it has
// not answered the last time.
func (p *Participant) askConnections() chan connections {
	if !p.asked.CompareAndSwap(false, true) {
		return nil
	}
	told := make(chan connections, 1)
	p.Post(func() {
		p.asked.Store(false)
		var has connections
		for _, b := range p.media.pubs {
			has.pubs = append(has.pubs, b.Publisher)
		}
		for _, b := range p.media.subs {
			has.subs = append(has.subs, b.Subscriber)
		}
		told <- has
	})
	return told
}

// published are the tracks of a peer as its room knows them, in order.
func published(p *room.Peer) []live.Track {
	list := make([]live.Track, 0, len(p.Tracks))
	for id, t := range p.Tracks {
		list = append(list, live.Track{ID: string(id), Kind: t.Kind, Source: t.Source, Muted: t.Mute, Layers: []live.Layer{}})
	}
	slices.SortFunc(list, func(a, b live.Track) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return list
}

// measure adds what the connections carry.
func (c connections) measure(as *live.Peer, from map[room.TrackID]*room.Peer) {
	for _, b := range c.pubs {
		st := b.Stats()
		as.Up = worse(as.Up, &st.Connection, -1)
		for i := range st.Tracks {
			t := &st.Tracks[i]
			for j := range t.Layers {
				as.Up.Count(t.Layers[j].Packets, t.Layers[j].Lost, t.Layers[j].Bytes)
			}
			if n := slices.IndexFunc(as.Tracks, func(k live.Track) bool { return k.ID == t.ID }); n >= 0 {
				as.Tracks[n].Codec, as.Tracks[n].Layers = t.Codec, layers(t.Layers)
			}
		}
	}
	for _, b := range c.subs {
		st := b.Stats()
		as.Down = worse(as.Down, &st.Connection, st.Quality.Score)
		d := as.Down
		d.Estimate += st.Quality.Estimate
		if st.Quality.Score > 0 {
			rtt, loss := float64(st.Quality.RTT.Microseconds())/1000, live.Share(st.Quality.Loss)
			if d.RTT == nil || *d.RTT < rtt {
				d.RTT = &rtt
			}
			if d.Loss == nil || *d.Loss < loss {
				d.Loss = &loss
			}
		}
		for i := range st.Tracks {
			t := &st.Tracks[i]
			d.Count(t.Packets, 0, t.Bytes)
			if t.State == sfu.ForwardOpen {
				as.Open++
				continue
			}
			as.Gates = append(as.Gates, gate(t, from[room.TrackID(t.TrackID)]))
		}
	}
}

// worse is how the worse of two connections of one direction goes.
func worse(has *live.Path, st *sfu.ConnectionStats, score int) *live.Path {
	if has == nil {
		has = &live.Path{}
	} else if has.State != string(sfu.StateConnected) || st.State == sfu.StateConnected && (score < 0 || has.Score <= score) {
		return has
	}
	has.State, has.Score = string(st.State), score
	has.Protocol, has.LocalType, has.RemoteType = "", "", ""
	if p := st.Pair; p != nil {
		has.Protocol, has.LocalType, has.RemoteType = p.Protocol, p.LocalType, p.RemoteType
	}
	return has
}

func layers(of []sfu.LayerStats) []live.Layer {
	list := make([]live.Layer, len(of))
	for i := range of {
		l := &of[i]
		list[i] = live.Layer{
			Layer: string(l.Layer), Bitrate: l.Bitrate, Packets: l.Packets, Lost: l.Lost,
			Keyframes: l.Keyframes, KeyframesAsked: l.KeyframeAsks, LastPacket: orNil(l.LastPacket), PacketsAskedFor: l.NACKs,
		}
	}
	return list
}

func gate(t *sfu.DownTrackStats, by *room.Peer) live.Gate {
	g := live.Gate{
		TrackID: t.TrackID, Kind: t.Kind.String(), State: string(t.State), Since: orNil(t.Since),
		Wanted: string(t.Desired), Target: string(t.Target), Current: string(t.Current), KeyframesAsked: t.KeyframeAsks, Keyframes: t.Keyframes,
	}
	if by != nil {
		g.From, g.FromName = string(by.ID), by.Name
	}
	return g
}

// orNil is a time, nil for none.
func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
