// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"time"

	"github.com/redial-rtc/redial/internal/registry"
)

// listBody is one page of a list as the v2 API has it.
type listBody[T any] struct {
	Limit int    `json:"limit"`
	Data  []T    `json:"data"`
	Last  string `json:"last"` // start of the next page; "" when there is nothing
}

// pageOf words each entry of a page.
func pageOf[T, B any](p registry.Page[T], word func(T) B) listBody[B] {
	body := listBody[B]{Limit: p.Limit, Data: make([]B, len(p.Data)), Last: p.Last}
	for i, v := range p.Data {
		body.Data[i] = word(v)
	}
	return body
}

// span reads the filters "after" and "before".
func (c *Call) span() (after, before time.Time, err error) {
	if after, err = c.QueryTime("after"); err != nil {
		return
	}
	before, err = c.QueryTime("before")
	return
}

// limit reads the size of a page. Zero is refused when it is asked for.
func (c *Call) limit() (int, error) {
	n, err := c.QueryInt("limit")
	if err == nil && n == 0 && c.Query("limit") != "" {
		n = -1 // the registry refuses it and names the bounds
	}
	return n, err
}

// optionalTime leaves out the zero time.
func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
