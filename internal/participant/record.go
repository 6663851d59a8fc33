// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/report"
	"github.com/redial-rtc/redial/internal/room"
)

// Events is what is recorded about a participant, and in whose name. It is for the
// participant's goroutine only.
type Events struct {
	p         *Participant
	agent     event.Agent // the client, as it says
	session   string      // of the room
	since     time.Time   // when the peer came
	published map[room.TrackID]publishedTrack
	witness   witness
	recovered bool // an earlier process held the peer, which is still to be recorded
	notes     notes
	recall    recall // of troubles, for clients that tell of them later
}

func newEvents(p *Participant, agent event.Agent) *Events {
	return &Events{p: p, agent: agent, since: time.Now(), published: map[room.TrackID]publishedTrack{}}
}

// Subject is the peer as events name it.
func (e *Events) Subject() event.Subject {
	p := e.p
	return event.Subject{
		AccountID: p.roomRecord.Account, UserID: p.claims.UserID, UserProof: p.claims.UserProof, UserName: p.name, PeerID: string(p.key.peer),
		RoomID: p.key.room, SessionID: e.session, RoomName: p.roomRecord.Spec.Name,
		TemplateID: p.roomRecord.Spec.Template.ID, Role: p.role, Agent: e.agent,
	}
}

// Record stores what the server itself saw go wrong.
func (e *Events) Record(t event.Type, f *fault.Error) {
	e.record(t, f, func(*event.Event) {})
}

// RecordAs is Record for what the client was doing in a word of its own.
func (e *Events) RecordAs(t event.Type, action string, f *fault.Error) {
	e.record(t, f, func(e *event.Event) { e.Action = action })
}

// RecordEnd is Record for a failure after which the client has given up,
// whatever the fault as such allows.
func (e *Events) RecordEnd(t event.Type, f *fault.Error) {
	e.record(t, f, func(e *event.Event) { e.Failure.Terminal = true })
}

// recordTry is Record for a failure that both sides go on trying to mend,
// whatever becomes of it in the end.
func (e *Events) recordTry(t event.Type, f *fault.Error) {
	e.record(t, f, func(e *event.Event) { e.Failure.Terminal = false })
}

func (e *Events) record(t event.Type, f *fault.Error, edit func(*event.Event)) {
	e.p.log.Warn("failed", "fault", f, "event", string(t), "injected", e.p.inject.Tampered())
	happened := seen(t, f, e.Subject())
	if t == event.Disconnected {
		happened.Evidence = e.evidence()
		e.notes.take()
	}
	edit(&happened)
	e.p.s.cfg.Events.Record(happened)
}

// trackWarned stores what is amiss with a track that goes on, once: false for one
// that is not published, or was warned of before.
func (e *Events) trackWarned(id room.TrackID, f *fault.Error) bool {
	t, known := e.published[id]
	if !known || t.warned {
		return false
	}
	t.warned = true
	e.published[id] = t
	e.recordTry(event.PublishFailed, f)
	return true
}

// Heard notes that the client says of a message that it was sent at a time, by its
// own clock.
func (e *Events) Heard(sent time.Time) { e.p.s.cfg.Clocks.Heard(e.p.claims.Digest, sent) }

// Report stores what the client reported, placed when it happened, with what the
// server knew then. It fails with fault.EventQuota beyond
// a quota, and with fault.StoreUnavailable when storing fails on purpose.
func (e *Events) Report(told event.Event) error {
	if err := e.p.s.cfg.Inject.Store(e.p.who()); err != nil {
		return err
	}
	came := e.since
	if told.Type == event.ConnectFailed || told.Type == event.JoinFailed {
		came = time.Time{}
	}
	e.p.s.cfg.Clocks.Place(&told, e.p.claims.Digest, came)
	told.Evidence = e.known(&told)
	return e.p.s.cfg.Events.Report(event.Reporter{Token: e.p.claims.Digest}, told)
}

// Refused counts a call that was refused, and records or logs it: what belongs
// to an operation that the record has a type for is recorded. The call is named
// by its method on the wire.
func (e *Events) Refused(method string, op fault.Op, f *fault.Error) {
	e.p.s.met.refusedFault(f)
	if t := failureOf(op, f); t != "" {
		e.Record(t, f)
		return
	}
	e.p.log.Info("refused", "method", method, "fault", f)
}

// failureOf is the type of event of a refused call, "" where there is none. A
// peer sent to another node is no failure: it goes on there.
func failureOf(op fault.Op, f *fault.Error) event.Type {
	if f.Kind == fault.NodeMoved {
		return ""
	}
	switch op {
	case fault.OpJoin:
		return event.JoinFailed
	case fault.OpPublish:
		return event.PublishFailed
	case fault.OpSubscribe:
		return event.SubscribeFailed
	}
	return ""
}

// seen is report.Seen for faults that may have been provoked.
func seen(t event.Type, f *fault.Error, s event.Subject) event.Event {
	e := report.Seen(t, f, s)
	e.Injected = inject.Caused(f)
	return e
}

// publishedTrack is what track events need to know.
type publishedTrack struct {
	room.Track
	since   time.Time
	arrives bool // its media has come, so that it is recorded
	warned  bool // what is amiss with it was told
}

// tracks keeps the history of what a peer publishes. A track is recorded once its
// first packet has come: one that was announced and never sends was not published.
func (e *Events) tracks(done room.Published) {
	now := time.Now()
	for _, t := range done.Added {
		e.published[t.ID] = publishedTrack{Track: t, since: now}
	}
	e.tracksChanged(done.Changed)
	for _, t := range done.Removed {
		if was, ok := e.published[t.ID]; ok {
			delete(e.published, t.ID)
			e.track(event.TrackRemoved, was, now)
		}
	}
}

// trackArrived hears that media of a track has come.
func (e *Events) trackArrived(id room.TrackID) {
	t, known := e.published[id]
	if !known || t.arrives {
		return
	}
	t.arrives = true
	e.published[id] = t
	e.track(event.TrackAdded, t, time.Time{})
}

func (e *Events) tracksChanged(ts []room.Track) {
	for _, t := range ts {
		was := e.published[t.ID]
		before := was.Track
		before.Picture = t.Picture
		was.Track = t
		e.published[t.ID] = was
		if before != t { // the size of a picture is not part of the record
			e.track(event.TrackUpdated, was, time.Time{})
		}
	}
}

// tracksGone closes the history of a peer that leaves.
func (e *Events) tracksGone() {
	now := time.Now()
	for id, t := range e.published {
		delete(e.published, id)
		e.track(event.TrackRemoved, t, now)
	}
}

func (e *Events) track(t event.Type, published publishedTrack, stopped time.Time) {
	if !published.arrives {
		return
	}
	e.p.s.cfg.Events.Record(report.Track(t, report.TrackFacts{
		ID: string(published.ID), StreamID: published.StreamID, Kind: published.Kind, Source: published.Source, Muted: published.Mute,
		PeerJoinedAt: e.since, StartedAt: published.since, StoppedAt: stopped,
	}, e.Subject()))
}
