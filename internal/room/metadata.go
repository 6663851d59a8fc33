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

// SetMetadata writes a value and tells who observes the key. With ifVersion
// the write fails with fault.MetadataConflict unless the key still has that
// version. Fails with fault.FieldInvalid, MessageTooLarge.
func (r *Room) SetMetadata(ctx context.Context, by PeerID, key string, data json.RawMessage, ifVersion *int64) (Entry, error) {
	return call(ctx, r, func() (Entry, error) {
		was, known := r.meta[key]
		switch {
		case key == "" || len(key) > maxKey:
			return Entry{}, fault.FieldInvalid.New("field", "key", "want", "1 to 256 bytes")
		case len(data) > maxMetadata:
			return Entry{}, fault.MessageTooLarge.New("field", "data", "max_bytes", maxMetadata, "bytes", len(data))
		case !known && len(r.meta) >= maxKeys:
			return Entry{}, fault.FieldInvalid.New("field", "key", "max_keys", maxKeys)
		case r.metaSize+grown(was, key, data) > r.opt.MaxMetadata:
			return Entry{}, fault.MessageTooLarge.New("field", "data", "limit", "limits.room_metadata_bytes", "max_bytes", r.opt.MaxMetadata)
		case ifVersion != nil && *ifVersion != was.Version:
			return Entry{}, fault.MetadataConflict.New("key", key, "version", was.Version, "expected", *ifVersion)
		}
		if by != "" {
			if _, err := r.member(by); err != nil {
				return Entry{}, err
			}
		}
		e := Entry{Key: key, Data: data, Version: was.Version + 1, UpdatedAt: time.Now(), UpdatedBy: by}
		r.metaSize += grown(was, key, data)
		r.meta[key] = e
		r.opt.Journal.MetadataSet(r.session, r.spec.ID, e)
		for _, m := range r.members {
			if m.keys[key] {
				m.to.Notify(MetadataChanged{[]Entry{e}})
			}
		}
		return e, nil
	})
}

// Metadata reads a value; an unknown key yields an entry of version 0 without
// data.
func (r *Room) Metadata(ctx context.Context, key string) (Entry, error) {
	return call(ctx, r, func() (Entry, error) {
		e, ok := r.meta[key]
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
func (r *Room) Observe(ctx context.Context, id PeerID, keys []string) (told int, err error) {
	return call(ctx, r, func() (int, error) {
		m, err := r.member(id)
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
			if e, ok := r.meta[k]; ok && !observed[k] {
				now = append(now, e)
				told += len(e.Data)
			}
			observed[k] = true
		}
		m.keys = observed
		if len(now) > 0 {
			m.to.Notify(MetadataChanged{now})
		}
		return told, nil
	})
}
