// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package metricdoc is what the page about metrics says beside what the metrics say
// of themselves: what each is for and when to worry. The server's tests compare it
// with what a server really registers, and write docs/metrics.md.
package metricdoc

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Type is a type of metric, in the words of Prometheus.
type Type string

// The types that are used here.
const (
	Counter   Type = "counter"
	Gauge     Type = "gauge"
	Histogram Type = "histogram"
)

// Section is some metrics that are about one thing.
type Section struct {
	Title   string
	Metrics []Metric
}

// Metric is what is said of one metric here.
type Metric struct {
	Name  string
	Worry string // when to worry and what to look at; "" for a number that is only read beside others
	Type  Type   // "": by the name, a counter if it ends in _total and a gauge otherwise
	Unit  string // "": by the name
}

// Kind is the metric's type.
func (m Metric) Kind() Type {
	if m.Type != "" {
		return m.Type
	}
	if strings.HasSuffix(m.Name, "_total") {
		return Counter
	}
	return Gauge
}

// units are those that a name ends with, the longer ones first.
var units = []struct{ suffix, unit string }{
	{"_timestamp_seconds", "time, in seconds since 1970"},
	{"_seconds", "seconds"}, {"_bytes", "bytes"}, {"_packets", "packets"}, {"_events", "events"},
	{"_ratio", "part of the whole, 1 is all"},
}

// Measured is the metric's unit.
func (m Metric) Measured() string {
	if m.Unit != "" {
		return m.Unit
	}
	name := strings.TrimSuffix(m.Name, "_total")
	for _, u := range units {
		if strings.HasSuffix(name, u.suffix) {
			return u.unit
		}
	}
	return "count"
}

// Registered is a metric as it was registered.
type Registered struct {
	Name, Help string
	Labels     []string
}

// described is how a description prints itself; it tells what is in it no other way.
var described = regexp.MustCompile(`^Desc\{fqName: "(.*?)", help: "(.*?)", (?:unit: "[^"]*", )?constLabels: \{.*\}, variableLabels: \{(.*)\}\}$`)

// Describe lists what collectors have registered of ours, by name.
func Describe(of prometheus.Collector) ([]Registered, error) {
	descs := make(chan *prometheus.Desc)
	go func() { of.Describe(descs); close(descs) }()
	var all []Registered
	var bad error
	for d := range descs {
		m := described.FindStringSubmatch(d.String())
		switch {
		case m == nil:
			bad = fmt.Errorf("cannot be read: %s", d)
		case strings.HasPrefix(m[1], "redial_"):
			r := Registered{Name: m[1], Help: strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(m[2])}
			for label := range strings.FieldsFuncSeq(m[3], func(r rune) bool { return r == ',' || r == ' ' }) {
				r.Labels = append(r.Labels, label)
			}
			slices.Sort(r.Labels)
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Registered) int { return cmp.Compare(a.Name, b.Name) })
	return all, bad
}

// Labels are what labels tell.
var Labels = map[string]string{
	"address": "a media address that clients are told", "at": "where a provoked fault was applied", "cause": "what a failure was due to, as in [why](why.md); empty: not known",
	"code": "a STUN error code (RFC 8656, section 19)", "confidence": "how sure a verdict is", "direction": "`in`: from publishers or subscribers to the server; `out`: from the server",
	"domain": "a name that the certificate is for", "fault": "a [fault](faults/README.md) by its id", "hook": "a webhook by its name in the settings",
	"injected": "`true`: by a fault that was provoked on purpose; leave it out of rates that alert", "kind": "`publish` or `subscribe`",
	"limit": "the [setting](configuration.md) of a limit", "method": "a call of the wire", "op": "what was being done, as in [faults](faults/README.md)", "outcome": "what came of it",
	"over": "`udp`, `tcp` or `tls`", "protocol": "`udp` or `tcp`", "reason": "why not", "route": "a route of the [REST API](rest.md) as a pattern",
	"socket": "the setting of a socket's address",
	"source": "who told: `client` or `server`", "state": "a state of ICE (RFC 8445)", "status": "the HTTP status", "type": "the type of an [event](events.md)", "what": "what it was, as the meaning lists it",
}

// Page writes the page from what was registered and what is said here. It fails
// when one knows a metric that the other does not.
func Page(all []Registered) (string, error) {
	left := map[string]Registered{}
	for _, r := range all {
		left[r.Name] = r
	}
	var b strings.Builder
	b.WriteString(head)
	used := map[string]bool{}
	for _, s := range Sections {
		fmt.Fprintf(&b, "\n## %s\n\n| metric | type, unit | labels | meaning | when to worry |\n|---|---|---|---|---|\n", s.Title)
		for _, m := range s.Metrics {
			r, is := left[m.Name]
			if !is {
				return "", fmt.Errorf("%s is described, and no server has it", m.Name)
			}
			delete(left, m.Name)
			labels := "–"
			for i, l := range r.Labels {
				if Labels[l] == "" {
					return "", fmt.Errorf("the label %s of %s is not explained", l, m.Name)
				}
				used[l] = true
				if i == 0 {
					labels = ""
				} else {
					labels += ", "
				}
				labels += "`" + l + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s, %s | %s | %s | %s |\n", m.Name, m.Kind(), m.Measured(), labels, cell(r.Help), cell(cmp.Or(m.Worry, "–")))
		}
	}
	for name := range left {
		return "", fmt.Errorf("a server has %s, and no section describes it", name)
	}
	for l := range Labels {
		if !used[l] {
			return "", fmt.Errorf("the label %s is explained, and no metric has it", l)
		}
	}
	b.WriteString("\n## Labels\n\n| label | |\n|---|---|\n")
	for _, l := range slices.Sorted(keys(used)) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", l, Labels[l])
	}
	return b.String(), nil
}

func keys(set map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range set {
			if !yield(k) {
				return
			}
		}
	}
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

const head = `# Metrics

<!-- Written by "make docs" from the metrics of a server and internal/metricdoc. Do not edit. -->

` + "`/metrics`" + ` answers in the text format of Prometheus: on ` + "`http.address`" + ` to this machine, or to whoever has ` + "`metrics.token`" + `; or on
` + "`metrics.address`" + ` ([settings](configuration.md#metrics)). With a token, Prometheus is told so:

` + "```yaml" + `
scrape_configs:
  - job_name: redial
    scheme: https
    authorization: {credentials_file: /etc/prometheus/redial.token}
    static_configs: [{targets: ["video.example.org"]}]
` + "```" + `

[Alerts](alerts.md) has rules and dashboards that are made of these. No label has a room, a person or an address of a client, so the
number of series is bounded. Counters begin at 0 when the process does; a series of a labelled counter appears with its first event.

Beside these there are the metrics of every Go process: ` + "`process_open_fds`, `process_max_fds`, `process_resident_memory_bytes`," + `
` + "`process_cpu_seconds_total`, `process_start_time_seconds`, `go_goroutines`" + ` and ` + "`go_build_info`" + `.
`
