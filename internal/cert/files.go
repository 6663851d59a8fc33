// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
)

// files is a certificate that is read again when its files change, so that
// renewing it needs no restart and ends no call.
type files struct {
	certFile, keyFile string
	log               *slog.Logger
	expiry            *prometheus.GaugeVec

	mu      sync.Mutex
	current *tls.Certificate
	stamp   [2]time.Time // of the files that current was read from
	looked  time.Time
}

// lookEvery is how often the files are looked at, at most.
const lookEvery = 10 * time.Second

// Files reads a certificate chain and its private key, both PEM. They are read
// again when they change. metrics, nil for none, tell when the certificate ends. It
// fails with fault.ConfigInvalid.
func Files(certFile, keyFile string, log *slog.Logger, metrics prometheus.Registerer) (Source, error) {
	c := &files{certFile: certFile, keyFile: keyFile, log: log, expiry: newExpiry()}
	if metrics != nil {
		metrics.MustRegister(c.expiry)
	}
	if err := c.read(); err != nil {
		return nil, fault.ConfigInvalid.Wrap(err, "setting", "http.tls_cert")
	}
	return c, nil
}

func (c *files) read() error {
	stamp := c.stamps()
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.current, c.stamp = &pair, stamp
	c.expiry.Reset() // the new one may be for other names
	for _, name := range namesOf(pair.Leaf) {
		c.expiry.WithLabelValues(name).Set(float64(pair.Leaf.NotAfter.Unix()))
	}
	return nil
}

func (c *files) stamps() (s [2]time.Time) {
	for i, name := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(name); err == nil {
			s[i] = info.ModTime()
		}
	}
	return s
}

// get serves tls.Config.GetCertificate. When the new files cannot be used the
// old certificate stays, and the log says so each time they change.
func (c *files) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= lookEvery {
		c.looked = now
		if stamp := c.stamps(); stamp != c.stamp {
			c.renew(stamp)
		}
	}
	return c.current, nil
}

// Reload reads the files whatever their times say and tells what came of it.
func (c *files) Reload() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.renew(c.stamps()) {
		return "read again"
	}
	return "kept, the files cannot be used"
}

// renew takes the files as they are now, or says why the old certificate stays.
func (c *files) renew(stamp [2]time.Time) bool {
	if err := c.read(); err != nil {
		c.stamp = stamp
		c.log.Error("the new certificate cannot be used, the old one stays", "file", c.certFile, "err", err)
		return false
	}
	c.log.Info("certificate read again", "file", c.certFile)
	return true
}

// TLS implements Source.
func (c *files) TLS() *tls.Config {
	return &tls.Config{GetCertificate: c.get, MinVersion: tls.VersionTLS12}
}

// Missing implements Source.
func (c *files) Missing() error { return nil }

// Close implements Source.
func (c *files) Close() error { return nil }
