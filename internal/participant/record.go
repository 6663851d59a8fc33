package participant

import (
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/report"
	"github.com/redial-rtc/redial/internal/room"
)

// Subject is the peer as events name it.
func (p *Participant) Subject() event.Subject {
	return event.Subject{
		AccountID: p.roomRecord.Account, UserID: p.claims.UserID, UserProof: p.claims.UserProof, UserName: p.name, PeerID: string(p.key.peer),
		RoomID: p.key.room, SessionID: p.session, RoomName: p.roomRecord.Spec.Name,
		TemplateID: p.roomRecord.Spec.Template.ID, Role: p.role, Agent: p.agent,
	}
}

// Record stores what the server itself saw go wrong.
func (p *Participant) Record(t event.Type, f *fault.Error) {
	p.record(t, f, func(*event.Event) {})
}

// RecordAs is Record for what the client was doing in a word of its own.
func (p *Participant) RecordAs(t event.Type, action string, f *fault.Error) {
	p.record(t, f, func(e *event.Event) { e.Action = action })
}

// RecordEnd is Record for a failure after which the client has given up,
// whatever the fault as such allows.
func (p *Participant) RecordEnd(t event.Type, f *fault.Error) {
	p.record(t, f, func(e *event.Event) { e.Failure.Terminal = true })
}

// recordTry is Record for a failure that both sides go on trying to mend,
// whatever becomes of it in the end.
func (p *Participant) recordTry(t event.Type, f *fault.Error) {
	p.record(t, f, func(e *event.Event) { e.Failure.Terminal = false })
}

func (p *Participant) record(t event.Type, f *fault.Error, edit func(*event.Event)) {
	p.log.Warn("failed", "fault", f, "event", string(t), "injected", p.inject.Tampered())
	e := seen(t, f, p.Subject())
	edit(&e)
	p.s.cfg.Events.Record(e)
}

// Report stores what the client reported. It fails with fault.EventQuota beyond
// a quota, and with fault.StoreUnavailable when storing fails on purpose.
func (p *Participant) Report(e event.Event) error {
	if err := p.s.cfg.Inject.Store(p.who()); err != nil {
		return err
	}
	return p.s.cfg.Events.Report(event.Reporter{Token: p.claims.Digest}, e)
}

// Refused counts a call that was refused, and records or logs it: what belongs
// to an operation that the record has a type for is recorded. The call is named
// by its method on the wire.
func (p *Participant) Refused(method string, op fault.Op, f *fault.Error) {
	p.s.met.refusedFault(f)
	if t := failureOf(op, f); t != "" {
		p.Record(t, f)
		return
	}
	p.log.Info("refused", "method", method, "fault", f)
}

// Answered measures a call.
func (p *Participant) Answered(method string, took time.Duration) {
	p.s.met.calls.WithLabelValues(method).Observe(took.Seconds())
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

// seen is report.Seen for faults that may have been provoked, with a number of
// their own.
func seen(t event.Type, f *fault.Error, s event.Subject) event.Event {
	e := report.Seen(t, "", f, s)
	e.Injected = inject.Caused(f)
	if n := inject.Code(f); n != 0 {
		e.Failure.Code = n
	}
	return e
}

// publishedTrack is what track events need to know.
type publishedTrack struct {
	room.Track
	since time.Time
}

// recordTracks keeps the history of what a peer publishes.
func (p *Participant) recordTracks(done room.Published) {
	now := time.Now()
	for _, t := range done.Added {
		p.media.tracks[t.ID] = publishedTrack{t, now}
		p.recordTrack(event.TrackAdded, p.media.tracks[t.ID], time.Time{})
	}
	p.recordTrackChanges(done.Changed)
	for _, t := range done.Removed {
		if was, ok := p.media.tracks[t.ID]; ok {
			delete(p.media.tracks, t.ID)
			p.recordTrack(event.TrackRemoved, was, now)
		}
	}
}

func (p *Participant) recordTrackChanges(ts []room.Track) {
	for _, t := range ts {
		was := p.media.tracks[t.ID]
		was.Track = t
		p.media.tracks[t.ID] = was
		p.recordTrack(event.TrackUpdated, was, time.Time{})
	}
}

// recordTracksGone closes the history of a peer that leaves.
func (p *Participant) recordTracksGone() {
	now := time.Now()
	for id, t := range p.media.tracks {
		delete(p.media.tracks, id)
		p.recordTrack(event.TrackRemoved, t, now)
	}
}

func (p *Participant) recordTrack(t event.Type, published publishedTrack, stopped time.Time) {
	p.s.cfg.Events.Record(report.Track(t, report.TrackFacts{
		ID: string(published.ID), StreamID: published.StreamID, Kind: published.Kind, Source: published.Source, Muted: published.Mute,
		PeerJoinedAt: p.since, StartedAt: published.since, StoppedAt: stopped,
	}, p.Subject()))
}
