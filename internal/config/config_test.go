// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
)

var update = flag.Bool("update", false, "write the generated docs")

const key = "REDIAL_TEST_ACCESS:0123456789abcdefghijklmnopqrstuvwxyz"

// keys is an environment with one good key and whatever else is given.
func keys(more ...string) func(string) string {
	vars := map[string]string{"REDIAL_KEYS": key}
	for i := 0; i+1 < len(more); i += 2 {
		vars[more[i]] = more[i+1]
	}
	return func(name string) string { return vars[name] }
}

func load(t *testing.T, text string, getenv func(string) string) (config.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "redial.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load(path, getenv)
}

func TestDefaultsNeedOnlyKeysAndTLS(t *testing.T) {
	c, err := load(t, "http: {address: \"127.0.0.1:0\"}", keys())
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.HTTP.Address = "127.0.0.1:0"
	want.Access.Keys = []config.Key{{Access: "REDIAL_TEST_ACCESS", Secret: "0123456789abcdefghijklmnopqrstuvwxyz"}}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v, want the defaults", c)
	}
	if c.Reconnect.Hold != 75*time.Second || c.Limits.SDPBytes != 196608 {
		t.Errorf("default tags were not read: hold %v, sdp %d", c.Reconnect.Hold, c.Limits.SDPBytes)
	}
}

func TestBadFiles(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		says []string // all of these
	}{
		"unknown section":      {"htpp:\n  address: \":1\"\n", []string{`line 1: htpp: there is no such setting; did you mean "http"?`}},
		"unknown setting":      {"limits:\n  rooms: 3\n  room_peer: 4\n", []string{`line 3: limits.room_peer: there is no such setting; did you mean "room_peers"?`}},
		"wrong place":          {"udp: \":1\"\n", []string{`line 1: udp: there is no such setting; did you mean "media.udp"?`}},
		"unknown list field":   {"access:\n  keys:\n    - {access: a, secre: b}\n", []string{`line 3: access.keys[0].secre: there is no such setting; did you mean "secret"?`}},
		"not YAML":             {"http: [\n", []string{"is not YAML"}},
		"not a section":        {"http: 3\n", []string{"line 1: http: must hold settings"}},
		"not a list":           {"access:\n  keys: abc\n", []string{"line 2: access.keys: must be a list"}},
		"duration, no unit":    {"reconnect:\n  hold: 75\n", []string{"line 2: reconnect.hold: is not a duration: 75; write a unit"}},
		"duration, nonsense":   {"reconnect:\n  hold: soon\n", []string{"line 2: reconnect.hold: is not a duration: soon"}},
		"number, text":         {"limits:\n  rooms: many\n", []string{"line 2: limits.rooms: is not a number: many"}},
		"out of range":         {"limits:\n\n  rooms: 0\n", []string{"line 3: limits.rooms: is 0; make it at least 1"}},
		"public without TLS":   {"http:\n  address: 0.0.0.0:80\n", []string{"line 2: http.address:", "http.behind_proxy", "http.allow_plaintext"}},
		"half of TLS":          {"http:\n  tls_cert: a.pem\n", []string{"line 2: http.tls_cert: tls_cert and tls_key go together"}},
		"two certificates":     {"http:\n  tls_cert: a.pem\n  tls_key: b.pem\n  acme: {domains: [v.example.org]}\n", []string{"line 4: http.acme.domains: is set beside http.tls_cert"}},
		"a domain's address":   {"http:\n  acme: {domains: [192.0.2.1]}\n", []string{`http.acme.domains: "192.0.2.1" is an address and not a name`}},
		"a wildcard":           {"http:\n  acme: {domains: [\"*.example.org\"]}\n", []string{"is a wildcard"}},
		"a domain with a port": {"http:\n  acme: {domains: [\"v.example.org:443\"]}\n", []string{"is no name in lower case"}},
		"half a domain":        {"http:\n  acme: {domains: [localhost]}\n", []string{"is no full name"}},
		"plain authority":      {"http:\n  acme: {domains: [v.example.org], directory: \"http://a.example\"}\n", []string{"http.acme.directory", "is not an https address"}},
		"no address of mail":   {"http:\n  acme: {domains: [v.example.org], email: ops}\n", []string{"http.acme.email"}},
		"nowhere to redirect":  {"http:\n  address: \"127.0.0.1:0\"\n  redirect_address: \":80\"\n", []string{"line 3: http.redirect_address: is set, and there is no TLS"}},
		"proxy":                {"http:\n  behind_proxy: [\"all\"]\n", []string{`"all" is neither an address nor a network`}},
		"public_url path":      {"http:\n  public_url: https://a.example/x\n", []string{"line 2: http.public_url", "is not an origin"}},
		"origin":               {"http:\n  allowed_origins: [a.example]\n", []string{"line 2: http.allowed_origins", "is not an origin"}},
		"no port":              {"media:\n  udp: \"7882\"\n", []string{`line 2: media.udp: "7882" is not host:port`}},
		"port":                 {"media:\n  udp: \":70000\"\n", []string{`line 2: media.udp: "70000" is not a port`}},
		"advertise a name":     {"media:\n  advertise: [video.example.org]\n", []string{"line 2: media.advertise", "names are not resolved"}},
		"advertise anything":   {"media:\n  advertise: [0.0.0.0]\n", []string{"means any address"}},
		"TURN without secret":  {"media:\n  ice_servers:\n    - urls: [turn:a.example:3478]\n", []string{"media.ice_servers[0].credential", "needs a username and a credential"}},
		"full ICE of our own":  {"media:\n  ice: full\n", []string{"media.ice", "media.transport pion"}},
		"ICE scheme":           {"media:\n  ice_servers:\n    - urls: [http://a.example]\n", []string{"is not a STUN or TURN address"}},
		"log level":            {"log:\n  level: loud\n", []string{`line 2: log.level: is "loud"; make it one of debug, info, warn, error`}},
		"key file gone":        {"access:\n  key_file: /nowhere/keys\n", []string{"line 2: access.key_file", "no such file"}},
		"several, all at once": {"limits:\n  rooms: 0\nlog:\n  format: xml\nbanana: 1\n", []string{"3 problems", "line 2:", "line 4:", "line 5: banana"}},
		"two documents":        {"log: {}\n---\nlog: {}\n", []string{"is a second document"}},
		"the same key twice":   {"log: {}\nlog: {}\n", []string{"line 2", "already"}},
	} {
		t.Run(name, func(t *testing.T) {
			file := c.file
			if !strings.Contains(file, "http:") {
				file += "http: {address: \"127.0.0.1:0\"}\n"
				if name == "two documents" {
					file = c.file
				}
			}
			_, err := load(t, file, keys())
			if !errors.Is(err, fault.ConfigInvalid) {
				t.Fatalf("got %v, want config.invalid", err)
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("error does not say %q:\n%v", s, err)
				}
			}
		})
	}
}

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	keyFile := filepath.Join(dir, "keys")
	if err := os.WriteFile(keyFile, []byte("# two of them\nA:"+strings.Repeat("abcdefgh", 4)+"\n\nB:"+strings.Repeat("stuvwxyz", 4)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	local := "http: {address: \"127.0.0.1:0\"}\n"

	if _, err := load(t, local, func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), "there is no key") {
		t.Errorf("no keys: %v", err)
	}
	c, err := load(t, local+"access: {key_file: "+keyFile+"}\n", keys())
	if err != nil || len(c.Access.Keys) != 3 {
		t.Errorf("key file and environment: %d keys, %v; want 3", len(c.Access.Keys), err)
	}
	c, err = load(t, local, func(name string) string { return map[string]string{"REDIAL_KEY_FILE": keyFile}[name] })
	if err != nil || len(c.Access.Keys) != 2 || c.Access.Keys[1].Access != "B" {
		t.Errorf("key file from the environment: %+v, %v", c.Access.Keys, err)
	}

	for text, says := range map[string]string{
		"A:short":                            "has 5 bytes, fewer than 32",
		"A:" + strings.Repeat("a", 40):       "repeats 1 characters",
		"justonehalf":                        "a key is written ACCESS:SECRET",
		key + "," + key:                      "is there twice",
		"a\"b:" + strings.Split(key, ":")[1]: "cannot be in one",
	} {
		_, err := load(t, local, func(name string) string { return map[string]string{"REDIAL_KEYS": text}[name] })
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("REDIAL_KEYS=%s: %v; want it to say %q", text, err, says)
		}
		if err != nil && strings.Contains(err.Error(), "justonehalf") {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
}

func TestRenderedDefaultsLoadBackUnchanged(t *testing.T) {
	var b bytes.Buffer
	if err := config.Render(&b, config.Default()); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(b.String(), `address: ":8080"`, `address: "127.0.0.1:8080"`, 1)
	c, err := load(t, text, keys())
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	want := config.Default()
	want.HTTP.Address = "127.0.0.1:8080"
	c.Access.Keys = nil
	if c.Media.ICEServers = c.Media.ICEServers[:0:0]; !equalButEmpty(c, want) {
		t.Errorf("got %+v\nwant %+v", c, want)
	}
}

// equalButEmpty compares two configurations as they print, in which an empty
// list and no list are the same.
func equalButEmpty(a, b config.Config) bool {
	var x, y bytes.Buffer
	return config.Render(&x, a) == nil && config.Render(&y, b) == nil && x.String() == y.String()
}

func TestRenderHidesSecrets(t *testing.T) {
	c := config.Default()
	c.Access.Keys = []config.Key{{Access: "visible", Secret: "hush-hush"}}
	c.Metrics.Token = "hush-hush"
	c.Media.ICEServers = []config.ICEServer{{URLs: []string{"turn:a"}, Username: "u", Credential: "hush-hush"}}
	var b bytes.Buffer
	if err := config.Render(&b, c); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); strings.Contains(s, "hush") || strings.Count(s, "(hidden)") != 3 || !strings.Contains(s, "visible") {
		t.Errorf("secrets:\n%s", s)
	}
}

// TestEverySettingIsExplained keeps tags complete: a setting nobody explains is
// a setting nobody can use.
func TestEverySettingIsExplained(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range config.Settings() {
		if s.Doc == "" || !strings.HasSuffix(s.Doc, ".") && !strings.HasSuffix(s.Doc, "?") {
			t.Errorf("%s: doc %q is missing or no sentence", s.Name, s.Doc)
		}
		if seen[s.Name] || strings.ToLower(s.Name) != s.Name || strings.Contains(s.Name, "..") || strings.HasSuffix(s.Name, ".") {
			t.Errorf("%s: name is not unique, lower case and whole", s.Name)
		}
		seen[s.Name] = true
	}
	if len(seen) < 40 {
		t.Errorf("only %d settings were found", len(seen))
	}
}

// TestDocs keeps docs/configuration.md what the struct says.
func TestDocs(t *testing.T) {
	const path = "../../docs/configuration.md"
	var b bytes.Buffer
	if err := config.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, b.Bytes()) {
		t.Errorf("%s is out of date (%v); run: go test ./internal/config -update", path, err)
	}
}

func TestDoubts(t *testing.T) {
	c := config.Default()
	c.Reconnect.Hold = 10 * time.Second
	var fields []string
	for _, p := range c.Doubts() {
		fields = append(fields, p.Field)
	}
	if got := strings.Join(fields, " "); got != "reconnect.hold http.allow_plaintext" {
		t.Errorf("doubts about %s", got)
	}
}

// How clients are to get here is doubted where the settings cannot be all of it,
// and each doubt names the setting to change.
func TestDoubtsAboutTheWayIn(t *testing.T) {
	const here, open = "127.0.0.1:8080", ":8080"
	cert, proxy := "cert.pem", []string{"10.0.0.1"}
	acme := config.ACME{Domains: []string{"v.example.org"}}
	for _, c := range []struct {
		name       string
		http       config.HTTP
		doubt, fix string // the setting, and one that its fix names
	}{
		{"this machine only", config.HTTP{Address: here}, "http.address", "http.behind_proxy"},
		{"this machine only, by IPv6", config.HTTP{Address: "[::1]:8080"}, "http.address", "http.public_url"},
		{"plain http", config.HTTP{Address: open, AllowPlaintext: true}, "http.allow_plaintext", "http.tls_cert"},
		{"plain http with a name", config.HTTP{Address: open, AllowPlaintext: true, PublicURL: "http://v.example.org"}, "http.allow_plaintext", "http.public_url"},
		{"https by a proxy that is not named", config.HTTP{Address: here, PublicURL: "https://v.example.org"}, "http.behind_proxy", "127.0.0.1"},
		{"a proxy and a plain name", config.HTTP{Address: here, BehindProxy: proxy, PublicURL: "http://v.example.org"}, "http.public_url", "https"},
		{"TLS and a plain name", config.HTTP{Address: open, TLSCert: cert, PublicURL: "http://v.example.org"}, "http.public_url", "https"},

		{"an authority that cannot call", config.HTTP{Address: open, ACME: acme}, "http.acme.domains", "http.redirect_address"},

		{"an authority", config.HTTP{Address: ":443", ACME: acme}, "", ""},
		{"an authority over plain HTTP", config.HTTP{Address: open, Redirect: ":80", ACME: acme}, "", ""},
		{"TLS", config.HTTP{Address: open, TLSCert: cert}, "", ""},
		{"a proxy", config.HTTP{Address: here, BehindProxy: proxy}, "", ""},
		{"a proxy and a name", config.HTTP{Address: open, BehindProxy: proxy, PublicURL: "https://v.example.org"}, "", ""},
		{"a tunnel to this machine", config.HTTP{Address: here, PublicURL: "http://localhost:9000"}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := config.Default()
			all.HTTP = c.http
			doubts := all.Doubts()
			switch {
			case c.doubt == "" && len(doubts) > 0:
				t.Errorf("doubts about %v", doubts)
			case c.doubt != "" && (len(doubts) != 1 || doubts[0].Field != c.doubt || !strings.Contains(doubts[0].Fix, c.fix)):
				t.Errorf("doubts %v, want one about %s that names %s", doubts, c.doubt, c.fix)
			}
		})
	}
}

func TestMetricsOnAnOpenAddressAreDoubtful(t *testing.T) {
	for at, doubtful := range map[string]bool{"": false, "127.0.0.1:9464": false, ":9464": true} {
		c := config.Default()
		c.Metrics.Address = at
		if got := slices.ContainsFunc(c.Doubts(), func(p config.Problem) bool { return p.Field == "metrics.token" }); got != doubtful {
			t.Errorf("%q: %v", at, got)
		}
	}
}

func TestIsLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:80": true, "127.8.9.1:80": true, "[::1]:80": true, "localhost:80": true,
		":80": false, "0.0.0.0:80": false, "[::]:80": false, "10.0.0.1:80": false, "example.org:80": false,
	} {
		if got := config.IsLoopback(address); got != want {
			t.Errorf("IsLoopback(%q) = %v", address, got)
		}
	}
}
