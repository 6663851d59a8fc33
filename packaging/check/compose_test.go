// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package check

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"sigs.k8s.io/yaml"
)

const composeDir = "../compose"

func project(t *testing.T, env ...string) (*types.Project, error) {
	t.Helper()
	o, err := cli.NewProjectOptions([]string{filepath.Join(composeDir, "compose.yaml")}, cli.WithEnv(env), cli.WithResolvedPaths(true))
	if err != nil {
		t.Fatal(err)
	}
	return o.LoadProject(t.Context())
}

// TestCompose: Compose's parser takes the file, everything it names is there, and what
// is published is what the server listens on.
func TestCompose(t *testing.T) {
	if _, err := project(t); err == nil || !strings.Contains(err.Error(), "CLICKHOUSE_PASSWORD") {
		t.Errorf("without a password: %v", err)
	}
	p, err := project(t, "CLICKHOUSE_PASSWORD=secret")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"redial", "clickhouse", "prometheus"} {
		s, err := p.GetService(name)
		if err != nil {
			t.Fatal(err)
		}
		if s.HealthCheck == nil || len(s.HealthCheck.Test) < 2 || s.Restart == "" {
			t.Errorf("%s has no health check, or stays down", name)
		}
		kept := false
		for _, v := range s.Volumes {
			if v.Type == types.VolumeTypeVolume {
				_, there := p.Volumes[v.Source]
				kept = kept || there
				continue
			}
			if _, err := os.Stat(v.Source); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if !kept {
			t.Errorf("%s keeps nothing in a volume", name)
		}
	}
	s := p.Services["redial"]
	if s.DependsOn["clickhouse"].Condition != types.ServiceConditionHealthy || !slices.Equal(s.CapDrop, []string{"ALL"}) || !s.ReadOnly {
		t.Errorf("service %+v", s)
	}
	text, err := os.ReadFile(filepath.Join(composeDir, "redial.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	valid(t, string(text), "203.0.113.10", "198.18.0.1", "/data", t.TempDir())

	var settings struct {
		HTTP     struct{ Address, Redirect_address string } //nolint:revive // as in the file
		Media    struct{ UDP, TCP string }
		Shutdown struct{ Delay, Timeout string }
	}
	if err := yaml.Unmarshal(text, &settings); err != nil {
		t.Fatal(err)
	}
	want := []string{
		portOf(settings.HTTP.Address) + "/tcp", portOf(settings.HTTP.Redirect_address) + "/tcp", "3478/tcp", "3478/udp",
		portOf(settings.Media.TCP) + "/tcp", portOf(settings.Media.UDP) + "/udp",
	}
	var got []string
	for _, port := range s.Ports {
		if port.Published != portOf(":"+port.Published) || port.HostIP != "" || port.Published != uintText(port.Target) {
			t.Errorf("%+v is not the same outside and inside", port)
		}
		got = append(got, port.Published+"/"+port.Protocol)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("published are %v, the server listens on %v", got, want)
	}
	if s.StopGracePeriod == nil || time.Duration(*s.StopGracePeriod) <= 10*time.Second {
		t.Error("it may not take longer to stop than shutdown.timeout")
	}
	for _, port := range p.Services["prometheus"].Ports {
		if port.HostIP != "127.0.0.1" {
			t.Errorf("Prometheus can be reached from elsewhere: %+v", port)
		}
	}
	if len(p.Services["clickhouse"].Ports) > 0 {
		t.Error("ClickHouse can be reached from elsewhere")
	}
}
