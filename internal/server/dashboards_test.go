// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metricsql"
	"github.com/goccy/go-yaml"
	"github.com/google/uuid"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/internal/grafana"
	"github.com/redial-rtc/redial/internal/metricdoc"
)

// tool is a program of Prometheus: that of the machine, or what scripts/install.sh
// has unpacked.
func tool(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	path, err := filepath.Abs("../../build/tools/" + name)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("there is no %s; run scripts/install.sh", name)
	}
	return path
}

type alert struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	Annotations map[string]string `yaml:"annotations"`
}

func alerts(t *testing.T) (all []alert) {
	t.Helper()
	raw, err := os.ReadFile("../../packaging/prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []alert `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// TestDashboardFiles holds packaging/grafana to package grafana.
func TestDashboardFiles(t *testing.T) {
	for _, d := range grafana.All {
		want, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		path := "../../packaging/grafana/" + d.Name + ".json"
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is out of date (%v); run make docs", path, err)
		}
	}
}

// asGrafana fills in a panel's variables.
func asGrafana(l grafana.Line) string {
	return strings.NewReplacer("$__rate_interval", "10s", "$instance", ".*").Replace(l.Query())
}

// TestQueriesNameMetricsThatThereAre parses every query of dashboards and alerts
// and compares names and labels with what a server registers.
func TestQueriesNameMetricsThatThereAre(t *testing.T) {
	known := map[string][]string{"up": {"job"}}
	for _, r := range registered(t) {
		known[r.Name] = r.Labels
	}
	for _, s := range metricdoc.Sections {
		for _, m := range s.Metrics {
			if m.Kind() == metricdoc.Histogram {
				for _, suffix := range []string{"_bucket", "_count", "_sum"} {
					known[m.Name+suffix] = append([]string{"le"}, known[m.Name]...)
				}
			}
		}
	}
	for _, name := range []string{"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds"} {
		known[name] = nil
	}
	queries := map[string]string{}
	for _, d := range grafana.All {
		for _, row := range d.Rows {
			for _, p := range row.Panels {
				for i, l := range p.Lines {
					queries[fmt.Sprint(d.Name, ", ", p.Title, ", ", i)] = asGrafana(l)
				}
			}
		}
	}
	for _, a := range alerts(t) {
		queries[a.Alert] = a.Expr
	}
	if len(queries) < 80 {
		t.Fatalf("found %d queries only", len(queries))
	}
	for where, query := range queries {
		parsed, err := metricsql.Parse(query)
		if err != nil {
			t.Errorf("%s: %v", where, err)
			continue
		}
		labels := map[string]bool{"instance": true} // of all metrics of the query
		metricsql.VisitAll(parsed, func(e metricsql.Expr) {
			m, ok := e.(*metricsql.MetricExpr)
			if !ok {
				return
			}
			for _, filters := range m.LabelFilterss {
				name := ""
				for _, f := range filters {
					if f.Label == "__name__" {
						name = f.Value
					}
				}
				has, is := known[name]
				if !is {
					t.Errorf("%s: there is no metric %q", where, name)
				}
				for _, f := range filters {
					if f.Label != "__name__" && f.Label != "instance" && !slices.Contains(has, f.Label) {
						t.Errorf("%s: %s has no label %q, it has %v", where, name, f.Label, has)
					}
				}
				for _, l := range has {
					labels[l] = true
				}
			}
		})
		metricsql.VisitAll(parsed, func(e metricsql.Expr) {
			if a, ok := e.(*metricsql.AggrFuncExpr); ok {
				for _, l := range a.Modifier.Args {
					if !labels[l] {
						t.Errorf("%s: %s by %q, which its metrics do not have", where, a.Name, l)
					}
				}
			}
		})
	}
}

// TestAlertsSayWhatToDo wants of each alert what happened, what to do, and its part
// of docs/alerts.md; and no part there without an alert.
func TestAlertsSayWhatToDo(t *testing.T) {
	page, err := os.ReadFile("../../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	all := alerts(t)
	for _, a := range all {
		if a.Annotations["summary"] == "" || a.Annotations["action"] == "" {
			t.Errorf("%s does not say what happened and what to do", a.Alert)
		}
		if want := "https://github.com/redial-rtc/redial/blob/main/docs/alerts.md#" + strings.ToLower(a.Alert); a.Annotations["runbook_url"] != want {
			t.Errorf("%s leads to %q, want %q", a.Alert, a.Annotations["runbook_url"], want)
		}
		if !strings.Contains(string(page), "\n### "+a.Alert+"\n") {
			t.Errorf("docs/alerts.md has nothing about %s", a.Alert)
		}
	}
	if n := strings.Count(string(page), "\n### Redial"); n != len(all) {
		t.Errorf("docs/alerts.md is about %d alerts, there are %d", n, len(all))
	}
}

// TestAlertsFire has Prometheus' own tool run packaging/prometheus/alerts_test.yaml.
func TestAlertsFire(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), tool(t, "promtool"), "test", "rules", "alerts_test.yaml")
	cmd.Dir = "../../packaging/prometheus"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestPanelsShowACall has a real Prometheus watch a server with a call on it, and
// asks it every query of every panel.
func TestPanelsShowACall(t *testing.T) {
	t.Parallel()
	cfg := local(t)
	cfg.Inject.Enabled = true
	cfg.Media.TURN.Enabled, cfg.Media.TURN.UDP, cfg.Media.TURN.TCP = true, "127.0.0.1:0", ""
	cfg.Media.ProbeEvery = time.Second
	s := startLocal(t, cfg)
	prometheus := startPrometheus(t, s)

	d, err := s.Demo(t.Context(), "demo", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		r, err := client.Join(t.Context(), client.Config{
			Endpoint: s.URL(), Token: d.Tokens["host"], Name: fmt.Sprint("peer ", i), AutoSubscribe: client.LayerHigh,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.Leave)
		if _, err := r.Publish(t.Context(), client.Pattern()); err != nil {
			t.Fatal(err)
		}
	}
	manage, err := s.ManagementToken(time.Hour)
	if err != nil {
		t.Fatal(err)
	}

	// Counters show something when they have risen between two looks: refusals, calls
	// of REST, failed joins, and what is told twice.
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			failed := fmt.Sprintf(`[{"version":"2.0","id":%q,"timestamp":%q,"type":"client.join.failed","data":{"room_id":"room-1","peer_id":"peer-1",
				"action":"JOIN","is_terminal":true,"error_code":4001,"error_name":"RoomFull","error_message":"full","error_description":"full"},
				"redial":{"fault":"room.full","op":"join","source":"server"}}]`, uuid.NewString(), time.Now().UTC().Format(time.RFC3339))
			send(t, "GET", s.URL()+"/init", "no token", "")
			send(t, "POST", s.URL()+"/api/v1/events", manage, failed)
			send(t, "POST", s.URL()+"/api/v1/events", manage, failed)
			select {
			case <-stop:
				return
			case <-time.After(500 * time.Millisecond):
			}
		}
	}()
	defer func() { close(stop); <-done }()

	missing := map[string]string{} // queries without an answer yet
	for _, d := range grafana.All {
		for _, row := range d.Rows {
			for _, p := range row.Panels {
				for i, l := range p.Lines {
					if p.Needs == "" {
						missing[fmt.Sprint(d.Name, ", ", p.Title, ", ", cmp.Or(l.Legend, fmt.Sprint(i)))] = asGrafana(l)
					}
				}
			}
		}
	}
	if len(missing) < 40 {
		t.Fatalf("only %d queries are asked", len(missing))
	}
	for deadline := time.Now().Add(2 * time.Minute); len(missing) > 0; time.Sleep(500 * time.Millisecond) {
		for where, query := range missing {
			n, err := series(t.Context(), prometheus, query)
			if err != nil {
				t.Fatalf("%s: %s: %v", where, query, err)
			}
			if n > 0 {
				delete(missing, where)
			}
		}
		if time.Now().After(deadline) {
			for _, where := range slices.Sorted(maps.Keys(missing)) {
				t.Errorf("%s shows nothing: %s", where, missing[where])
			}
			return
		}
	}
}

// startPrometheus runs one that looks at a server twice a second, and returns where.
func startPrometheus(t *testing.T, s *Server) string {
	t.Helper()
	dir := t.TempDir()
	address := freeAddress(t)
	file := filepath.Join(dir, "prometheus.yml")
	rules, err := filepath.Abs("../../packaging/prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("global: {scrape_interval: 500ms, evaluation_interval: 5s}\nrule_files: [%q]\nscrape_configs:\n  - job_name: redial\n    static_configs: [{targets: [%q]}]\n", rules, s.address.String())
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tool(t, "prometheus"), "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--log.level=warn")
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	base := "http://" + address
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		res, err := http.Get(base + "/-/ready")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == 200 {
				return base
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("Prometheus does not start: %v", err)
		}
	}
}

// send makes a call whatever comes of it.
func send(t *testing.T, method, address, token, body string) {
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	if res, err := http.DefaultClient.Do(req); err == nil {
		_ = res.Body.Close()
	}
}

// series returns how many series answer a query with a number.
func series(ctx context.Context, base, query string) (n int, err error) {
	req, err := http.NewRequestWithContext(ctx, "GET", base+"/api/v1/query?query="+url.QueryEscape(query), nil)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		return 0, fmt.Errorf("%s %s: %w", res.Status, raw, err)
	}
	var answer struct {
		Data struct {
			Result []struct {
				Value [2]any `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return 0, err
	}
	for _, one := range answer.Data.Result {
		if text, _ := one.Value[1].(string); text != "NaN" && text != "" {
			n++
		}
	}
	return n, nil
}
