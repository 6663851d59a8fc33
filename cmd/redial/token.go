// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/token"
)

const tokenHelp = `Mints tokens without asking a server: whoever holds a key can. Four kinds:

  redial token room -room ROOM -role ROLE  lets one user into one room
  redial token management                  opens the REST API
  redial token console -rights support     opens the console, for what it names
  redial token key                         makes a new key that signs tokens

A token holds the id of its room. For a room that is given by name or code the
server is asked for the id (-server or REDIAL_SERVER), with the same key.

The key that signs comes from -key, -key-file or -config, else from the
environment (REDIAL_KEYS, REDIAL_KEY_FILE). A key on the command line can be
seen by other users of this machine; prefer a file.

A negative -expires makes a token that has expired already, to see what becomes
of it.`

// tokenKinds are what runToken makes.
var tokenKinds = []string{"room", "management", "console", "key"}

func runToken(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "token room|management|console|key [flags]", tokenHelp)
	var (
		key     = f.String("key", "", "sign with this key, `ACCESS:SECRET`")
		keyFile = f.String("key-file", "", "sign with the first key of this `FILE`")
		cfgFile = f.String("config", "", "sign with the first key of this configuration `FILE`")
		access  = f.String("access", "", "of several keys, take the one with this `ACCESS` half")
		room    = f.String("room", "", "for this "+roomUsage+" (room tokens)")
		server  = f.String("server", cmp.Or(e.getenv("REDIAL_SERVER"), localServer), "`URL` of the server that knows the room's name or code (or REDIAL_SERVER)")
		role    = f.String("role", "", "`ROLE` in the room's template (room tokens)")
		user    = f.String("user", "", "the app's own `ID` of the user (room tokens, optional)")
		expires = f.Duration("expires", token.Lifetime, "how long the token is valid")
		jti     = f.String("jti", "", "`ID` of the token, by which it can be revoked (default a new one)")
		grant   = f.String("grant", "", "let it also do `WHAT`: inject (management tokens)")
		rights  = f.String("rights", string(token.RightSupport), "what it allows in the console, with `COMMAS`: support, read, operate, inject (console tokens)")
		asJSON  = f.Bool("json", false, "print one JSON object")
	)
	rest, err := f.parse(args, 1, 1)
	if err != nil {
		return err
	}

	c := token.Claims{ID: *jti}
	switch kind := rest[0]; kind {
	case "key":
		return printNewKey(e, *asJSON)
	case "management":
		if *room != "" || *role != "" || *user != "" {
			return usagef("a management token names no room, role or user; leave out -room, -role and -user")
		}
		c.Type = token.Management
		if c.Inject = *grant == token.GrantInject; *grant != "" && !c.Inject {
			return usagef("-grant %q is unknown; there is one: %s", *grant, token.GrantInject)
		}
	case "console":
		if *room != "" || *role != "" || *user != "" || *grant != "" {
			return usagef("a console token has -rights; leave out -room, -role, -user and -grant")
		}
		c.Type = token.Console
		if c.Rights, err = token.ParseRights(strings.Split(*rights, ",")); err != nil {
			return usagef("-rights %q is not some of support, read, operate and inject, with commas", *rights)
		}
	case "room":
		if *room == "" || *role == "" {
			return usagef("a room token needs -room and -role")
		}
		if *grant != "" {
			return usagef("a room token has no grants; leave out -grant")
		}
		c.Type, c.RoomID, c.Role, c.UserID = token.App, *room, *role, *user
	default:
		return noSuch("kind of token", kind, tokenKinds)
	}
	k, err := signingKey(e, *key, *keyFile, *cfgFile, *access)
	if err != nil {
		return err
	}
	if c.RoomID, err = roomForToken(ctx, k, *server, c.RoomID); err != nil {
		return err
	}
	if c.ID == "" {
		c.ID = uuid.NewString()
	}
	c.IssuedAt = time.Now()
	if *expires <= 0 {
		c.IssuedAt = c.IssuedAt.Add(*expires - time.Hour)
		c.ExpiresAt = c.IssuedAt.Add(time.Hour)
	} else {
		c.ExpiresAt = c.IssuedAt.Add(*expires)
	}
	raw, err := token.Mint(token.Key{Access: k.Access, Secret: k.Secret}, c)
	if err != nil {
		return err
	}
	if !*asJSON {
		fmt.Fprintln(e.stdout, raw)
		return nil
	}
	return json.NewEncoder(e.stdout).Encode(struct {
		Token     string    `json:"token"`
		Type      string    `json:"type"`
		AccessKey string    `json:"access_key"`
		RoomID    string    `json:"room_id,omitempty"`
		Role      string    `json:"role,omitempty"`
		UserID    string    `json:"user_id,omitempty"`
		ID        string    `json:"jti"`
		ExpiresAt time.Time `json:"expires_at"`
	}{raw, string(c.Type), k.Access, c.RoomID, c.Role, c.UserID, c.ID, c.ExpiresAt.UTC().Truncate(time.Second)})
}

// roomForToken gives the id of a room, and asks the server for it if need be.
func roomForToken(ctx context.Context, k config.Key, server, room string) (string, error) {
	if room == "" || roomID.MatchString(room) {
		return room, nil
	}
	now := time.Now()
	management, err := token.Mint(token.Key{Access: k.Access, Secret: k.Secret},
		token.Claims{Type: token.Management, ID: uuid.NewString(), IssuedAt: now, ExpiresAt: now.Add(time.Minute)})
	if err != nil {
		return "", err
	}
	c, err := newAdmin(server, management, "redial token management")
	if err != nil {
		return "", err
	}
	id, err := findRoom(ctx, c, room)
	if err != nil {
		return "", fmt.Errorf("%q is no room id, so its server was asked for one (-server): %w", room, err)
	}
	return id, nil
}

// signingKey finds the key in the first place that was named.
func signingKey(e *env, text, file, cfgFile, access string) (config.Key, error) {
	var keys []config.Key
	var err error
	switch {
	case text != "":
		var k config.Key
		k, err = config.ParseKey(text)
		keys = []config.Key{k}
	case file != "":
		keys, err = config.ReadKeyFile(file)
	case cfgFile != "":
		var c config.Config
		c, err = config.Load(cfgFile, e.getenv)
		keys = c.Access.Keys
	default:
		keys, err = config.KeysFromEnvironment(e.getenv)
		if err == nil && len(keys) == 0 {
			return config.Key{}, usagef("no key to sign with; give -key-file, -config or -key, or set REDIAL_KEYS")
		}
	}
	if err != nil {
		return config.Key{}, err
	}
	for _, k := range keys {
		if access == "" || k.Access == access {
			return k, nil
		}
	}
	if access != "" {
		return config.Key{}, fmt.Errorf("none of the keys has the access half %q", access)
	}
	return config.Key{}, fmt.Errorf("there is no key in it")
}

// newKey makes a key: 12 random bytes of name, 32 of secret.
func newKey() config.Key {
	name, secret := make([]byte, 12), make([]byte, config.MinSecretBytes)
	_, _ = rand.Read(name) // never fails (crypto/rand)
	_, _ = rand.Read(secret)
	return config.Key{Access: hex.EncodeToString(name), Secret: base64.RawURLEncoding.EncodeToString(secret)}
}

func printNewKey(e *env, asJSON bool) error {
	k := newKey()
	if asJSON {
		return json.NewEncoder(e.stdout).Encode(map[string]string{"access": k.Access, "secret": k.Secret})
	}
	fmt.Fprintf(e.stdout, "%s:%s\n", k.Access, k.Secret)
	return nil
}
