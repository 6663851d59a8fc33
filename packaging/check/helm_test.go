// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package check

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

const chartDir = "../helm/redial"

func uintText(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// manifests are what a chart renders to, as Kubernetes reads it: a field that it does
// not know is an error.
type manifests struct {
	set     apps.StatefulSet
	config  core.ConfigMap
	secret  *core.Secret
	service core.Service
	ingress *networking.Ingress
}

func render(t *testing.T, values string) (m manifests, err error) {
	t.Helper()
	chart, err := loader.Load(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]any{}
	if err := yaml.Unmarshal([]byte(values), &given); err != nil {
		t.Fatal(err)
	}
	all, err := chartutil.ToRenderValues(chart, given, chartutil.ReleaseOptions{Name: "calls", Namespace: "video", Revision: 1, IsInstall: true}, chartutil.DefaultCapabilities)
	if err != nil {
		return m, err
	}
	files, err := engine.Engine{Strict: true}.Render(chart, all)
	if err != nil {
		return m, err
	}
	strict := func(name, text string, into any) {
		t.Helper()
		if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
	for name, text := range files {
		if strings.TrimSpace(text) == "" {
			continue
		}
		switch name[strings.LastIndexByte(name, '/')+1:] {
		case "statefulset.yaml":
			strict(name, text, &m.set)
		case "config.yaml":
			strict(name, text, &m.config)
		case "secret.yaml":
			m.secret = &core.Secret{}
			strict(name, text, m.secret)
		case "service.yaml":
			strict(name, text, &m.service)
		case "ingress.yaml":
			m.ingress = &networking.Ingress{}
			strict(name, text, m.ingress)
		case "NOTES.txt", "_helpers.tpl":
		default:
			t.Errorf("nothing looks at %s", name)
		}
	}
	return m, nil
}

const withIngress = `
ingress: {enabled: true, className: nginx, host: video.example.org, tlsSecret: video-tls}
`

// TestChartLints: Helm has nothing to say against the chart.
func TestChartLints(t *testing.T) {
	for _, m := range lint.AllWithKubeVersion(chartDir, map[string]any{}, "video", nil).Messages {
		if m.Severity >= support.WarningSev {
			t.Error(m)
		}
	}
}

// TestChart: what is rendered is what Kubernetes knows, media reaches the node's own
// port, and a pod may take longer to end than the server.
func TestChart(t *testing.T) {
	m, err := render(t, withIngress)
	if err != nil {
		t.Fatal(err)
	}
	settings := m.config.Data["redial.yaml"]
	valid(t, settings, "/data", t.TempDir())
	pod := m.set.Spec.Template.Spec
	c := pod.Containers[0]
	if !pod.HostNetwork || pod.DNSPolicy != core.DNSClusterFirstWithHostNet {
		t.Errorf("network %v, names by %s", pod.HostNetwork, pod.DNSPolicy)
	}
	var read struct {
		HTTP     struct{ Address, Public_url string } //nolint:revive // as in the file
		Media    struct{ UDP, TCP string }
		Shutdown struct{ Delay, Timeout string }
	}
	if err := yaml.Unmarshal([]byte(settings), &read); err != nil {
		t.Fatal(err)
	}
	if read.HTTP.Public_url != "https://video.example.org" || m.ingress.Spec.Rules[0].Host != "video.example.org" || m.ingress.Spec.TLS[0].SecretName != "video-tls" {
		t.Errorf("%+v, ingress %+v", read, m.ingress.Spec)
	}
	ports := map[string]core.ContainerPort{}
	for _, p := range c.Ports {
		ports[p.Name] = p
	}
	for name, want := range map[string]string{"media-udp": read.Media.UDP, "media-tcp": read.Media.TCP} {
		p := ports[name]
		if strconv.Itoa(int(p.HostPort)) != portOf(want) || p.ContainerPort != p.HostPort || !strings.EqualFold(string(p.Protocol), name[len("media-"):]) {
			t.Errorf("%s is %+v, and the server listens on %s", name, p, want)
		}
	}
	if strconv.Itoa(int(ports["http"].ContainerPort)) != portOf(read.HTTP.Address) {
		t.Errorf("http is %+v", ports["http"])
	}
	delay, err := time.ParseDuration(read.Shutdown.Delay)
	timeout, err2 := time.ParseDuration(read.Shutdown.Timeout)
	if err != nil || err2 != nil || time.Duration(*pod.TerminationGracePeriodSeconds)*time.Second <= delay+timeout {
		t.Errorf("%d s to end, and the server takes up to %s and %s", *pod.TerminationGracePeriodSeconds, delay, timeout)
	}
	if r := c.ReadinessProbe; r == nil || r.HTTPGet.Path != "/readyz" || c.LivenessProbe.HTTPGet.Path != "/healthz" {
		t.Errorf("readiness %+v", r)
	}
	if s := c.SecurityContext; !*s.ReadOnlyRootFilesystem || *s.AllowPrivilegeEscalation || s.Capabilities.Drop[0] != "ALL" || !*pod.SecurityContext.RunAsNonRoot {
		t.Errorf("security %+v", s)
	}
	if v := m.set.Spec.VolumeClaimTemplates; len(v) != 1 || v[0].Name != "data" || *m.set.Spec.Replicas != 1 {
		t.Errorf("volumes %+v", v)
	}
	key := string(m.secret.Data["keys"])
	if access, secret, ok := strings.Cut(strings.TrimSpace(key), ":"); !ok || len(access) < 8 || len(secret) < 32 || strings.Contains(settings, secret) {
		t.Errorf("key %q", key)
	}
	if len(m.secret.Data["metrics-token"]) < 32 {
		t.Error("no token for metrics")
	}
	selected := m.set.Spec.Template.Labels
	for name, value := range m.service.Spec.Selector {
		if selected[name] != value {
			t.Errorf("the service looks for %s=%s, pods have %v", name, value, selected)
		}
	}
}

// TestChartRefuses: what would not work is refused before it is installed.
func TestChartRefuses(t *testing.T) {
	for want, values := range map[string]string{
		"media.advertise":               "hostNetwork: false",
		"ingress.host":                  "ingress: {enabled: true}",
		"terminationGracePeriodSeconds": "terminationGracePeriodSeconds: soon",
		"/config/media/udp":             "config: {media: {udp: ':0'}}",
		"/config/access":                "config: {access: {keys: []}}",
		"replicas":                      "replicas: 3",
	} {
		if _, err := render(t, values); err == nil || !strings.Contains(err.Error(), want) && !strings.Contains(err.Error(), strings.ReplaceAll(strings.TrimPrefix(want, "/"), "/", ".")) {
			t.Errorf("%s: %v", values, err)
		}
	}
	m, err := render(t, "keys: {existingSecret: mine}\nhostNetwork: false\nconfig: {media: {advertise: [198.18.0.1]}}")
	if err != nil || m.secret != nil || m.set.Spec.Template.Spec.Volumes[1].Secret.SecretName != "mine" || m.set.Spec.Template.Spec.HostNetwork {
		t.Errorf("%v, %+v", err, m.set.Spec.Template.Spec.Volumes)
	}
}
