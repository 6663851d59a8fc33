// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// issue makes a certificate, signed by another or by itself.
func issue(t *testing.T, of, by *x509.Certificate, key *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if by == nil {
		by, key = of, own
	}
	der, err := x509.CreateCertificate(rand.Reader, of, by, &own.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c, own
}

func TestCertificatesAreJudgedAsABrowserWould(t *testing.T) {
	now := time.Now()
	authority := func(name string) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
			NotBefore: now.Add(-time.Hour), NotAfter: now.Add(1000 * time.Hour), KeyUsage: x509.KeyUsageCertSign}
	}
	leaf := func(from, until time.Duration) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"}, DNSNames: []string{"video.example.org"}, NotBefore: now.Add(from), NotAfter: now.Add(until)}
	}
	root, rootKey := issue(t, authority("root"), nil, nil)
	between, betweenKey := issue(t, authority("between"), root, rootKey)
	good, _ := issue(t, leaf(-time.Hour, 900*time.Hour), between, betweenKey)
	ending, _ := issue(t, leaf(-time.Hour, 100*time.Hour), between, betweenKey)
	over, _ := issue(t, leaf(-2*time.Hour, -time.Hour), between, betweenKey)
	early, _ := issue(t, leaf(time.Hour, 900*time.Hour), between, betweenKey)
	own, _ := issue(t, leaf(-time.Hour, 900*time.Hour), nil, nil)
	roots := x509.NewCertPool()
	roots.AddCert(root)
	for name, c := range map[string]struct {
		chain []*x509.Certificate
		of    string
		want  Status
		says  string
	}{
		"good":           {[]*x509.Certificate{good, between}, "video.example.org", OK, "by between"},
		"ends soon":      {[]*x509.Certificate{ending, between}, "video.example.org", Warn, "ends in 4 days"},
		"expired":        {[]*x509.Certificate{over, between}, "video.example.org", Fail, "has expired"},
		"not yet":        {[]*x509.Certificate{early, between}, "video.example.org", Fail, "holds from"},
		"another name":   {[]*x509.Certificate{good, between}, "other.example.org", Fail, "is for video.example.org and not for other.example.org"},
		"half a chain":   {[]*x509.Certificate{good}, "video.example.org", Fail, "chain of video.example.org is incomplete"},
		"made by itself": {[]*x509.Certificate{own}, "video.example.org", Fail, "is not believed"},
		"none":           {nil, "video.example.org", Fail, "there is none"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Report{}
			r.certificate(c.of, c.chain, roots, now)
			f := r.Findings[0]
			if f.Status != c.want || !strings.Contains(f.Says, c.says) || (f.Fix == "") != (c.want == OK) {
				t.Errorf("%+v", f)
			}
		})
	}
}

// timeServer answers as a time server that is so far ahead; it sends rubbish first.
func timeServer(t *testing.T, ahead time.Duration, stratum byte) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		for {
			ask := make([]byte, 100)
			n, from, err := c.ReadFrom(ask)
			if err != nil {
				return
			}
			if n != ntpBytes || ask[0]&7 != 3 {
				continue
			}
			reply := make([]byte, ntpBytes)
			reply[0], reply[1] = 4<<3|4, stratum
			now := time.Now().Add(ahead)
			for _, at := range []int{32, 40} {
				binary.BigEndian.PutUint32(reply[at:], uint32(now.Unix()+ntpEpoch))
				binary.BigEndian.PutUint32(reply[at+4:], uint32(uint64(now.Nanosecond())<<32/uint64(time.Second)))
			}
			_, _ = c.WriteTo([]byte("rubbish"), from)
			_, _ = c.WriteTo(reply, from) // an answer to a question that nobody asked
			copy(reply[24:32], ask[40:48])
			_, _ = c.WriteTo(reply, from)
		}
	}()
	return c.LocalAddr().String()
}

func TestClockIsComparedWithATimeServer(t *testing.T) {
	for _, ahead := range []time.Duration{0, time.Hour, -3 * time.Minute} {
		got, err := offset(t.Context(), timeServer(t, ahead, 2))
		if err != nil || (got-ahead).Abs() > 5*time.Second { // the machine may be busy
			t.Errorf("a server %v ahead: %v, %v", ahead, got, err)
		}
	}
	if _, err := offset(t.Context(), timeServer(t, 0, 0)); err == nil {
		t.Error("a kiss of death was taken for the time")
	}
}

// FuzzAnswers: whatever a server answers, nothing is worse than not understood.
func FuzzAnswers(f *testing.F) {
	f.Add(`{"checks":{"events":"ok"}}`)
	f.Add(`{"rtcConfiguration":{"ice_servers":[{"urls":["turn:a.example:3478"],"username":"u","credential":"c"}]}}`)
	f.Add("redial_sfu_probe_sent_timestamp_seconds{address=\"10.9.0.1\",protocol=\"udp\"} 1.5e9\n# HELP x y\nx NaN\n")
	f.Add("a.eyJ0eXBlIjoibWFuYWdlbWVudCJ9.c")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) >= 8 {
			ntpTime([]byte(text))
		}
		readyChecks(strings.NewReader(text))
		for _, s := range iceServers(strings.NewReader(text)) {
			for _, u := range s.URLs {
				_, _ = stun.ParseURI(u)
			}
		}
		for name := range numbers(strings.NewReader(text)) {
			label(name, "address")
		}
		isManagement(text)
	})
}
