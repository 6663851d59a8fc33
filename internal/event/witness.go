// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"cmp"
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/recent"
)

// WitnessField is the further field of a failure that holds what its client's
// device knew: an evidence.Witness.
const WitnessField = "witness"

// AskedField is the further field of a failure that holds what browsers found that
// were asked afterwards: a list of evidence.Asked. No client can report it.
const AskedField = "asked"

// Amender is a Store that can add to what it holds.
type Amender interface {
	// Amend gives events further fields, all in one transaction. One that is gone, or
	// is as it will stay, is passed over. It fails with fault.StoreUnavailable.
	Amend(ctx context.Context, list []Amendment) error
}

// Amendment is a further field of an event, in place of the one of that name.
type Amendment struct {
	ID    string
	Field string
	Value json.RawMessage
}

const (
	witnessBytes    = 8 << 20 // of all peers; who has said nothing for longest is forgotten
	witnessLife     = time.Hour
	recentFailures  = 8192 // that may still be added to
	recentOfOnePeer = 8
)

// whose names a peer.
type whose struct{ account, room, peer, user string }

// sum stands for a peer where very many are kept.
func (w whose) sum() [sha256.Size]byte {
	b := make([]byte, 0, 256)
	for _, part := range []string{w.account, w.room, w.peer, w.user} {
		b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
	}
	return sha256.Sum256(b)
}

func whoseIs(s *Subject) whose { return whose{s.AccountID, s.RoomID, s.PeerID, s.UserKey()} }

// witnesses are what devices have told lately, each peer's last word, and the
// failures that were stored in the last [PairWindow], which that is added to.
type witnesses struct {
	mu     sync.Mutex
	bytes  int
	told   map[whose]*list.Element
	recent *list.List // of *testimony, the latest in front

	failed recent.Queue[[sha256.Size]byte, failedAt] // by whose.sum
}

type testimony struct {
	of    whose
	facts json.RawMessage
	at    time.Time
}

// size is what a testimony costs, roughly.
func (t *testimony) size() int { return len(t.facts) + 256 }

type failedAt struct {
	id string
	at time.Time
}

func newWitnesses() *witnesses {
	return &witnesses{told: map[whose]*list.Element{}, recent: list.New()}
}

// hear keeps what a peer's device tells in place of what it told before.
func (w *witnesses) hear(t *testimony) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget(w.told[t.of])
	w.told[t.of] = w.recent.PushFront(t)
	w.bytes += t.size()
	for w.bytes > witnessBytes {
		w.forget(w.recent.Back())
	}
}

func (w *witnesses) forget(e *list.Element) {
	if e == nil {
		return
	}
	t := w.recent.Remove(e).(*testimony)
	delete(w.told, t.of)
	w.bytes -= t.size()
}

// erase forgets what the devices of a user have told.
func (w *witnesses) erase(account, user string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for of, e := range w.told {
		if of.account == account && of.user == user {
			w.forget(e)
		}
	}
}

// attach gives a failure what its peer's device has told before.
func (w *witnesses) attach(e *Event) {
	if !witnessed(e) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	at := w.told[whoseIs(&e.Subject)]
	if at == nil {
		return
	}
	t := at.Value.(*testimony)
	if e.Time.Sub(t.at) > witnessLife {
		return
	}
	own := make(map[string]json.RawMessage, len(e.Extra)+1)
	maps.Copy(own, e.Extra)
	own[WitnessField] = t.facts
	e.Extra = own
}

// witnessed tells whether a device can be a witness of an event. What a token that
// nobody signed says of its peer is no proof that it is that peer.
func witnessed(e *Event) bool {
	return e.PeerID != "" && e.UserProof != ProofNone && e.Type.IsError()
}

// stored remembers failures that may be added to.
func (w *witnesses) stored(batch []Event, outcomes []Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	for i, o := range outcomes {
		e := &batch[i]
		if o.State != Stored || !witnessed(e) {
			continue
		}
		of := whoseIs(&e.Subject).sum()
		w.failed.Add(of, failedAt{strings.Clone(e.ID), now})
		var oldest int64
		n := 0
		for place := range w.failed.Of(of) {
			oldest, n = cmp.Or(oldest, place), n+1
		}
		if n > recentOfOnePeer {
			w.failed.Remove(oldest)
		}
	}
	for f := w.failed.Oldest(); f != nil && (w.failed.Len() > recentFailures || now.Sub(f.at) > PairWindow); f = w.failed.Oldest() {
		w.failed.Drop()
	}
}

// failures gives the ids of the failures that a peer's testimony is added to.
func (w *witnesses) failures(of whose) (ids []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.failed.Of(of.sum()) {
		ids = append(ids, f.id)
	}
	return ids
}

// Witness takes what a peer's own device knew, as an evidence.Witness in JSON. It
// becomes the field [WitnessField] of the failures of this peer and user that were
// stored in the last [PairWindow], and of those to come until the device tells more
// or an hour has passed. Nothing waits for it, and it does not outlive the process by
// itself. It fails with fault.QueueFull, and with fault.Draining after Close.
func (r *Recorder) Witness(of Subject, facts json.RawMessage) error {
	if of.AccountID == "" {
		of.AccountID = r.cfg.Account
	}
	return r.enqueue(item{told: &testimony{of: whoseIs(&of), facts: facts, at: time.Now()}, bytes: len(facts)})
}

// amend adds testimonies to the failures that were stored before them.
func (r *Recorder) amend(told []*testimony) {
	store, ok := r.store.(Amender)
	if !ok {
		return
	}
	var list []Amendment
	for i, t := range told {
		r.m.witness("taken", 1)
		if slices.ContainsFunc(told[i+1:], func(later *testimony) bool { return later.of == t.of }) {
			continue
		}
		for _, id := range r.witnesses.failures(t.of) {
			list = append(list, Amendment{ID: id, Field: WitnessField, Value: t.facts})
		}
	}
	if len(list) == 0 {
		return
	}
	if err := store.Amend(context.Background(), list); err != nil {
		r.m.witness("lost", len(list))
		r.cfg.Log.Warn("what devices told of failures was not added to them", "fault", fault.From(err, fault.OpReport), "failures", len(list))
		return
	}
	r.m.witness("added", len(list))
}
