// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/internal/testlog"
	"github.com/redial-rtc/redial/internal/token"
)

// form is a proxy's configuration from the docs, for this test's addresses.
func form(t *testing.T, language, front, back, cert, key string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/proxy.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(page)
	if m == nil {
		t.Fatalf("docs/proxy.md has no form for %s", language)
	}
	return strings.NewReplacer(
		"listen 443 ssl", "listen "+front+" ssl", "127.0.0.1:8080", back, "/etc/ssl/video.pem", cert, "/etc/ssl/video.key", key,
		"bind :443 ssl", "bind "+front+" ssl", "/etc/haproxy/video.pem", cert+".both",
		"video.example.org {", "https://"+front+" {\n    bind 127.0.0.1\n    tls "+cert+" "+key,
	).Replace(string(m[1]))
}

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startProxy runs a real proxy until the test ends, and waits until it answers.
func startProxy(t *testing.T, front, program string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/" + program); err != nil {
			t.Skipf("%s is not installed; scripts/install.sh installs it", program)
		}
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() })
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", front)
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not listen: %v", program, err)
		}
	}
}

// patience is how long the proxies of these tests wait where a form does not say
// how long: what is a minute or more by default, so that a test need not wait for
// it. The directives of the form itself win.
const patience = time.Second

// impatient is what stands around a form.
var impatient = map[string]string{
	"nginx": "daemon off; master_process off; pid %[1]s/pid; error_log stderr;\nevents {}\nhttp {\naccess_log off;\n" +
		"client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;\n" +
		"proxy_read_timeout %[3]s; proxy_send_timeout %[3]s; send_timeout %[3]s; keepalive_timeout %[3]s;\n%[2]s}\n",
	"haproxy": "defaults\n timeout connect %[3]s\n timeout client %[3]s\n timeout server %[3]s\n timeout http-request %[3]s\n%[2]s",
	"caddy":   "{\n admin off\n auto_https disable_redirects\n servers {\n  protocols h1 h2\n  timeouts {\n   read_header %[3]s\n   idle %[3]s\n  }\n }\n}\n%[2]s",
}

// throughProxy is a server behind a proxy as docs/proxy.md has it.
type throughProxy struct {
	*Server
	front string // host:port of the proxy
	log   *logLines
}

// startThroughProxy starts both; without are directives to take out of the form,
// as patterns.
func startThroughProxy(t *testing.T, program string, behind []string, without ...string) throughProxy {
	t.Helper()
	cfg := local(t)
	cfg.HTTP.BehindProxy, cfg.Media.AllowOddAddresses = behind, true
	cfg.Limits.JoinsPerSecond, cfg.Limits.JoinsBurst = 0.001, 10
	log := &logLines{}
	s, err := Start(t.Context(), cfg, NewLog(io.MultiWriter(t.Output(), log), cfg.Log), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	dir := t.TempDir()
	pair := writeCertificate(t, dir, "127.0.0.1")
	p := throughProxy{s, freeAddress(t), log}
	text := form(t, program, p.front, s.address.String(), pair.TLSCert, pair.TLSKey)
	for _, directive := range without {
		cut := regexp.MustCompile(`(?m)^\s*` + directive + ` .*;$`)
		if !cut.MatchString(text) {
			t.Fatalf("the form for %s has no %s", program, directive)
		}
		text = cut.ReplaceAllString(text, "")
	}
	file := filepath.Join(dir, "proxy.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, impatient[program], dir, text, patience), 0o600); err != nil {
		t.Fatal(err)
	}
	switch program {
	case "nginx":
		startProxy(t, p.front, "nginx", "-e", "stderr", "-c", file)
	case "haproxy":
		oneFile(t, pair.TLSCert, pair.TLSKey)
		startProxy(t, p.front, "haproxy", "-db", "-f", file)
	default:
		startProxy(t, p.front, "caddy", "run", "--adapter", "caddyfile", "--config", file)
	}
	return p
}

// oneFile puts a certificate and its key into one file, as HAProxy wants them.
func oneFile(t *testing.T, cert, key string) {
	t.Helper()
	var both []byte
	for _, name := range []string{cert, key} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, b...)
	}
	if err := os.WriteFile(cert+".both", both, 0o600); err != nil {
		t.Fatal(err)
	}
}

// from is a client with an address of its own, 127.0.0.N. It keeps no connections,
// which these proxies close at any moment.
func (p throughProxy) from(n byte) *http.Client {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, n)}}
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
}

// call makes a request and returns its answer, with "Name: value" as headers.
func (p throughProxy) call(t *testing.T, c *http.Client, method, path, token, body string, headers ...string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "https://"+p.front+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if req.Header.Set(name, value); name == "Host" && value != "" {
			req.Host = value
		}
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, answer
}

// named is the proxy of these tests, as the settings name it.
var named = []string{"127.0.0.1"}

// The forms of docs/proxy.md, run by the proxies themselves: everything passes,
// and what is quiet lasts longer than the proxy waits where nobody tells it.
func TestTheDocumentedProxies(t *testing.T) {
	for _, program := range []string{"nginx", "caddy", "haproxy"} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			everythingPasses(t, startThroughProxy(t, program, named))
		})
	}
}

// What keeps a socket alive in nginx is the form's own directive: the test above
// would fail without.
func TestProxyReadTimeoutIsNeeded(t *testing.T) {
	t.Parallel()
	p := startThroughProxy(t, "nginx", named, "proxy_read_timeout")
	d, err := p.Demo(t.Context(), "demo", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	q := url.Values{"peer": {"p1"}, "token": {d.Tokens["host"]}}
	ws, _, err := websocket.Dial(ctx, "wss://"+p.front+"/ws?"+q.Encode(), &websocket.DialOptions{HTTPClient: p.from(2)})
	if err != nil {
		t.Skip("the machine is so busy that the proxy gave up before there was a socket:", err)
	}
	defer ws.CloseNow()
	for err == nil {
		_, _, err = ws.Read(ctx)
	}
	if ctx.Err() != nil {
		t.Error("a quiet socket outlasts a proxy that waits for", patience)
	}
}

// A native app, which sends no Origin, behind a proxy that does TLS and that the
// settings do not name: it gets an address that works, or a refusal that names
// the setting.
func TestNativeAppsBehindAProxyThatNobodyNamed(t *testing.T) {
	const public = "video.example.org"
	for _, c := range []struct {
		name, program, host string
		without             []string
		want, refused       string
	}{
		{"nginx as documented", "nginx", public, nil, "wss://video.example.org/ws", ""},
		{"nginx that passes the name and no more", "nginx", public, []string{"proxy_set_header X-.*"}, "wss://video.example.org/ws", ""},
		{"nginx as it comes", "nginx", public, []string{"proxy_set_header .*", "proxy_http_version"}, "", "http.behind_proxy"},
		{"HAProxy as documented", "haproxy", public, nil, "wss://video.example.org/ws", ""},
		{"Caddy", "caddy", "", nil, "wss://FRONT/ws", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := startThroughProxy(t, c.program, nil, c.without...)
			d, err := p.Demo(t.Context(), "demo", time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			status, body := p.call(t, p.from(2), "GET", "/init?peer_id=p1", d.Tokens["host"], "", "Host: "+c.host)
			var got struct{ Endpoint, Fault, Message string }
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatal(status, string(body))
			}
			if got.Endpoint != strings.Replace(c.want, "FRONT", p.front, 1) {
				t.Errorf("the endpoint is %q, want %q", got.Endpoint, c.want)
			}
			if c.refused != "" && (got.Fault != "server.proxy_unknown" || !strings.Contains(got.Message, c.refused)) {
				t.Errorf("refused as %s: %s, want one that names %s", got.Fault, got.Message, c.refused)
			}
		})
	}
}

func everythingPasses(t *testing.T, p throughProxy) {
	d, err := p.Demo(t.Context(), "demo", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	host, client := d.Tokens["host"], p.from(2)
	key := local(t).Access.Keys[0]
	management, err := token.Mint(token.Key{Access: key.Access, Secret: key.Secret}, token.Claims{Type: token.Management})
	if err != nil {
		t.Fatal(err)
	}

	// /init: an address that a page on https can open.
	status, body := p.call(t, client, "GET", "/init?peer_id=p1", host, "", "Origin: https://localhost:3000")
	var in struct{ Endpoint string }
	if err := json.Unmarshal(body, &in); err != nil || in.Endpoint != "wss://"+p.front+"/ws" {
		t.Fatalf("%d, the endpoint is %q (%v), want wss://%s/ws", status, in.Endpoint, err, p.front)
	}

	// REST, with a body as large as a route takes.
	if status, body := p.call(t, client, "POST", "/v2/rooms", management, `{"name":"by-proxy"}`); status != http.StatusOK || !strings.Contains(string(body), "by-proxy") {
		t.Errorf("a room is created with %d %s", status, body)
	}
	if status, body := p.call(t, client, "POST", "/api/v1/events", host, strings.Repeat(" ", 3<<20)+"[]"); status == http.StatusRequestEntityTooLarge || !json.Valid(body) {
		t.Errorf("a batch of 3 MiB gets %d %.200s", status, body)
	}

	// The event stream, opened before something happens.
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", "https://"+p.front+"/api/v1/events/stream", nil)
	req.Header.Set("Authorization", "Bearer "+management)
	stream, err := client.Do(req)
	if err != nil || stream.StatusCode != 200 {
		t.Fatal(stream, err)
	}
	defer stream.Body.Close()
	lines := bufio.NewReader(stream.Body)
	if first, err := lines.ReadString('\n'); err != nil {
		t.Fatal(first, err)
	}

	// The socket, and that it and the stream last while nothing is said.
	q := url.Values{"peer": {"p1"}, "token": {host}}
	ws, _, err := websocket.Dial(ctx, in.Endpoint+"?"+q.Encode(), &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	ws.SetReadLimit(1 << 20)
	until(t, ws, func(m message) bool { return m.Method == "on-policy-change" })
	time.Sleep(4 * patience) // what is to last must be quiet for longer than it would without the form
	if err := ws.Write(ctx, websocket.MessageText, []byte(`{"id":"1","method":"ping","params":{"timestamp":1}}`)); err != nil {
		t.Fatal(err)
	}
	until(t, ws, func(m message) bool { return m.ID == "1" })

	// A request that lost its upgrade, and the event that tells of it.
	status, body = p.call(t, client, "GET", "/ws?"+q.Encode(), host, "")
	if status != http.StatusUpgradeRequired || !strings.Contains(string(body), "signal.upgrade") {
		t.Errorf("%d %s", status, body)
	}
	for line := ""; !strings.Contains(line, "signal.upgrade"); {
		if line, err = lines.ReadString('\n'); err != nil {
			t.Fatal("the stream does not pass:", err)
		}
	}

	// Who asks is known by the address, and not by what they write: one who asks
	// too often is refused whatever headers come along, and nobody else is.
	greedy, last := p.from(9), 0
	for i := range 30 {
		last, _ = p.call(t, greedy, "GET", "/init?peer_id=p9", host, "", fmt.Sprintf("X-Forwarded-For: 203.0.113.%d", i), fmt.Sprintf("Forwarded: for=203.0.113.%d", i))
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the thirtieth /init of one client gets %d", last)
	}
	if status, body := p.call(t, p.from(3), "GET", "/init?peer_id=p3", "nonsense", ""); status != http.StatusUnauthorized {
		t.Errorf("another client gets %d %s", status, body)
	}
	p.log.wait(t, "addr=127.0.0.3")
}

// logLines is a log that a test waits for.
type logLines struct{ testlog.Buffer }

func (l *logLines) wait(t *testing.T, want string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(l.String(), want); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s in the log", want)
		}
	}
}
