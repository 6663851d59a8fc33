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

	"github.com/redial-rtc/redial/internal/config"
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

// The forms of docs/proxy.md, run by the proxies themselves: everything passes.
func TestTheDocumentedProxies(t *testing.T) {
	for _, program := range []string{"nginx", "caddy"} {
		t.Run(program, func(t *testing.T) {
			cfg := local(t)
			cfg.HTTP.BehindProxy, cfg.Media.AllowOddAddresses = []string{"127.0.0.1"}, true
			throughProxy(t, program, cfg)
		})
	}
}

func throughProxy(t *testing.T, program string, cfg config.Config) {
	s := startLocal(t, cfg)
	dir := t.TempDir()
	pair := writeCertificate(t, dir, "127.0.0.1")
	cert, key := pair.TLSCert, pair.TLSKey
	front, back := freeAddress(t), s.address.String()
	text := form(t, program, front, back, cert, key)
	file := filepath.Join(dir, "proxy.conf")
	if program == "nginx" {
		text = fmt.Sprintf("daemon off; master_process off; pid %[1]s/pid; error_log stderr;\nevents {}\nhttp {\naccess_log off;\n"+
			"client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;\n%[2]s}\n", dir, text)
	} else {
		text = "{\n admin off\n auto_https disable_redirects\n}\n" + text
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if program == "nginx" {
		startProxy(t, front, "nginx", "-e", "stderr", "-c", file)
	} else {
		startProxy(t, front, "caddy", "run", "--adapter", "caddyfile", "--config", file)
	}
	d, err := s.Demo(t.Context(), "demo", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

	// /init: an address that a page on https can open.
	req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://"+front+"/init?peer_id=p1", nil)
	req.Header.Set("Authorization", "Bearer "+d.Tokens["host"])
	req.Header.Set("Origin", "https://localhost:3000")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	var in struct{ Endpoint string }
	if err := json.NewDecoder(res.Body).Decode(&in); err != nil || in.Endpoint != "wss://"+front+"/ws" {
		t.Fatalf("%d, the endpoint is %q (%v), want wss://%s/ws", res.StatusCode, in.Endpoint, err, front)
	}
	_ = res.Body.Close()

	// The event stream, opened before something happens.
	management, err := token.Mint(token.Key{Access: cfg.Access.Keys[0].Access, Secret: cfg.Access.Keys[0].Secret}, token.Claims{Type: token.Management})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	req, _ = http.NewRequestWithContext(ctx, "GET", "https://"+front+"/api/v1/events/stream", nil)
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

	// A request that lost its upgrade, and the event that tells of it.
	q := url.Values{"peer": {"p1"}, "token": {d.Tokens["host"]}}
	res, err = client.Get("https://" + front + "/ws?" + q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusUpgradeRequired || !strings.Contains(string(body), "signal.upgrade") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal("the stream does not pass:", err)
		}
		if strings.Contains(line, "signal.upgrade") {
			break
		}
	}

	// The socket, and that it lasts while nothing is said.
	ws, _, err := websocket.Dial(ctx, in.Endpoint+"?"+q.Encode(), &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	ws.SetReadLimit(1 << 20)
	until(t, ws, func(m message) bool { return m.Method == "on-policy-change" })
	time.Sleep(3 * time.Second) // longer than any proxy's patience with a request that is no socket
	if err := ws.Write(ctx, websocket.MessageText, []byte(`{"id":"1","method":"ping","params":{"timestamp":1}}`)); err != nil {
		t.Fatal(err)
	}
	until(t, ws, func(m message) bool { return m.ID == "1" })
}
