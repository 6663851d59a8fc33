// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Webhooks are receivers of events.
type Webhooks struct {
	Hooks         []Webhook     `yaml:"hooks" doc:"The receivers."`
	Concurrency   int           `yaml:"concurrency" default:"1" doc:"Requests under way at once to one receiver. With 1, events arrive in the order they were stored."`
	Timeout       time.Duration `yaml:"timeout" default:"10s" doc:"How long a receiver may take to answer."`
	PauseAfter    time.Duration `yaml:"pause_after" default:"15m" doc:"A receiver that fails for so long is paused: tried every few minutes until it works again, and reported."`
	AllowNetworks []string      `yaml:"allow_networks" doc:"Addresses or networks (10.0.0.0/8) that receivers may be in although they are not public. Others are refused, so that nobody reaches inside through a webhook."`
	LogRetention  time.Duration `yaml:"log_retention" default:"168h" doc:"How long deliveries stay in the log of deliveries."`
}

// Webhook is one receiver of events.
type Webhook struct {
	Name    string   `yaml:"name" doc:"Its identity: how far it has come is kept under this name, and a new name begins with the next event."`
	URL     string   `yaml:"url" secret:"true" doc:"Where events are sent (POST), such as https://app.example.org/hooks/redial."`
	Secrets []string `yaml:"secrets" secret:"true" doc:"Sign every request; at least 32 bytes each. With two, each request has both signatures, so that a secret can be replaced without a gap."`
	Headers []string `yaml:"headers" secret:"true" doc:"Sent with every request, each as \"Name: value\"."`
	Types   []string `yaml:"types" doc:"Types of events to send, such as client.join.failed. Empty: all. With \"diagnosis\" the verdict on each failure is sent as well, two minutes after it; with that alone, verdicts and no events."`
}

// OTLP is an OpenTelemetry collector.
type OTLP struct {
	Endpoint string        `yaml:"endpoint" doc:"Address of a collector that speaks OTLP over HTTP, such as http://127.0.0.1:4318; /v1/logs is added unless it has a path. Empty: off."`
	Headers  []string      `yaml:"headers" secret:"true" doc:"Sent with every request, each as \"Name: value\"."`
	Timeout  time.Duration `yaml:"timeout" default:"10s" doc:"How long the collector may take to answer."`
	UserIDs  bool          `yaml:"user_ids" default:"false" doc:"Also send the ids and names of users."`
}

func (k *checker) webhooks(w *Webhooks) {
	seen := map[string]bool{}
	for i, h := range w.Hooks {
		field := fmt.Sprintf("webhooks.hooks[%d].", i)
		k.require(h.Name != "" && len(h.Name) <= 64, field+"name", fmt.Sprintf("is %q", h.Name), "give each receiver a short name of its own")
		k.require(!seen[h.Name], field+"name", fmt.Sprintf("%q is there twice", h.Name), "rename one")
		seen[h.Name] = true
		k.receiver(h.URL, field+"url", "https://app.example.org/hooks/redial")
		for _, s := range h.Secrets {
			k.require(len(s) >= MinSecretBytes, field+"secrets", fmt.Sprintf("one has %d bytes and could be guessed", len(s)), fmt.Sprintf("make it at least %d", MinSecretBytes))
		}
		k.headers(h.Headers, field+"headers")
	}
	k.atLeast(w.Concurrency, 1, "webhooks.concurrency")
	k.require(w.Concurrency <= 100, "webhooks.concurrency", "is more than 100", "make it 10; receivers are rarely glad of more")
	k.require(w.Timeout > 0, "webhooks.timeout", "is not positive", "make it 10s")
	k.require(w.PauseAfter > 0, "webhooks.pause_after", "is not positive", "make it 15m")
	k.require(w.LogRetention > 0, "webhooks.log_retention", "is not positive", "make it 168h")
	for _, n := range w.AllowNetworks {
		if _, err := ParseNetwork(n); err != nil {
			k.add("webhooks.allow_networks", fmt.Sprintf("%q is neither an address nor a network", n), "write 10.0.0.1 or 10.0.0.0/8")
		}
	}
}

func (k *checker) otlp(o *OTLP) {
	if o.Endpoint != "" {
		k.receiver(o.Endpoint, "otlp.endpoint", "http://127.0.0.1:4318")
	}
	k.headers(o.Headers, "otlp.headers")
	k.require(o.Timeout > 0, "otlp.timeout", "is not positive", "make it 10s")
}

// receiver checks an address without repeating it, since it may hold a secret.
func (k *checker) receiver(text, field, example string) {
	u, err := url.Parse(text)
	k.require(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.Fragment == "", field, "is not an http or https URL", "write it like "+example)
}

// ownHeaders cannot be set: the server or HTTP itself says them.
var ownHeaders = []string{"Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Connection", "Host", "User-Agent"}

func (k *checker) headers(list []string, field string) {
	for _, line := range list {
		name, value, ok := ParseHeader(line)
		switch {
		case !ok:
			k.add(field, "one is not a header", "write \"Name: value\"")
		case slices.Contains(ownHeaders, name) || strings.HasPrefix(name, "Redial-"):
			k.add(field, name+" is said by the server itself", "leave it out")
		case value == "":
			k.add(field, name+" has no value", "write \"Name: value\"")
		}
	}
}

// ParseHeader reads "Name: value"; the name comes back in canonical form.
func ParseHeader(line string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(line, ":")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if !ok || name == "" || strings.ContainsAny(line, "\r\n") || strings.Trim(name, headerLetters) != "" {
		return "", "", false
	}
	return http.CanonicalHeaderKey(name), value, true
}

// headerLetters are the characters of a header's name (RFC 9110, section
// 5.6.2).
const headerLetters = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
