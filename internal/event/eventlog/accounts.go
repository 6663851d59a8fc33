// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"sync"

	"github.com/redial-rtc/redial/internal/event"
)

// Types and sources are numbers in the file. A number is never reused.
var (
	TypeCodes = map[event.Type]int64{
		event.ConnectFailed: 1, event.JoinFailed: 2, event.PublishFailed: 3, event.SubscribeFailed: 4, event.Disconnected: 5,
		event.TrackAdded: 6, event.TrackUpdated: 7, event.TrackRemoved: 8,
	}
	sourceCodes = map[event.Source]int64{event.FromServer: 1, event.FromClient: 2, event.FromBoth: 3}

	CodeTypes = reverse(TypeCodes)
)

func reverse[K comparable](m map[K]int64) map[int64]K {
	r := make(map[int64]K, len(m))
	for k, v := range m {
		r[v] = k
	}
	return r
}

// Accounts numbers the accounts, which are few.
type Accounts struct {
	mu    sync.RWMutex
	ids   map[string]int64
	names map[int64]string
}

func (a *Accounts) load(ctx context.Context, c *Conn) error {
	ids, names := map[string]int64{}, map[int64]string{}
	err := c.Each(ctx, "SELECT id, name FROM accounts", func(row Scanner) error {
		var id int64
		var name string
		if err := row.Scan(&id, &name); err != nil {
			return err
		}
		ids[name], names[id] = id, name
		return nil
	})
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ids, a.names = ids, names
	return nil
}

// ID gives the number of an account that has one.
func (a *Accounts) ID(name string) (int64, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	id, ok := a.ids[name]
	return id, ok
}

// Name gives the account of a number, "" for none.
func (a *Accounts) Name(id int64) string {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.names[id]
}

// All lists the numbers, in no order.
func (a *Accounts) All() []int64 {
	a.mu.RLock()
	defer a.mu.RUnlock()
	all := make([]int64, 0, len(a.names))
	for id := range a.names {
		all = append(all, id)
	}
	return all
}

// make gives an account its number, within the writer's transaction. When that
// fails, load puts things right.
func (a *Accounts) make(ctx context.Context, c *Conn, name string) (int64, error) {
	if id, ok := a.ID(name); ok {
		return id, nil
	}
	if _, err := c.Exec(ctx, "INSERT INTO accounts(name) VALUES (?)", name); err != nil {
		return 0, err
	}
	var id int64
	if err := c.Row(ctx, "SELECT id FROM accounts WHERE name = ?", name).Scan(&id); err != nil {
		return 0, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ids[name], a.names[id] = id, name
	return id, nil
}
