// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package grafana writes the dashboards of packaging/grafana, in the form that
// Grafana 11 and later import (Dashboards, Import). The tests of the server hold
// them to the metrics that there are, in a real Prometheus.
package grafana

import (
	"encoding/json"
	"strings"
)

// Dashboard is one page of panels.
type Dashboard struct {
	Name  string // of its file, and its id
	Title string
	About string
	Rows  []Row
}

// Row is a line of panels under a heading.
type Row struct {
	Title  string
	Panels []Panel
}

// Panel is one picture.
type Panel struct {
	Title string
	About string // what it shows and what to look for
	Unit  string // in Grafana's words
	Stat  bool   // the latest number, large, and not a line over time
	Lines []Line

	// Needs is what a server has to be given beside calls for there to be anything
	// to show; "" for nothing.
	Needs string
}

// Line is a query in PromQL; [Selector] stands for which servers are meant.
type Line struct {
	Expr   string
	Legend string
}

// Selector is replaced in queries by the choice of servers.
const Selector = "@"

// Query is a line's PromQL as Grafana is given it.
func (l Line) Query() string { return strings.ReplaceAll(l.Expr, Selector, `instance=~"$instance"`) }

type object map[string]any

// JSON is the dashboard's file.
func (d Dashboard) JSON() ([]byte, error) {
	source := object{"type": "prometheus", "uid": "${datasource}"}
	var panels []object
	id, y := 0, 0
	add := func(p object, x, width, height int) {
		id++
		p["id"], p["gridPos"] = id, object{"x": x, "y": y, "w": width, "h": height}
		panels = append(panels, p)
	}
	for _, row := range d.Rows {
		add(object{"type": "row", "title": row.Title, "collapsed": false, "panels": []object{}}, 0, 24, 1)
		y++
		width := 24 / len(row.Panels)
		height := 8
		if row.Panels[0].Stat {
			height = 4
		}
		for i, p := range row.Panels {
			add(p.object(source), i*width, width, height)
		}
		y += height
	}
	variable := func(more object) object {
		all := object{"hide": 0, "skipUrlSync": false, "options": []object{}, "refresh": 1, "regex": ""}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	out := object{
		"uid": "redial-" + d.Name, "title": d.Title, "description": d.About, "tags": []string{"redial"},
		"schemaVersion": 39, "version": 1, "editable": true, "graphTooltip": 1, "refresh": "30s", "timezone": "browser",
		"time":        object{"from": "now-6h", "to": "now"},
		"timepicker":  object{},
		"annotations": object{"list": []object{}},
		"links":       []object{{"type": "dashboards", "tags": []string{"redial"}, "title": "Redial", "asDropdown": false, "includeVars": true, "keepTime": true}},
		"panels":      panels,
		"templating": object{"list": []object{
			variable(object{"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "multi": false, "includeAll": false}),
			variable(object{
				"name": "instance", "label": "Server", "type": "query", "datasource": source, "refresh": 2, "sort": 1, "multi": true, "includeAll": true, "allValue": ".*",
				"query":      object{"query": instances, "refId": "instance"},
				"definition": instances, "current": object{"selected": true, "text": []string{"All"}, "value": []string{"$__all"}},
			}),
		}},
	}
	raw, err := json.MarshalIndent(out, "", "  ")
	return append(raw, '\n'), err
}

const instances = "label_values(redial_signal_peers, instance)"

func (p Panel) object(source object) object {
	var targets []object
	for i, l := range p.Lines {
		targets = append(targets, object{
			"refId": string(rune('A' + i)), "datasource": source, "expr": l.Query(), "legendFormat": l.Legend,
			"editorMode": "code", "range": !p.Stat, "instant": p.Stat,
		})
	}
	about := p.About
	if p.Needs != "" {
		about += " Empty without " + p.Needs + "."
	}
	out := object{
		"title": p.Title, "description": about, "datasource": source, "targets": targets,
		"fieldConfig": object{"defaults": object{"unit": p.Unit, "custom": object{}}, "overrides": []object{}},
	}
	if p.Stat {
		out["type"] = "stat"
		out["options"] = object{"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}, "colorMode": "none", "graphMode": "none"}
		return out
	}
	out["type"] = "timeseries"
	out["options"] = object{"legend": object{"displayMode": "list", "placement": "bottom", "showLegend": true}, "tooltip": object{"mode": "multi", "sort": "desc"}}
	return out
}
