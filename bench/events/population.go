// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// The world of the history. Its skew is that of a service in use: a few rooms
// and users have most of the events, most have a handful, and a session's events
// come in a burst, mixed with those of the sessions beside it.
const (
	rooms    = 20_000
	users    = 300_000
	sessions = 120 // under way at any time
	account  = "redial"
)

// population makes events one after the other, the same ones for the same size.
type population struct {
	rng    *rand.Rand
	room   *rand.Zipf
	length *rand.Zipf
	live   [sessions]session
	now    time.Time
	step   time.Duration
	n      int
}

type session struct {
	room  uint64
	id    string
	left  int // events it will still have
	peers []peer
}

type peer struct {
	id, user, role string
	agent          event.Agent
}

// newPopulation spreads n events over the time up to end.
func newPopulation(n int, end time.Time, span time.Duration) *population {
	rng := rand.New(rand.NewPCG(2026, uint64(n)))
	p := &population{
		rng:    rng,
		room:   rand.NewZipf(rng, 1.15, 8, rooms-1),
		length: rand.NewZipf(rng, 1.3, 40, 5000),
		now:    end.Add(-span),
		step:   span / time.Duration(n+1),
	}
	for i := range p.live {
		p.live[i] = p.begin()
	}
	return p
}

// begin opens a session: somewhere between two people and a town hall.
func (p *population) begin() session {
	s := session{room: p.room.Uint64(), id: p.hex(12), left: 5 + int(p.length.Uint64())}
	for range 2 + min(s.left/12, 60) {
		s.peers = append(s.peers, peer{
			id:   p.uuid(p.now),
			user: p.user(s.room),
			role: roles[min(p.rng.IntN(6), len(roles)-1)],
			agent: event.ParseAgent(fmt.Sprintf("os:%s,sdk:%s,sdk_version:%s,device_model:%s,domain:app.example.org,is_prebuilt:false",
				pick(p.rng, systems), pick(p.rng, sdks), pick(p.rng, versions), pick(p.rng, devices))),
		})
	}
	return s
}

// user is mostly one of the people of that room, now and then anybody.
func (p *population) user(room uint64) string {
	n := p.rng.Uint64N(users)
	if p.rng.IntN(4) > 0 {
		n = (room*2654435761 + uint64(40*math.Pow(p.rng.Float64(), 3))) % users
	}
	return fmt.Sprintf("customer-%06d", n)
}

func roomID(n uint64) string { return fmt.Sprintf("65af%020x", n*11400714819323198485) }

// next gives the next event.
func (p *population) next() event.Event {
	// Nights are quieter than days.
	hour := float64(p.now.Hour()) + float64(p.now.Minute())/60
	p.now = p.now.Add(time.Duration(float64(p.step) / (1 - 0.75*math.Cos(hour/24*2*math.Pi)) * 0.66))
	p.n++
	i := int(float64(sessions) * math.Pow(p.rng.Float64(), 1.5))
	s := &p.live[i]
	if s.left--; s.left < 0 {
		p.live[i] = p.begin()
		s = &p.live[i]
	}
	who := &s.peers[p.rng.IntN(len(s.peers))]
	e := event.Event{
		Time: p.now, Subject: p.subject(s, who),
	}
	if p.rng.IntN(2) == 0 {
		p.track(&e, s)
	} else {
		p.failure(&e)
	}
	return e
}

func (p *population) subject(s *session, who *peer) event.Subject {
	return event.Subject{
		AccountID: account, UserID: who.user, UserProof: event.ProofToken, UserName: nameOf(who.user), PeerID: who.id, RoomID: roomID(s.room), SessionID: s.id,
		RoomName: fmt.Sprintf("room-%05d", s.room), TemplateID: fmt.Sprintf("6492%020x", s.room%40), Role: who.role, Agent: who.agent,
	}
}

// nameOf is the name of a user, always the same: a few first names are those of many,
// and hardly anybody shares both.
func nameOf(user string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(user))
	rng := rand.New(rand.NewPCG(h.Sum64(), 1))
	return pick(rng, firstNames) + " " + pick(rng, lastNames) + pick(rng, lastEndings)
}

func (p *population) track(e *event.Event, s *session) {
	e.Type = []event.Type{event.TrackAdded, event.TrackAdded, event.TrackUpdated, event.TrackUpdated, event.TrackRemoved}[p.rng.IntN(5)]
	e.Source = event.FromServer
	e.ID = p.uuid(p.now)
	kind := []string{"audio", "video"}[p.rng.IntN(2)]
	e.Track = &event.Track{
		ID: p.uuid(p.now), StreamID: p.uuid(p.now), Kind: kind, Source: "regular", Muted: p.rng.IntN(3) == 0,
		PeerJoinedAt: p.now.Add(-time.Minute), StartedAt: p.now.Add(-30 * time.Second),
	}
	if e.Type == event.TrackRemoved {
		e.Track.StoppedAt = p.now
	}
}

func (p *population) failure(e *event.Event) {
	f := pick(p.rng, failures)
	e.Type, e.Fault, e.Op, e.Action = f.typ, f.kind.ID, f.op, f.action
	e.Failure = event.Failure{
		Code: f.code, Name: f.name, Message: f.kind.Title,
		Terminal: p.rng.IntN(5) == 0,
	}
	if p.rng.IntN(3) == 0 { // those of ICE tell of their candidates
		e.Failure.Description = "local candidate - candidate:1267094175 1 udp 41886207 redacted-ip.invalid 53039 typ relay raddr redacted-ip.invalid rport 53039 generation 0 ufrag " +
			p.hex(4) + " network-id 1 network-cost 10, remote candidate - candidate:842163049 1 udp 1677729535 redacted-ip.invalid 7882 typ srflx"
	} else {
		e.Failure.Description = "attempt " + p.hex(3) + " of " + f.action
	}
	e.Diagnosis = &event.Diagnosis{Cause: f.kind.ID, Confidence: event.Confidences[1], Rules: "2026-11-27"} // as a server keeps one of each
	e.Domain = "app.example.org"
	e.Extra = map[string]json.RawMessage{"retries_join": json.RawMessage("0"), "transport_state": json.RawMessage(`"Joined"`)}
	switch p.rng.IntN(4) {
	case 0:
		e.Source, e.ID = event.FromServer, p.uuid(p.now)
	default:
		e.Source = event.FromClient
		e.ClientTime = p.now.Add(-time.Duration(p.rng.IntN(3000)) * time.Millisecond)
		e.Key = fmt.Sprint(e.PeerID, p.n)
		e.ID = event.KeyID(e.Key, e.ClientTime)
	}
}

func (p *population) hex(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(p.rng.Uint32())
	}
	return fmt.Sprintf("%x", b)
}

// uuid is one of version 7 (RFC 9562), as the server makes them at that time.
func (p *population) uuid(at time.Time) string {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], uint64(at.UnixMilli())<<16|p.rng.Uint64N(1<<12)|7<<12)
	binary.BigEndian.PutUint64(id[8:], p.rng.Uint64())
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// pick takes the first of a list most often.
func pick[T any](rng *rand.Rand, list []T) T {
	f := rng.Float64()
	return list[int(f*f*float64(len(list)))]
}

var (
	firstNames = strings.Fields(`Anna Maria Mia Emma Lea Laura Sofia Elena Julia Sara Lukas Thomas Jan Peter Michael David Max Paul Ali Mohamed
		Zoë Chloé José André Nina Katarína Jürgen Björn Olga Ivan Yuki Wei Mei Priya Ravi Fatima Omar Noah Liam Olivia Ava Ella Grace Hugo
		Louis Jules Alice Manon Marta Pablo Diego Lucía Carmen Giulia Marco Luca Paolo Ingrid Lars Nils Freya Aino Mikko Zofia Piotr Kasia
		Jakub Tomáš Eszter Ádám Ioana Andrei Dimitra Nikos Ayşe Mehmet Elif Can Noor Layla Yusuf Amina Kofi Ama Chidi Ngozi Thabo Lerato
		Arjun Ananya Chen Li Hana Sora Minh Linh Siti Budi Aroha Tane`)
	lastNames = strings.Fields(`Lang Okafor Müller Smith Silva García Rossi Novák Kowalski Nagy Popescu Ivanov Petrov Yilmaz Haddad Rahman Singh
		Patel Kumar Tanaka Sato Kim Park Nguyen Tran Wang Zhang Chen Santos Costa Ferreira Dubois Martin Bernard Moreau Jansen Bakker Larsen
		Hansen Berg Lind Virtanen Korhonen Schmidt Weber Fischer Wagner Becker Hoffmann Brown Taylor Wilson Walker Murphy Byrne Adeyemi Mensah
		Dlamini Molefe Wirawan Santoso Reyes Cruz Torres Flores Castillo Vargas`)
	lastEndings = strings.Fields("-A -B -C -D -E -F -G -H -I -K -L -M -N -O -P -R -S -T -U -V")

	roles    = []string{"guest", "guest", "host", "viewer-realtime"}
	systems  = []string{"web_Windows", "web_macOS", "Android_15", "web_Linux", "iOS_18.1", "web_Android", "web_iOS", "web_ChromeOS"}
	sdks     = []string{"web", "web", "android", "ios"}
	versions = []string{"0.15.2", "0.15.1", "0.14.4", "0.13.0", "0.12.9", "0.10.3"}
	devices  = []string{"Chrome_142.0.0.0", "Chrome_141.0.0.0", "Safari_26.1", "Edge_142.0.0.0", "Firefox_145.0", "Apple_mobile/Safari_26.1", "Chromium_139.0.0.0", "Samsung_SM-S931B"}
)

// failureKind is one way to fail, as the catalogue has it.
type failureKind struct {
	typ    event.Type
	kind   *fault.Kind
	op     fault.Op
	code   int
	name   string
	action string
}

// failures holds every fault of the catalogue that has an operation of a call,
// each under its type of event.
var failures = func() (list []failureKind) {
	types := map[fault.Op]struct {
		typ    event.Type
		action string
	}{
		fault.OpPublish: {event.PublishFailed, "PUBLISH"}, fault.OpJoin: {event.JoinFailed, "JOIN"}, fault.OpSubscribe: {event.SubscribeFailed, "SUBSCRIBE"},
		fault.OpInit: {event.ConnectFailed, "INIT"}, fault.OpReconnect: {event.Disconnected, "RECONNECT_SIGNAL"},
	}
	for i, k := range fault.All() {
		for _, op := range k.Ops {
			if t, ok := types[op]; ok {
				list = append(list, failureKind{t.typ, k, op, 1000 + i*17%4000, "Error" + fmt.Sprint(i), t.action})
				break
			}
		}
	}
	rand.New(rand.NewPCG(7, 7)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}()
