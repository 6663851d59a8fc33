// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package opentok

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// maxSession is how many bytes a session id may have.
const maxSession = 1024

// SealBytes is how long the key is that session ids are sealed with.
const SealBytes = 32

// sessionID is what an id says: "1_" and, in base64url (RFC 4648, section 5),
// 1~KEY~LOCATION~DATE~RANDOM~URL~ROOM.SEAL~. Server SDKs look at the key alone;
// clients find the server by the URL.
type sessionID struct {
	project string
	room    string // its id in the registry
}

// seal is the proof that we have made an id for this project and room.
func (s *Service) seal(id sessionID) string {
	mac := hmac.New(sha256.New, s.cfg.Seal[:])
	mac.Write([]byte("session\x00" + id.project + "\x00" + id.room))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// newSessionID makes an id; base is where clients find the server.
func (s *Service) newSessionID(id sessionID, base string) string {
	fields := []string{
		"1", id.project, "", s.cfg.Now().UTC().Format("Mon Jan 02 15:04:05 UTC 2006"), rand.Text()[:8],
		base64.RawURLEncoding.EncodeToString([]byte(base)), id.room + "." + s.seal(id), "",
	}
	return "1_" + base64.RawURLEncoding.EncodeToString([]byte(strings.Join(fields, "~")))
}

// readSessionID takes an id apart. Fails with fault.RoomIDInvalid for what is none,
// or is one of another server.
func (s *Service) readSessionID(raw string) (id sessionID, err error) {
	wrong := func(why string) error {
		return fault.RoomIDInvalid.New("field", "session_id", "reason", why)
	}
	if len(raw) > maxSession {
		return id, fault.RoomIDInvalid.New("field", "session_id", "max_bytes", maxSession, "bytes", len(raw))
	}
	if len(raw) < 3 || raw[0] < '0' || raw[0] > '9' || raw[1] != '_' {
		return id, wrong("does not begin with a digit and _")
	}
	plain, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(raw[2:], "="))
	if err != nil {
		return id, wrong("not base64url")
	}
	fields := strings.Split(string(plain), "~")
	if len(fields) != 8 {
		return id, wrong("not made by this server")
	}
	room, seal, _ := strings.Cut(fields[6], ".")
	id = sessionID{fields[1], room}
	if !hmac.Equal([]byte(seal), []byte(s.seal(id))) {
		return sessionID{}, wrong("not made by this server")
	}
	return id, nil
}

// life is how long the word is good with which a client joins the wire.
const life = 2 * time.Minute
