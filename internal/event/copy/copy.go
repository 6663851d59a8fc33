// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package copy copies events between stores, and to and from lines of JSON, with
// their ids and in their order. Interrupted, a migration goes on where it was.
package copy

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/rollup"
)

// records is a store that can be copied from and to.
type records interface {
	target
	// Records gives up to n events after a place, in order.
	Records(ctx context.Context, above int64, n int) ([]eventlog.Record, error)
}

// target is what a store does beside giving its records.
type target interface {
	event.Store
	// Copy appends what another store has held, as it is.
	Copy(ctx context.Context, list []eventlog.Record) ([]event.Outcome, error)
	// JoinCounts hands over how many joins there were, and CopyJoins takes them;
	// copying twice counts once.
	JoinCounts(ctx context.Context, f func(rollup.JoinCount) error) error
	CopyJoins(ctx context.Context, counts []rollup.JoinCount) error
}

// embedded is a store that gives its records up to a place as well.
type embedded interface {
	target
	Records(ctx context.Context, above, upto int64, n int) ([]eventlog.Record, error)
}

// whole is an embedded store, all of it.
type whole struct{ embedded }

func (w whole) Records(ctx context.Context, above int64, n int) ([]eventlog.Record, error) {
	return w.embedded.Records(ctx, above, 1<<62, n)
}

// copyBatch is how many events are copied between two notes of how far it got.
const copyBatch = 1000

// Progress is how far a copy has come.
type Progress struct {
	Done  int64 // places looked at
	Total int64 // places there are
	Added int64 // events that were new
	Known int64 // events that were there already
}

// Files is the events of a data directory, which no server has open.
type Files struct {
	Dir     string // the data directory
	Store   string // the name of the store that Export and Import work on
	Account string // of imported events that name none

	// Open opens a store by its name.
	Open func(ctx context.Context, name string) (event.Store, error)
}

func (f *Files) open(ctx context.Context, name string) (records, error) {
	s, err := f.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	switch s := s.(type) {
	case records:
		return s, nil
	case embedded:
		return whole{s}, nil
	}
	return nil, errors.Join(fault.FeatureUnsupported.New("feature", "copying events of the store "+name), s.Close())
}

// checkpoint is how far a migration has come, kept beside the events. It may be
// behind, never ahead: what is copied again is known and counts once.
type checkpoint struct {
	From  string `json:"from"`
	To    string `json:"to"`
	After int64  `json:"after"` // the last place that was copied
}

const checkpointFile = "events.migration.json"

func (f *Files) readCheckpoint(from, to string) (m checkpoint, err error) {
	text, err := os.ReadFile(filepath.Join(f.Dir, checkpointFile))
	if errors.Is(err, fs.ErrNotExist) {
		return checkpoint{From: from, To: to}, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil || m.From != from || m.To != to {
		return checkpoint{From: from, To: to}, err
	}
	return m, nil
}

func (f *Files) writeMark(m checkpoint) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	path := filepath.Join(f.Dir, checkpointFile)
	return datafile.Write(path, text)
}

// Migrate copies all events from one store to the other, in their order and
// with their ids, and the counts of joins, and leaves the first as it is. Interrupted, it goes on where
// it was the next time. told is called after every batch. It fails with
// fault.StoreUnavailable.
func (f *Files) Migrate(ctx context.Context, from, to string, told func(Progress)) (p Progress, err error) {
	source, err := f.open(ctx, from)
	if err != nil {
		return p, err
	}
	defer closing(source, &err)
	target, err := f.open(ctx, to)
	if err != nil {
		return p, err
	}
	defer closing(target, &err)
	m, err := f.readCheckpoint(from, to)
	if err != nil {
		return p, err
	}
	if p.Total, err = source.Last(ctx); err != nil {
		return p, err
	}
	for p.Done = m.After; ; {
		list, err := source.Records(ctx, m.After, copyBatch)
		if err != nil {
			return p, err
		}
		if len(list) == 0 {
			break
		}
		outcomes, err := target.Copy(ctx, list)
		if err != nil {
			return p, err
		}
		p.count(outcomes)
		m.After = list[len(list)-1].Seq
		p.Done = m.After
		if err := f.writeMark(m); err != nil {
			return p, err
		}
		told(p)
	}
	if err := copyJoins(ctx, source, target); err != nil {
		return p, err
	}
	p.Done = p.Total
	if behind, ok := target.(interface{ Flush(context.Context) error }); ok {
		if err := behind.Flush(ctx); err != nil {
			return p, err
		}
	}
	told(p)
	return p, nil
}

// copyJoins copies the counts of joins, all of them every time: they are few.
func copyJoins(ctx context.Context, source, target records) error {
	var counts []rollup.JoinCount
	err := source.JoinCounts(ctx, func(j rollup.JoinCount) error {
		counts = append(counts, j)
		return nil
	})
	if err != nil {
		return err
	}
	return target.CopyJoins(ctx, counts)
}

func (p *Progress) count(outcomes []event.Outcome) {
	for _, o := range outcomes {
		if o.State == event.Stored {
			p.Added++
		} else {
			p.Known++
		}
	}
}

// Export writes every event as a line of JSON, in their order, with all that the
// store has of it: what each side told, its place, and the ids of the reports that
// became part of it.
func (f *Files) Export(ctx context.Context, w io.Writer, told func(Progress)) (p Progress, err error) {
	s, err := f.open(ctx, f.Store)
	if err != nil {
		return p, err
	}
	defer closing(s, &err)
	if p.Total, err = s.Last(ctx); err != nil {
		return p, err
	}
	var line []byte
	for {
		list, err := s.Records(ctx, p.Done, copyBatch)
		if err != nil {
			return p, err
		}
		if len(list) == 0 {
			return p, nil
		}
		for i := range list {
			line = append(appendRecord(line[:0], &list[i]), '\n')
			if _, err := w.Write(line); err != nil {
				return p, err
			}
			p.Added++
		}
		p.Done = list[len(list)-1].Seq
		told(p)
	}
}

// kept is what a store has of an event beside the event itself, in the block of
// our own of an exported line.
type kept struct {
	Seq  int64    `json:"seq"`            // its place
	Also []string `json:"also,omitempty"` // ids of the reports that became part of it
}

func appendRecord(b []byte, r *eventlog.Record) []byte {
	b = eventjson.AppendWhole(b, &r.Event)
	own, err := json.Marshal(kept{r.Seq, r.Also})
	if err != nil {
		return b // cannot happen: numbers and ids
	}
	b = append(b[:len(b)-len("}}")], ',')
	return append(append(b, own[1:]...), '}')
}

// maxSeq is the last place that an imported event may have.
const maxSeq = 1 << 48

// maxLine is the longest event that Import reads, in bytes.
const maxLine = 1 << 20

// Import stores events as Export writes them, at their places where those come
// after all that are taken; events that are there already count once. A line that is no event stops it, with fault.FieldInvalid naming the
// line; the lines before it are stored.
func (f *Files) Import(ctx context.Context, r io.Reader, told func(Progress)) (p Progress, err error) {
	s, err := f.open(ctx, f.Store)
	if err != nil {
		return p, err
	}
	defer closing(s, &err)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	var list []eventlog.Record
	store := func() error {
		if len(list) == 0 {
			return nil
		}
		outcomes, err := s.Copy(ctx, list)
		if err != nil {
			return err
		}
		p.count(outcomes)
		list = list[:0]
		told(p)
		return nil
	}
	for n := int64(1); lines.Scan(); n++ {
		p.Done = n
		if len(lines.Bytes()) == 0 {
			continue
		}
		record, why := f.read(lines.Bytes())
		if why != "" {
			return p, errors.Join(store(), fault.FieldInvalid.New("field", fmt.Sprintf("line %d", n), "reason", why))
		}
		if list = append(list, record); len(list) == copyBatch {
			if err := store(); err != nil {
				return p, err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return p, errors.Join(store(), err)
	}
	return p, store()
}

// read reads one line; why says why it is no event that could be stored.
func (f *Files) read(line []byte) (r eventlog.Record, why string) {
	e := &r.Event
	if err := eventjson.Decode(line, e); err != nil {
		return r, "is not an event in JSON: " + err.Error()
	}
	var own struct {
		Redial kept `json:"redial"`
	}
	if err := json.Unmarshal(line, &own); err != nil {
		return r, "has a place or ids that cannot be read: " + err.Error()
	}
	e.Seq, r.Also = own.Redial.Seq, own.Redial.Also
	switch {
	case e.Seq < 0 || e.Seq > maxSeq:
		return r, "has a place that cannot be"
	case slices.ContainsFunc(r.Also, func(id string) bool { return uuid.Validate(id) != nil }):
		return r, "has an id in also that is no UUID"
	case uuid.Validate(e.ID) != nil:
		return r, "has no id that is a UUID"
	case !slices.Contains(event.Types, e.Type) || e.Type == event.Recorded:
		return r, "has a type that is not stored"
	case e.Time.Year() < 1970 || e.Time.Year() > 2200:
		return r, "has no timestamp, or an odd one"
	}
	if e.Source == "" {
		e.Source = event.FromServer
	}
	if !slices.Contains([]event.Source{event.FromServer, event.FromClient, event.FromBoth}, e.Source) {
		return r, "has a source that does not exist"
	}
	if e.AccountID == "" {
		e.AccountID = f.Account
	}
	return r, ""
}

// closing closes a store after use; that this failed is told when nothing else did.
func closing(s event.Store, err *error) {
	if bad := s.Close(); *err == nil {
		*err = bad
	}
}
