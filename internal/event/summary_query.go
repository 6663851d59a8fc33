package event

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Limits of a summary.
const (
	DefaultTop    = 10
	MaxTop        = 100
	MaxBuckets    = 800            // a month of hours
	MaxWindow     = 400 * Day      // of one summary
	defaultWindow = Day            // ending now
	hoursUpTo     = 48 * time.Hour // windows up to this have buckets of an hour by default
)

// Comparison says which window a summary is compared with. Both are equally
// long.
type Comparison string

// The comparisons.
const (
	NoComparison   Comparison = ""
	WithPrevious   Comparison = "previous" // the window that ends where this one begins
	WithDayBefore  Comparison = "day"      // the same hours a day earlier
	WithWeekBefore Comparison = "week"     // the same hours a week earlier
)

// SummaryRequest is a summary as the API is asked for it.
type SummaryRequest struct {
	SummaryQuery
	Compare Comparison
}

// Baseline is the query of the window to compare with.
func (r *SummaryRequest) Baseline() SummaryQuery {
	q := r.SummaryQuery
	shift := q.Until.Sub(q.Since)
	switch r.Compare {
	case WithDayBefore:
		shift = Day
	case WithWeekBefore:
		shift = 7 * Day
	}
	q.Since, q.Until = q.Since.Add(-shift), q.Until.Add(-shift)
	return q
}

// SummaryParameters lists the URL parameters that ParseSummary knows.
func SummaryParameters() []string { return slices.Sorted(maps.Keys(summaryParameters)) }

var summaryParameters = map[string]func(r *SummaryRequest, value string) (why string){
	"by": func(r *SummaryRequest, value string) string {
		if r.By = Dimension(value); !slices.Contains(Dimensions, r.By) {
			return "is not one of " + words(Dimensions)
		}
		return ""
	},
	"type": func(r *SummaryRequest, value string) string {
		for word := range strings.SplitSeq(value, ",") {
			if !slices.Contains(Types, Type(word)) {
				return "is not one of " + joinTypes()
			}
			r.Types = append(r.Types, Type(word))
		}
		return ""
	},
	"since": func(r *SummaryRequest, value string) string { return moment(&r.Since, value) },
	"until": func(r *SummaryRequest, value string) string { return moment(&r.Until, value) },
	"bucket": func(r *SummaryRequest, value string) string {
		switch value {
		case "hour":
			r.Bucket = time.Hour
		case "day":
			r.Bucket = Day
		default:
			return "is neither hour nor day"
		}
		return ""
	},
	"top": func(r *SummaryRequest, value string) string {
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > MaxTop {
			return "is not a number from 1 to " + strconv.Itoa(MaxTop)
		}
		r.Top = n
		return ""
	},
	"compare": func(r *SummaryRequest, value string) string {
		switch r.Compare = Comparison(value); r.Compare {
		case WithPrevious, WithDayBefore, WithWeekBefore:
			return ""
		}
		return "is not one of previous, day, week"
	},
}

// ParseSummary reads a summary from URL parameters: by, type (may be repeated),
// since, until, bucket, top and compare. The window is widened to whole hours;
// without one it is the last day. Whatever it cannot read is fault.FieldInvalid,
// which names the parameter.
func ParseSummary(v url.Values, now time.Time) (SummaryRequest, error) {
	r := SummaryRequest{SummaryQuery: SummaryQuery{By: ByFault, Top: DefaultTop, Users: true}}
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
	if len(r.Types) == 0 {
		r.Types = slices.DeleteFunc(slices.Clone(Types), func(t Type) bool { return !t.IsError() })
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
	if length > MaxWindow {
		return r, invalid("since", "makes a window of more than "+strconv.Itoa(int(MaxWindow/Day))+" days")
	}
	if r.Bucket == 0 {
		if r.Bucket = Day; length <= hoursUpTo {
			r.Bucket = time.Hour
		}
	}
	if length/r.Bucket > MaxBuckets {
		return r, fault.FieldInvalid.New("field", "bucket", "reason", "makes too many buckets of this window", "max", MaxBuckets)
	}
	if shift := r.Since.Sub(r.baselineSince()); r.Compare != NoComparison && shift < length {
		return r, invalid("compare", "makes the two windows overlap")
	}
	return r, nil
}

func (r *SummaryRequest) baselineSince() time.Time { q := r.Baseline(); return q.Since }

func moment(into *time.Time, value string) (why string) {
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil || t.Year() < 1971 || t.Year() > 2200 {
		return "is not a time of RFC 3339, such as 2026-01-31T12:00:00Z"
	}
	*into = t
	return ""
}

func words[T ~string](list []T) string {
	all := make([]string, len(list))
	for i, w := range list {
		all[i] = string(w)
	}
	return strings.Join(all, ", ")
}
