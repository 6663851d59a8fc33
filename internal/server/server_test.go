// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
)

// local is a configuration that runs anywhere.
func local(t *testing.T) config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.HTTP.Address, cfg.Media.UDP, cfg.Media.TCP = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Data.Dir = t.TempDir()
	cfg.Limits.CPUPercent = 0 // the clients of a test use the same processors
	cfg.Access.Keys = []config.Key{{Access: "AK", Secret: "0123456789abcdefghijklmnopqrstuvwxyz"}}
	if p := cfg.Problems(); len(p) > 0 {
		t.Fatal(config.Problems(p))
	}
	return cfg
}

// startLocal starts a server that the test stops, or its end does.
func startLocal(t *testing.T, cfg config.Config) *Server { return startWith(t, cfg, Options{}) }

func startWith(t *testing.T, cfg config.Config, opt Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), cfg, NewLog(t.Output(), cfg.Log), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// dial opens a peer's socket.
func dial(t *testing.T, s *Server, token, peer string) *websocket.Conn {
	t.Helper()
	address := strings.Replace(s.URL(), "http", "ws", 1) + "/ws?peer=" + peer + "&token=" + url.QueryEscape(token)
	c, _, err := websocket.Dial(t.Context(), address, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

// message is a frame of the wire, as far as these tests look.
type message struct {
	ID     string          `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// until reads frames up to one that is wanted.
func until(t *testing.T, c *websocket.Conn, want func(message) bool) message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		_, raw, err := c.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var m message
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
		if want(m) {
			return m
		}
	}
}

func TestStopSendsClientsAwayAndClosesTheDoorFirst(t *testing.T) {
	cfg := local(t)
	s, err := Start(t.Context(), cfg, NewLog(t.Output(), cfg.Log), Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.Demo(t.Context(), "demo", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, s, d.Tokens["host"], "p1")
	until(t, c, func(m message) bool { return m.Method == "on-policy-change" })

	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	for {
		_, _, err := c.Read(t.Context())
		if err == nil {
			continue // what was on its way
		}
		if got := websocket.CloseStatus(err); got != websocket.StatusServiceRestart {
			t.Errorf("the socket ended with %v, want 1012", err)
		}
		break
	}
	if _, err := net.Dial("tcp", s.address.String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after stopping a connection is met with %v, want it refused", err)
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	s, err := Start(t.Context(), local(t), NewLog(t.Output(), config.Log{}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestFailedStartLeavesNothingOpen(t *testing.T) {
	cfg := local(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cfg.Metrics.Address = taken.Addr().String() // the last thing that is opened
	if _, err := Start(t.Context(), cfg, NewLog(t.Output(), cfg.Log), Options{}); !errors.Is(err, fault.ListenFailed) || !strings.Contains(err.Error(), "metrics.address") {
		t.Fatalf("got %v, want server.listen about metrics.address", err)
	}
	cfg.Metrics.Address = ""
	startLocal(t, cfg) // the data directory is free again
}

func TestDemoRoomIsMadeOnce(t *testing.T) {
	s := startLocal(t, local(t))
	first, err := s.Demo(t.Context(), "demo", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.Demo(t.Context(), "demo", time.Hour)
	if err != nil || second.ID != first.ID {
		t.Errorf("a second room %q beside %q, %v", second.ID, first.ID, err)
	}
	for _, role := range []string{"host", "guest", "viewer"} {
		if first.Tokens[role] == "" {
			t.Errorf("no token for %s", role)
		}
	}
}

func TestAdvertisedAddressRefusedAndOverridden(t *testing.T) {
	cfg := local(t)
	cfg.HTTP.PublicURL = "https://video.example.org" // so clients are elsewhere
	cfg.Media.UDP, cfg.Media.TCP, cfg.Media.Advertise = ":0", "", []string{"203.0.113.7"}
	_, err := Start(t.Context(), cfg, NewLog(t.Output(), cfg.Log), Options{})
	if !errors.Is(err, fault.AdvertisedAddress) || !strings.Contains(err.Error(), "203.0.113.7") {
		t.Fatalf("got %v, want media.advertised_address", err)
	}
	cfg.Media.AllowOddAddresses = true
	cfg.Media.ProbeEvery = 0 // the address is nobody's
	startLocal(t, cfg)
}

// table reads the rows of a section of docs/protocol.md: names and promise.
func table(t *testing.T, heading string) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(page), "## "+heading+"\n")
	if !ok {
		t.Fatalf("there is no section %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	rows := map[string]string{}
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			continue
		}
		for name := range strings.SplitSeq(cells[1], ",") {
			rows[strings.Trim(name, " `")] = strings.TrimSpace(cells[2])
		}
	}
	return rows
}

// TestNotificationTable looks for the name of each notification in the code
// that sends them.
func TestNotificationTable(t *testing.T) {
	files, err := filepath.Glob("../wire/hms/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(text)
	}
	rows := table(t, "Notifications of the server")
	for name, promise := range rows {
		if sent := strings.Contains(code.String(), strconv.Quote(name)); sent != (promise == "supported") {
			t.Errorf("%s is %q in the table; its name in the code: %v", name, promise, sent)
		}
	}
	for _, m := range regexp.MustCompile(`"(on-[a-z-]+[a-z])"`).FindAllStringSubmatch(code.String(), -1) {
		if rows[m[1]] == "" {
			t.Errorf("%s is sent and not in the table", m[1])
		}
	}
}

// TestProtocolTable calls every method that docs/protocol.md lists and demands
// what the table says: refused ones are refused by name, others are known.
func TestProtocolTable(t *testing.T) {
	s := startLocal(t, local(t))
	d, err := s.Demo(t.Context(), "demo", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, s, d.Tokens["host"], "p1")
	until(t, c, func(m message) bool { return m.Method == "on-policy-change" })
	rows := table(t, "Calls and notifications of the client")
	if len(rows) < 45 {
		t.Errorf("only %d methods are in the table", len(rows))
	}
	for method, promise := range rows {
		if method == "leave" {
			continue // ends the socket
		}
		call := `{"id":"` + method + `","method":"` + method + `","params":{}}`
		if err := c.Write(t.Context(), websocket.MessageText, []byte(call)); err != nil {
			t.Fatal(err)
		}
		if method == "analytics" {
			continue // a notification: nothing answers
		}
		m := until(t, c, func(m message) bool { return m.ID == method })
		said := ""
		if m.Error != nil {
			said = m.Error.Message
		}
		refused := strings.Contains(said, fault.FeatureUnsupported.Title)
		unknown := strings.Contains(said, fault.MethodUnknown.Title)
		if refused != (promise == "refused") || unknown {
			t.Errorf("%s is %q in the table and answered %q", method, promise, said)
		}
	}
	if err := c.Write(t.Context(), websocket.MessageText, []byte(`{"id":"x","method":"banana","params":{}}`)); err != nil {
		t.Fatal(err)
	}
	if m := until(t, c, func(m message) bool { return m.ID == "x" }); m.Error == nil || !strings.Contains(m.Error.Message, fault.MethodUnknown.Title) {
		t.Errorf("an unknown method was answered with %+v", m)
	}
}

// TestEveryMetricIsNamedAlike keeps the names in one form.
func TestEveryMetricIsNamedAlike(t *testing.T) {
	s := startLocal(t, local(t))
	res, err := http.Get(s.URL() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	ours := 0
	for line := range strings.Lines(string(text)) {
		name, ok := strings.CutPrefix(line, "# HELP ")
		if !ok {
			continue
		}
		name, help, _ := strings.Cut(strings.TrimSpace(name), " ")
		switch {
		case strings.HasPrefix(name, "redial_"):
			ours++
			if strings.Count(name, "_") < 2 || help == "" {
				t.Errorf("metric %q (%q) is not redial_<area>_<what>", name, help)
			}
		case !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") && !strings.HasPrefix(name, "promhttp_"):
			t.Errorf("metric %q is not ours and not the runtime's", name)
		}
	}
	if ours < 10 {
		t.Errorf("only %d metrics of ours", ours)
	}
}

// TestReserveConnectionsDoNotDelayTheStop holds a connection on which nothing
// was asked, as browsers do.
func TestReserveConnectionsDoNotDelayTheStop(t *testing.T) {
	cfg := local(t)
	s, err := Start(t.Context(), cfg, NewLog(t.Output(), cfg.Log), Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", s.address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if res, err := http.Get(s.URL() + "/healthz"); err != nil { // by now the other is accepted
		t.Fatal(err)
	} else {
		res.Body.Close()
	}
	began := time.Now()
	if err := s.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > cfg.Shutdown.Timeout/4 {
		t.Errorf("stopping took %v", took)
	}
}

// TestDelayBeforeStopping keeps serving while load balancers notice.
func TestDelayBeforeStopping(t *testing.T) {
	cfg := local(t)
	cfg.Shutdown.Delay = 2 * time.Second
	s, err := Start(t.Context(), cfg, NewLog(t.Output(), cfg.Log), Options{})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path string) int {
		res, err := http.Get(s.URL() + path)
		if err != nil {
			return 0
		}
		res.Body.Close()
		return res.StatusCode
	}
	if got := ask("/readyz"); got != 200 {
		t.Fatalf("ready: %d", got)
	}
	stopped := make(chan error)
	go func() { stopped <- s.Stop(context.Background()) }()
	for ask("/readyz") == 200 { // until it notices; the delay bounds this
	}
	if ready, alive := ask("/readyz"), ask("/healthz"); ready != 503 || alive != 200 {
		t.Errorf("during the delay: ready %d, alive %d; want 503, 200", ready, alive)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if got := ask("/healthz"); got != 0 {
		t.Errorf("after stopping: %d", got)
	}
}

// TestTLS asks over https, and is sent to a wss socket.
func TestTLS(t *testing.T) {
	cfg := local(t)
	files := writeCertificate(t, t.TempDir(), "video.example")
	cfg.HTTP.TLSCert, cfg.HTTP.TLSKey = files.TLSCert, files.TLSKey
	s := startLocal(t, cfg)
	pem, err := os.ReadFile(files.TLSCert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "video.example"}}}
	d, err := s.Demo(t.Context(), "demo", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodGet, s.URL()+"/init?peer_id=p1", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+d.Tokens["guest"])
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var init struct{ Endpoint string }
	if err := json.NewDecoder(res.Body).Decode(&init); err != nil || init.Endpoint != "wss://"+s.address.String()+"/ws" {
		t.Errorf("%s: endpoint %q, %v", s.URL(), init.Endpoint, err)
	}
}
