// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
)

// localServer is where "redial dev" and an unconfigured "redial serve" answer.
const localServer = "http://127.0.0.1:8080"

// serverFlags are how a verb reaches a server.
type serverFlags struct{ url, token *string }

// newServerFlags adds the flags -server and -token; grant is what is said of the
// token.
func newServerFlags(e *env, f *flags, grant string) serverFlags {
	return serverFlags{
		f.String("server", cmp.Or(e.getenv("REDIAL_SERVER"), localServer), "`URL` of the server (or REDIAL_SERVER)"),
		f.String("token", "", "management `TOKEN` "+grant+"(default REDIAL_TOKEN)"),
	}
}

// client takes what the flags say, or the environment. The command mints a token
// that will do.
func (s serverFlags) client(e *env, command string) (*admin.Client, error) {
	return newAdmin(*s.url, strings.TrimSpace(cmp.Or(*s.token, e.getenv("REDIAL_TOKEN"))), command)
}

func newAdmin(server, token, command string) (*admin.Client, error) {
	base, err := url.Parse(server)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, usagef("-server %q is not an address such as %s", server, localServer)
	}
	if token == "" {
		return nil, usagef("no token; give -token or set REDIAL_TOKEN (%q mints one)", command)
	}
	return admin.New(admin.Config{URL: server, Token: token})
}

// said words what became of a call for people: a refusal in the server's own
// words, without what would command a terminal.
func said(c *admin.Client, err error) error {
	if refused, ok := errors.AsType[*admin.Error](err); ok {
		return &refusal{refused}
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.EndpointUnreachable {
		cause := f.Err
		if request, ok := errors.AsType[*url.Error](cause); ok {
			cause = request.Err // without the address of the call
		}
		return fmt.Errorf("%s does not answer: %w", c.URL(), cause)
	}
	return err
}

// refusal is a server's answer, to be shown.
type refusal struct{ answer *admin.Error }

func (r *refusal) Error() string { return clean(r.answer.Message) }
func (r *refusal) Unwrap() error { return r.answer }

// printReply prints what a server answered, as it stands.
func printReply(e *env, raw json.RawMessage) error {
	_, err := fmt.Fprintf(e.stdout, "%s\n", bytes.TrimSpace(raw))
	return err
}

// readReply reads what a server answered.
func readReply(c *admin.Client, raw json.RawMessage, into any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		return fault.ResponseMalformed.Wrap(err, "url", c.URL())
	}
	return nil
}
