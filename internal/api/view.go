// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/report"
)

// eventView is how a caller wants to read events: in whose words, and whether
// with what each side told.
type eventView struct {
	words  *dialect.Dialect
	halves bool
}

// viewParameters are the URL parameters that parseView takes.
var viewParameters = []string{"dialect", "halves"}

// parseView takes the parameters of the view out of a query. It fails with
// fault.FieldInvalid.
func parseView(v url.Values) (eventView, error) {
	view := eventView{words: dialect.HMS}
	bad := func(name, why string) error { return fault.FieldInvalid.New("field", name, "reason", why) }
	for _, name := range viewParameters {
		values, given := v[name]
		delete(v, name)
		switch {
		case !given:
			continue
		case len(values) != 1:
			return view, bad(name, "is given more than once")
		}
		switch name {
		case "dialect":
			if view.words = dialect.ByName(values[0]); view.words == nil {
				return view, bad(name, "is not one of "+strings.Join(dialectNames(), ", "))
			}
		case "halves":
			on, err := strconv.ParseBool(values[0])
			if err != nil {
				return view, bad(name, "is neither true nor false")
			}
			view.halves = on
		}
	}
	if view.words != dialect.HMS && v.Has("error_code") {
		return view, bad("error_code", "is a number of "+dialect.HMS.Name+"; with another dialect ask by fault")
	}
	return view, nil
}

func dialectNames() []string {
	var names []string
	for _, d := range dialect.All() {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return names
}

// appendEvent appends an event as it is wanted.
func (w eventView) appendEvent(b []byte, e *event.Event) []byte {
	report.In(w.words, e)
	if w.halves {
		return eventjson.AppendWhole(b, e)
	}
	return eventjson.Append(b, e)
}
