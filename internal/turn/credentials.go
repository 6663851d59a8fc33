// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package turn

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// Credential is what a client shows a TURN server (RFC 8489, section 9.2).
type Credential struct {
	Username string // "EXPIRY:USER", the expiry in Unix seconds
	Password string
}

// Issuer makes credentials that a TURN server with the same secret accepts until
// they expire: the convention of draft-uberti-behave-turn-rest, which coturn calls
// use-auth-secret.
type Issuer struct {
	secret []byte
	life   time.Duration
	now    func() time.Time
}

// NewIssuer takes the shared secret, and how long a credential is good.
func NewIssuer(secret string, life time.Duration) *Issuer {
	return &Issuer{secret: []byte(secret), life: life, now: time.Now}
}

// Issue makes the credential of a user. Equal users have equal credentials only
// within one second.
func (i *Issuer) Issue(user string) Credential {
	name := strconv.FormatInt(i.now().Add(i.life).Unix(), 10) + ":" + user
	return Credential{Username: name, Password: i.password(name)}
}

func (i *Issuer) password(name string) string {
	mac := hmac.New(sha1.New, i.secret)
	mac.Write([]byte(name))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// UserOf is the name of a peer for TURN servers: the same each time, and nothing
// that tells who it is.
func (i *Issuer) UserOf(room, peer string) string {
	mac := hmac.New(sha256.New, i.secret)
	mac.Write([]byte("user\x00" + room + "\x00" + peer))
	return hex.EncodeToString(mac.Sum(nil)[:userBytes])
}

const userBytes = 10

// DeriveSecret makes the secret of this server's own TURN from one that it has
// anyway, so that there is no other to keep.
func DeriveSecret(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("redial turn credentials"))
	return hex.EncodeToString(mac.Sum(nil))
}

// parseUsername takes a user name apart. Only what [Issuer.Issue] makes of a user
// of [Issuer.UserOf] is one.
func parseUsername(name string) (expiry time.Time, user string, ok bool) {
	when, user, found := strings.Cut(name, ":")
	seconds, err := strconv.ParseInt(when, 10, 64)
	raw, bad := hex.DecodeString(user)
	if !found || err != nil || seconds < 0 || bad != nil || len(raw) != userBytes {
		return time.Time{}, "", false
	}
	return time.Unix(seconds, 0), user, true
}
