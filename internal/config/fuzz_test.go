// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzConfig: a file of settings is read, or every problem of it says what and
// where; and what was read can be checked.
func FuzzConfig(f *testing.F) {
	f.Add([]byte("http: {address: \":80\", behind_proxy: [10.0.0.0/8]}\nmedia:\n  udp: :1\n  ice_servers: [{urls: [stun:a]}]\n"))
	f.Add([]byte("webhooks: {hooks: [{name: a, url: https://x, secret: [b]}]}\nlimits: {frame_bytes: 1e9}\nreconnect: {hold: 1y}"))
	f.Add([]byte("http: {acme: {domains: [v.example.org, \"*.x\", \"192.0.2.1\"], email: a@b}, redirect_address: :80}\nmedia: {turn: {enabled: true}}"))
	f.Add([]byte("a: &a [*a]\n---\nb"))
	f.Add([]byte("access: {keys: [{access: a}], token_leeway: .inf}\nlog: !!binary x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return // somebody's own file, and the library's time grows with it
		}
		c, _, problems := parse(data)
		for _, p := range append(problems, c.Problems()...) {
			if p.What == "" {
				t.Errorf("%q: a problem that says nothing: %+v", data, p)
			}
		}
		c.Doubts()
	})
}

// FuzzKeyFile: keys come with both halves, and what is wrong is said without the
// secret.
func FuzzKeyFile(f *testing.F) {
	f.Add("# comment\nAK:0123456789abcdefghijklmnopqrstuvwxyz\n\n")
	f.Add("nothing-but-a-secret-without-a-colon")
	f.Add("a::b\r\n:c\nd:")
	path := filepath.Join(f.TempDir(), "keys")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		keys, err := ReadKeyFile(path)
		for _, k := range keys {
			if k.Access == "" || k.Secret == "" {
				t.Errorf("%q: %+v", text, k)
			}
		}
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); err != nil && len(line) > 40 && strings.Contains(err.Error(), line) {
				t.Errorf("the refusal tells a secret: %v", err)
			}
		}
	})
}
