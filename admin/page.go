// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"iter"
	"net/url"
	"reflect"
	"strconv"
	"time"
)

// Page is one page of a list. Lists come newest first, codes by role.
type Page[T any] struct {
	Limit int    `json:"limit"` // the largest number of entries of this page
	Data  []T    `json:"data"`
	Last  string `json:"last"` // Start of the next page; "" when there is nothing
}

// all asks for page after page. It ends with the first error, which is yielded.
func all[T any](ctx context.Context, start string, page func(context.Context, string) ([]T, string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			data, next, err := page(ctx, start)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, v := range data {
				if !yield(v, nil) {
					return
				}
			}
			if next == "" || next == start {
				return
			}
			start = next
		}
	}
}

// everyPage is all for lists of the form Page, asked for in the largest pages.
func everyPage[T any](ctx context.Context, start string, page func(context.Context, string) (Page[T], error)) iter.Seq2[T, error] {
	return all(ctx, start, func(ctx context.Context, start string) ([]T, string, error) {
		p, err := page(ctx, start)
		if len(p.Data) < p.Limit {
			p.Last = "" // a short page is the last one
		}
		return p.Data, p.Last, err
	})
}

// maxLimit is the largest page of every list.
const maxLimit = 100

// parameters are the fields of a filter with the tag "query" that are set.
func parameters(filter any) url.Values {
	q := url.Values{}
	v := reflect.ValueOf(filter)
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("query")
		if name == "" || v.Field(i).IsZero() {
			continue
		}
		switch value := v.Field(i).Interface().(type) {
		case []string:
			q[name] = value
		case []int:
			for _, n := range value {
				q.Add(name, strconv.Itoa(n))
			}
		case time.Time:
			q.Set(name, value.UTC().Format(time.RFC3339Nano))
		case bool:
			q.Set(name, "true")
		case *bool:
			q.Set(name, strconv.FormatBool(*value))
		case int:
			q.Set(name, strconv.Itoa(value))
		default: // strings, and types made of them
			q.Set(name, v.Field(i).String())
		}
	}
	return q
}
