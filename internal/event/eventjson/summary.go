// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventjson

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// What is taken where nothing is said.
const (
	defaultWindow = event.Day      // ending now
	hoursUpTo     = 48 * time.Hour // windows up to this have buckets of an hour
)

// SummaryParameters lists the URL parameters that ParseSummary knows.
func SummaryParameters() []string { return slices.Sorted(maps.Keys(summaryParameters)) }

var summaryParameters = map[string]func(r *event.SummaryRequest, value string) (why string){
	"by": func(r *event.SummaryRequest, value string) string {
		i := slices.Index(Dimensions(), value)
		if i < 0 {
			return "is not one of " + strings.Join(Dimensions(), ", ")
		}
		r.By = event.Dimensions[i]
		return ""
	},
	"type": func(r *event.SummaryRequest, value string) string {
		for word := range strings.SplitSeq(value, ",") {
			if !slices.Contains(event.Types, event.Type(word)) {
				return "is not one of " + typeNames()
			}
			r.Types = append(r.Types, event.Type(word))
		}
		return ""
	},
	"since": func(r *event.SummaryRequest, value string) string { return moment(&r.Since, value) },
	"until": func(r *event.SummaryRequest, value string) string { return moment(&r.Until, value) },
	"bucket": func(r *event.SummaryRequest, value string) string {
		switch value {
		case "hour":
			r.Bucket = time.Hour
		case "day":
			r.Bucket = event.Day
		default:
			return "is neither hour nor day"
		}
		return ""
	},
	"top": func(r *event.SummaryRequest, value string) string {
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > event.MaxTop {
			return "is not a number from 1 to " + strconv.Itoa(event.MaxTop)
		}
		r.Top = n
		return ""
	},
	"where": func(r *event.SummaryRequest, value string) string {
		name, of, ok := strings.Cut(value, ":")
		i := slices.Index(Dimensions(), name)
		if !ok || i < 0 {
			return "is not DIMENSION:VALUE, such as sdk_version:web 0.15.2, with one of " + strings.Join(Dimensions(), ", ")
		}
		r.Where = event.Where{Dim: event.Dimensions[i], Value: of}
		return ""
	},
	"compare": func(r *event.SummaryRequest, value string) string {
		switch r.Compare = event.Comparison(value); r.Compare {
		case event.WithPrevious, event.WithDayBefore, event.WithWeekBefore:
			return ""
		}
		return "is not one of previous, day, week"
	},
}

// DimensionName is what a dimension is called in requests and answers.
func DimensionName(d event.Dimension) string {
	if d == event.ByCode {
		return "error_code"
	}
	return string(d)
}

// Dimensions lists what a summary can be grouped by, as requests name it.
func Dimensions() []string {
	var names []string
	for _, d := range event.Dimensions {
		names = append(names, DimensionName(d))
	}
	return names
}

// ParseSummary reads a summary from URL parameters: by, type (may be repeated),
// since, until, bucket, top, where and compare. The window is widened to whole hours;
// without one it is the last day. Whatever it cannot read is fault.FieldInvalid,
// which names the parameter.
func ParseSummary(v url.Values, now time.Time) (event.SummaryRequest, error) {
	r := event.SummaryRequest{SummaryQuery: event.SummaryQuery{By: event.ByFault, Top: event.DefaultTop, Users: true}}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		set, known := summaryParameters[name]
		switch {
		case !known:
			return r, invalid(name, "is not a parameter of this call")
		case len(v[name]) != 1 && name != "type":
			return r, invalid(name, "is given more than once")
		}
		for _, value := range v[name] {
			if len(value) > maxParameter {
				return r, invalid(name, "is too long")
			}
			if why := set(&r, value); why != "" {
				return r, invalid(name, why)
			}
		}
	}
	switch {
	case r.Where.Dim != event.ByNothing && r.Where.Dim == r.By:
		return r, invalid("where", "is of the dimension that groups are made by")
	case r.Where.Dim != event.ByNothing && r.Compare != event.NoComparison:
		return r, invalid("compare", "is given beside where, of which no other window is known")
	}
	if len(r.Types) == 0 {
		r.Types = slices.DeleteFunc(slices.Clone(event.Types), func(t event.Type) bool { return !t.IsError() })
	}
	if r.Until.IsZero() {
		r.Until = now
	}
	if r.Since.IsZero() { // 24 whole hours, so that the day before does not overlap
		r.Since = r.Until.Add(time.Hour - time.Nanosecond).Truncate(time.Hour).Add(-defaultWindow)
	}
	if !r.Since.Before(r.Until) {
		return r, invalid("until", "is not after since")
	}
	r.Since = r.Since.UTC().Truncate(time.Hour)
	if end := r.Until.UTC().Truncate(time.Hour); end.Before(r.Until) {
		r.Until = end.Add(time.Hour)
	} else {
		r.Until = end
	}
	length := r.Until.Sub(r.Since)
	if length > event.MaxWindow {
		return r, invalid("since", "makes a window of more than "+strconv.Itoa(int(event.MaxWindow/event.Day))+" days")
	}
	if r.Bucket == 0 {
		if r.Bucket = event.Day; length <= hoursUpTo {
			r.Bucket = time.Hour
		}
	}
	if length/r.Bucket > event.MaxBuckets {
		return r, fault.FieldInvalid.New("field", "bucket", "reason", "makes too many buckets of this window", "max", event.MaxBuckets)
	}
	if shift := r.Since.Sub(baselineSince(&r)); r.Compare != event.NoComparison && shift < length {
		return r, invalid("compare", "makes the two windows overlap")
	}
	return r, nil
}

func baselineSince(r *event.SummaryRequest) time.Time { q := r.Baseline(); return q.Since }

func moment(into *time.Time, value string) (why string) {
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil || t.Year() < 1971 || t.Year() > 2200 {
		return "is not a time of RFC 3339, such as 2026-01-31T12:00:00Z"
	}
	*into = t
	return ""
}

func typeNames() string {
	all := make([]string, len(event.Types))
	for i, w := range event.Types {
		all[i] = string(w)
	}
	return strings.Join(all, ", ")
}
