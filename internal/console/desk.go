// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package console

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/recent"
	"github.com/redial-rtc/redial/internal/token"
)

// How long what lets somebody in is good.
const (
	LinkLife    = time.Minute // a link that works once
	idleLife    = time.Hour
	sessionLife = 12 * time.Hour
	maxLinks    = 1000 // that nobody has used yet
)

// Desk knows who is logged in. It keeps hashes of what people hold, in memory: a
// restart ends all logins. It is safe for concurrent use.
type Desk struct {
	revoked func(context.Context, string) (bool, error)
	now     func() time.Time

	mu       sync.Mutex
	links    *recent.Map[secretHash, link]
	sessions *recent.Map[secretHash, *session]
}

type secretHash [sha256.Size]byte

// link is a login that waits for whoever follows it.
type link struct {
	claims token.Claims
	ends   time.Time
	kept   bool // it works again and again
}

// session is somebody's login.
type session struct {
	claims token.Claims
	began  time.Time
	seen   time.Time
}

// NewDesk returns a desk at which so many may be logged in. revoked tells whether a
// token, by its id, has been revoked.
func NewDesk(sessions int, revoked func(context.Context, string) (bool, error), now func() time.Time) *Desk {
	if now == nil {
		now = time.Now
	}
	return &Desk{
		revoked: revoked, now: now,
		links: recent.New[secretHash, link](maxLinks), sessions: recent.New[secretHash, *session](sessions),
	}
}

// newSecret makes 256 random bits, and what is kept of them.
func newSecret() (string, secretHash) {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	text := base64.RawURLEncoding.EncodeToString(b)
	return text, sha256.Sum256([]byte(text))
}

// Link makes a code that logs somebody in as the token of these claims: once, within
// [LinkLife]. Of two kinds are the claims: those of a console token, and those of a
// management token with Rights filled in.
func (d *Desk) Link(c token.Claims) (code string, ends time.Time) {
	return d.link(c, LinkLife, false)
}

// KeptLink makes a code that works until the token of the claims ends, and again and
// again: for a server on somebody's own machine.
func (d *Desk) KeptLink(c token.Claims) string {
	code, _ := d.link(c, c.ExpiresAt.Sub(d.now()), true)
	return code
}

func (d *Desk) link(c token.Claims, life time.Duration, kept bool) (string, time.Time) {
	code, hash := newSecret()
	ends := d.now().Add(life)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.links.Put(hash, link{c, ends, kept})
	return code, ends
}

// Follow logs in whoever has a code: fault.ConsoleLogin when it is none, was used or
// is over.
func (d *Desk) Follow(code string) (cookie string, c token.Claims, err error) {
	hash := secretHash(sha256.Sum256([]byte(code)))
	d.mu.Lock()
	l, ok := d.links.Peek(hash)
	if ok && !l.kept {
		d.links.Delete(hash)
	}
	d.mu.Unlock()
	if !ok || !d.now().Before(l.ends) {
		return "", c, fault.ConsoleLogin.New("reason", "the link was used already, or is older than a minute")
	}
	return d.LogIn(l.claims), l.claims, nil
}

// LogIn begins a session and returns what its cookie holds.
func (d *Desk) LogIn(c token.Claims) string {
	cookie, hash := newSecret()
	now := d.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sessions.Put(hash, &session{c, now, now})
	return cookie
}

// Session is whose cookie this is, and until when at the latest. It fails with
// fault.ConsoleLogin when there is no such session or it is over: an hour after it
// was last used, 12 hours after it began, and with the token it was begun by.
func (d *Desk) Session(ctx context.Context, cookie string) (token.Claims, time.Time, error) {
	hash := secretHash(sha256.Sum256([]byte(cookie)))
	now := d.now()
	d.mu.Lock()
	s, ok := d.sessions.Get(hash)
	var over time.Time
	if ok {
		over = s.began.Add(sessionLife)
		if s.claims.ExpiresAt.Before(over) {
			over = s.claims.ExpiresAt
		}
		if ok = now.Before(over) && now.Sub(s.seen) < idleLife; ok {
			s.seen = now
		} else {
			d.sessions.Delete(hash)
		}
	}
	d.mu.Unlock()
	if !ok {
		return token.Claims{}, over, fault.ConsoleLogin.New("reason", "nobody is logged in, or the login is over")
	}
	revoked, err := d.revoked(ctx, s.claims.ID)
	if err != nil {
		return token.Claims{}, over, err
	}
	if revoked {
		d.LogOut(cookie)
		return token.Claims{}, over, fault.ConsoleLogin.New("reason", "the token of the login was revoked")
	}
	return s.claims, over, nil
}

// LogOut ends a session.
func (d *Desk) LogOut(cookie string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sessions.Delete(sha256.Sum256([]byte(cookie)))
}
