// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
)

// write makes a certificate for a name in dir, in place of one that is there.
func write(t *testing.T, dir, name string) (certFile, keyFile string) {
	t.Helper()
	for _, f := range []string{"self-signed.crt", "self-signed.key"} {
		_ = os.Remove(filepath.Join(dir, f))
	}
	certFile, keyFile, _, err := SelfSigned(dir, []string{name})
	if err != nil {
		t.Fatal(err)
	}
	return certFile, keyFile
}

func TestCertificateIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		certFile, keyFile := write(t, dir, "first.example")
		var logged bytes.Buffer
		metrics := prometheus.NewRegistry()
		source, err := Files(certFile, keyFile, slog.New(slog.NewTextHandler(&logged, nil)), metrics)
		if err != nil {
			t.Fatal(err)
		}
		name := func() string {
			got, err := source.TLS().GetCertificate(nil)
			if err != nil {
				t.Fatal(err)
			}
			return got.Leaf.DNSNames[0]
		}
		touch := func(at time.Duration) {
			for _, f := range []string{certFile, keyFile} {
				if err := os.Chtimes(f, time.Now(), time.Now().Add(at)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := name(); got != "first.example" {
			t.Fatalf("serves %s", got)
		}
		write(t, dir, "second.example")
		touch(time.Minute)
		if got := name(); got != "first.example" {
			t.Errorf("looked again at once: %s", got)
		}
		time.Sleep(lookEvery)
		if got := name(); got != "second.example" {
			t.Errorf("after %v still %s", lookEvery, got)
		}
		// The metric is about the one that is served, and about no other.
		all, err := metrics.Gather()
		if err != nil || len(all) != 1 || len(all[0].Metric) != 1 || all[0].Metric[0].Label[0].GetValue() != "second.example" ||
			all[0].Metric[0].Gauge.GetValue() <= float64(time.Now().Unix()) {
			t.Errorf("the metric says %v, %v", all, err)
		}

		// A broken renewal is told and changes nothing.
		if err := os.WriteFile(certFile, []byte("half written"), 0o600); err != nil {
			t.Fatal(err)
		}
		touch(2 * time.Minute)
		time.Sleep(lookEvery)
		if got := name(); got != "second.example" || !strings.Contains(logged.String(), "the old one stays") {
			t.Errorf("broken file: serves %s, logged %s", got, &logged)
		}

		// A reload asks the files at once, whatever their times.
		if told := source.Reload(); name() != "second.example" || told != "kept, the files cannot be used" {
			t.Errorf("reload of a broken file: serves %s, %s", name(), told)
		}
		write(t, dir, "third.example")
		if told := source.Reload(); name() != "third.example" || told != "read again" {
			t.Errorf("reload: serves %s, %s", name(), told)
		}
	})
	if _, err := Files("/nowhere", "/nowhere", nil, nil); !errors.Is(err, fault.ConfigInvalid) {
		t.Errorf("a missing file: %v", err)
	}
}
