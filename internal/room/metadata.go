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
		case ifVersion != nil && *ifVersion != was.Version:
			return Entry{}, fault.MetadataConflict.New("key", key, "version", was.Version, "expected", *ifVersion)
		}
		if by != "" {
			if _, err := r.member(by); err != nil {
				return Entry{}, err
			}
		}
		e := Entry{Key: key, Data: data, Version: was.Version + 1, UpdatedAt: time.Now(), UpdatedBy: by}
		r.meta[key] = e
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

// Observe replaces the set of keys a peer observes and tells it their present
// values, so that one who comes late has the state.
func (r *Room) Observe(ctx context.Context, id PeerID, keys []string) error {
	return act(ctx, r, func() error {
		m, err := r.member(id)
		if err != nil {
			return err
		}
		if len(keys) > maxKeys {
			return fault.FieldInvalid.New("field", "keys", "max_keys", maxKeys)
		}
		m.keys = make(map[string]bool, len(keys))
		var now []Entry
		for _, k := range keys {
			m.keys[k] = true
			if e, ok := r.meta[k]; ok {
				now = append(now, e)
			}
		}
		if len(now) > 0 {
			m.to.Notify(MetadataChanged{now})
		}
		return nil
	})
}
