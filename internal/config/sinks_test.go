// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/internal/config"
)

// here is what a laptop needs.
const here = "http: {address: \"127.0.0.1:0\"}"

const hooks = `
webhooks:
  allow_networks: [10.0.0.0/8]
  hooks:
    - name: app
      url: https://app.example.org/hooks/secret-path
      secrets: [0123456789abcdefghijklmnopqrstuvwxyz]
      headers: ["authorization: Bearer sesame"]
      types: [client.join.failed]
otlp:
  endpoint: http://127.0.0.1:4318
  headers: ["x-key: sesame"]
`

func TestSinksLoadAndHideTheirSecrets(t *testing.T) {
	c, err := load(t, here+hooks, keys())
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Webhooks.Hooks) != 1 || c.Webhooks.Hooks[0].Types[0] != "client.join.failed" || c.OTLP.Endpoint == "" {
		t.Errorf("%+v %+v", c.Webhooks, c.OTLP)
	}
	name, value, ok := config.ParseHeader(c.Webhooks.Hooks[0].Headers[0])
	if name != "Authorization" || value != "Bearer sesame" || !ok {
		t.Errorf("header %q %q %t", name, value, ok)
	}
	var b bytes.Buffer
	if err := config.Render(&b, c); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"secret-path", "0123456789abcdef", "sesame"} {
		if strings.Contains(b.String(), secret) {
			t.Errorf("%s is shown:\n%s", secret, b.String())
		}
	}
}

func TestBadSinks(t *testing.T) {
	for text, want := range map[string]string{
		"webhooks: {hooks: [{name: a, url: ftp://x}]}":                                              "webhooks.hooks[0].url",
		"webhooks: {hooks: [{url: https://x.example}]}":                                             "webhooks.hooks[0].name",
		"webhooks: {hooks: [{name: a, url: https://x.example}, {name: a, url: https://y.example}]}": "there twice",
		"webhooks: {hooks: [{name: a, url: https://x.example, secrets: [hunter2]}]}":                "webhooks.hooks[0].secrets",
		"webhooks: {hooks: [{name: a, url: https://x.example, headers: [nonsense]}]}":               "is not a header",
		"webhooks: {hooks: [{name: a, url: https://x.example, headers: ['redial-signature: 1']}]}":  "said by the server itself",
		"webhooks: {allow_networks: [inside]}":                                                      "webhooks.allow_networks",
		"webhooks: {concurrency: 0}":                                                                "webhooks.concurrency",
		"otlp: {endpoint: 'localhost:4318'}":                                                        "otlp.endpoint",
	} {
		_, err := load(t, here+"\n"+text+"\n", keys())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
}
