// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	pion "github.com/pion/turn/v5"

	"github.com/redial-rtc/redial/internal/cert"
	"github.com/redial-rtc/redial/internal/config"
)

// TestClientsAreHandedTURN: what /init hands out leads to a relay over UDP, TCP, TLS
// and the port of HTTPS, and through each to the media port.
func TestClientsAreHandedTURN(t *testing.T) {
	cfg := local(t)
	var err error
	if cfg.HTTP.TLSCert, cfg.HTTP.TLSKey, _, err = cert.SelfSigned(t.TempDir(), []string{"localhost"}); err != nil {
		t.Fatal(err)
	}
	free, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	media := free.LocalAddr().(*net.UDPAddr).AddrPort()
	_ = free.Close()
	cfg.Media.UDP = media.String()
	cfg.OpenVidu.Secret = strings.Repeat("0123456789abcdef", 2) // so that the media port answers Binding requests
	cfg.Media.TURN.Enabled = true
	cfg.Media.TURN.UDP, cfg.Media.TURN.TCP, cfg.Media.TURN.TLS = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Media.TURN.External = []config.SharedTURN{{URLs: []string{"turn:elsewhere.test:3478"}, Secret: "shared"}}
	s := startLocal(t, cfg)
	demo, err := s.Demo(t.Context(), "demo", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	insecure := &tls.Config{InsecureSkipVerify: true}
	web := &http.Client{Transport: &http.Transport{TLSClientConfig: insecure.Clone(), ForceAttemptHTTP2: true}}
	request, _ := http.NewRequestWithContext(t.Context(), "GET", s.URL()+"/init?peer_id=somebody", nil)
	request.Header.Set("Authorization", "Bearer "+demo.Tokens["host"])
	answer, err := web.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.ProtoMajor != 2 {
		t.Errorf("the port of HTTPS speaks %s", answer.Proto)
	}
	var init struct {
		RTC struct {
			Servers []struct {
				URLs                 []string
				Username, Credential string
			} `json:"ice_servers"`
		} `json:"rtcConfiguration"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&init); err != nil {
		t.Fatal(err)
	}
	servers := init.RTC.Servers
	if len(servers) != 2 || len(servers[0].URLs) != 4 || servers[1].URLs[0] != "turn:elsewhere.test:3478" || servers[1].Username == servers[0].Username {
		t.Fatalf("told of %+v", servers)
	}
	if strings.Contains(servers[0].Username, "somebody") {
		t.Errorf("the user name tells who it is: %s", servers[0].Username)
	}
	for _, u := range servers[0].URLs {
		uri, err := stun.ParseURI(u)
		if err != nil {
			t.Fatal(err)
		}
		address := net.JoinHostPort(uri.Host, fmt.Sprint(uri.Port))
		var conn net.PacketConn
		switch {
		case uri.Scheme == stun.SchemeTypeTURNS:
			c, err := tls.Dial("tcp", address, insecure)
			if err != nil {
				t.Fatal(u, err)
			}
			conn = pion.NewSTUNConn(c)
		case uri.Proto == stun.ProtoTypeTCP:
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(u, err)
			}
			conn = pion.NewSTUNConn(c)
		default:
			if conn, err = net.ListenPacket("udp4", "127.0.0.1:0"); err != nil {
				t.Fatal(err)
			}
		}
		client, err := pion.NewClient(&pion.ClientConfig{
			TURNServerAddr: address, Conn: conn, Username: servers[0].Username, Password: servers[0].Credential, Realm: "redial",
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Listen(); err != nil {
			t.Fatal(err)
		}
		relay, err := client.Allocate()
		if err != nil {
			t.Fatal(u, err)
		}
		binding, _ := stun.Build(stun.TransactionID, stun.BindingRequest)
		if _, err := relay.WriteTo(binding.Raw, net.UDPAddrFromAddrPort(media)); err != nil {
			t.Fatal(u, err)
		}
		_ = relay.SetReadDeadline(time.Now().Add(time.Minute))
		b := make([]byte, 1500)
		n, from, err := relay.ReadFrom(b)
		if err != nil || from.String() != media.String() || n < 20 {
			t.Errorf("%s: %d bytes from %v, %v", u, n, from, err)
		}
		_ = relay.Close()
		client.Close()
		_ = conn.Close()
	}
}
