// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import (
	"context"
	"encoding/json"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Limits of the session's shared metadata.
const (
	maxKeys     = 200
	maxKey      = 256
	maxMetadata = 64 * 1024
)

// Metadata is what the peers of a session share under keys, and who observes
// which of them.
type Metadata struct {
	r        *Room
	entries  map[string]Entry
	size     int // bytes of keys and values
	observed map[PeerID]map[string]bool
}

func newMetadata(r *Room) *Metadata {
	return &Metadata{r: r, entries: map[string]Entry{}, observed: map[PeerID]map[string]bool{}}
}

// restore takes up what an earlier process left of the session.
func (d *Metadata) restore(entries []Entry) {
	for _, e := range entries {
		d.size += grown(d.entries[e.Key], e.Key, e.Data)
		d.entries[e.Key] = e
	}
}

// left hears that a peer observes nothing any more.
func (d *Metadata) left(id PeerID) { delete(d.observed, id) }

// clear drops the values of a session that has ended.
func (d *Metadata) clear() {
	clear(d.entries)
	d.size = 0
}

// Set writes a value and tells who observes the key. With ifVersion
// the write fails with fault.MetadataConflict unless the key still has that
// version. Fails with fault.FieldInvalid, MessageTooLarge.
func (d *Metadata) Set(ctx context.Context, by PeerID, key string, data json.RawMessage, ifVersion *int64) (Entry, error) {
	return call(ctx, d.r, func() (Entry, error) {
		was, known := d.entries[key]
		switch {
		case key == "" || len(key) > maxKey:
			return Entry{}, fault.FieldInvalid.New("field", "key", "want", "1 to 256 bytes")
		case len(data) > maxMetadata:
			return Entry{}, fault.MessageTooLarge.New("field", "data", "max_bytes", maxMetadata, "bytes", len(data))
		case !known && len(d.entries) >= maxKeys:
			return Entry{}, fault.FieldInvalid.New("field", "key", "max_keys", maxKeys)
		case d.size+grown(was, key, data) > d.r.opt.MaxMetadata:
			return Entry{}, fault.MessageTooLarge.New("field", "data", "limit", "limits.room_metadata_bytes", "max_bytes", d.r.opt.MaxMetadata)
		case ifVersion != nil && *ifVersion != was.Version:
			return Entry{}, fault.MetadataConflict.New("key", key, "version", was.Version, "expected", *ifVersion)
		}
		if by != "" {
			if _, err := d.r.member(by); err != nil {
				return Entry{}, err
			}
		}
		e := Entry{Key: key, Data: data, Version: was.Version + 1, UpdatedAt: time.Now(), UpdatedBy: by}
		d.size += grown(was, key, data)
		d.entries[key] = e
		d.r.opt.Journal.MetadataSet(d.r.session, d.r.spec.ID, e)
		tell(d.r, MetadataChanged{[]Entry{e}}, func(m *member) bool { return d.observed[m.ID][key] })
		return e, nil
	})
}

// Get reads a value; an unknown key yields an entry of version 0 without
// data.
func (d *Metadata) Get(ctx context.Context, key string) (Entry, error) {
	return call(ctx, d.r, func() (Entry, error) {
		e, ok := d.entries[key]
		if !ok {
			e = Entry{Key: key}
		}
		return e, nil
	})
}

// grown is by how many bytes the metadata grows with a new value of a key.
func grown(was Entry, key string, data json.RawMessage) int {
	if was.Version == 0 {
		return len(key) + len(data)
	}
	return len(data) - len(was.Data)
}

// Observe replaces the set of keys a peer observes and tells it their present
// values, so that one who comes late has the state; it returns how many bytes
// these have. Fails with fault.PeerNotFound, FieldInvalid.
func (d *Metadata) Observe(ctx context.Context, id PeerID, keys []string) (told int, err error) {
	return call(ctx, d.r, func() (int, error) {
		m, err := d.r.member(id)
		if err != nil {
			return 0, err
		}
		if len(keys) > maxKeys {
			return 0, fault.FieldInvalid.New("field", "keys", "max_keys", maxKeys)
		}
		observed := make(map[string]bool, len(keys))
		var now []Entry
		told := 0
		for _, k := range keys {
			if len(k) > maxKey {
				return 0, fault.FieldInvalid.New("field", "keys", "want", "keys of 256 bytes at most")
			}
			if e, ok := d.entries[k]; ok && !observed[k] {
				now = append(now, e)
				told += len(e.Data)
			}
			observed[k] = true
		}
		d.observed[id] = observed
		if len(now) > 0 {
			m.to.Notify(MetadataChanged{now})
		}
		return told, nil
	})
}
