// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/share"
)

// For how many days a link to a failure is good.
const (
	shareDays    = 7
	maxShareDays = 90
)

// shareBody is a link to the page about a failure.
type shareBody struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// share makes a link to the page about a failure: fault.EventNotFound,
// fault.FieldInvalid.
func (d *Diagnoses) share(c *Call) (any, error) {
	in := struct {
		Days *int `json:"days"`
	}{}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	days := shareDays
	if in.Days != nil {
		days = *in.Days
	}
	if days < 1 || days > maxShareDays {
		return nil, fault.FieldInvalid.New("field", "days", "want", "1 to "+strconv.Itoa(maxShareDays))
	}
	e, err := d.failure(c)
	if err != nil {
		return nil, err
	}
	return d.seal(c, d.cfg.Links, &e, "/why/", time.Duration(days)*24*time.Hour)
}

// seal makes a link of a kind to a failure, good for a while.
func (d *Diagnoses) seal(c *Call, links *share.Links, e *event.Event, path string, good time.Duration) (shareBody, error) {
	id, err := uuid.Parse(e.ID)
	if err != nil {
		return shareBody{}, fault.Internal.Wrap(err)
	}
	until := time.Now().UTC().Add(good).Truncate(time.Second)
	link := d.cfg.Origin(c.Request)
	link.Path = path + links.Seal(id, until)
	return shareBody{URL: link.String(), ExpiresAt: until}, nil
}

// unshare takes a link back before its time. To take one back twice is no error. It
// fails with fault.EventNotFound for what is no link of the account.
func (d *Diagnoses) unshare(c *Call) (any, error) { return d.endLink(c, d.cfg.Links) }

func (d *Diagnoses) endLink(c *Call, links *share.Links) (any, error) {
	link := c.Path("link")
	id, until, ok := links.Open(link)
	if !ok {
		return nil, fault.EventNotFound.New("field", "link", "reason", "is no link of this server")
	}
	e, err := d.cfg.Store.Get(c.Context(), id.String())
	if err == nil && e.AccountID != c.Claims.Account {
		err = fault.EventNotFound.New("field", "link", "reason", "is no link of this server")
	}
	if err != nil {
		return nil, err
	}
	return nil, d.cfg.Registry.Operations().EndShare(c.Context(), digest(links, id, until), until)
}

// digest is what a link is known by that was taken back, however it is written.
func digest(links *share.Links, event uuid.UUID, until time.Time) [32]byte {
	return sha256.Sum256([]byte(links.Seal(event, until)))
}

// language is the one that the caller reads, of those of the catalogue.
func language(c *Call) string {
	if chosen := c.Request.URL.Query().Get("lang"); slices.Contains(fault.Languages(), chosen) {
		return chosen
	}
	return share.Language(c.Request.Header.Get("Accept-Language"))
}

// shared is the page about a failure, for whoever has a link to it. What is no link,
// or leads to what has been removed, is fault.EventNotFound; to a browser that is a
// page in words.
func (d *Diagnoses) shared(c *Call) (any, error) {
	e, refused, err := d.behind(c, d.cfg.Links)
	if refused != nil || err != nil {
		return refused, err
	}
	_, until, _ := d.cfg.Links.Open(c.Path("link"))
	lang := language(c)
	page, err := d.page(c, lang, e, until)
	if err != nil {
		return nil, err
	}
	return c.page(http.StatusOK, lang, share.Policy, page)
}

func (d *Diagnoses) page(c *Call, lang string, e *event.Event, until time.Time) ([]byte, error) {
	body, err := d.diagnosis(c.Context(), e)
	if err != nil {
		return nil, err
	}
	return share.Render(lang, &share.Failure{
		Name: body.Failure.UserName, Room: e.RoomName, Type: body.Case.Failure.Type, Fault: e.Fault, Happened: body.Failure.Happened, Verdict: &body.Verdict, Until: until,
	}), nil
}

// nothing refuses a link: to a browser in words, to a program with a fault.
func (d *Diagnoses) nothing(c *Call, ended bool) (any, error) {
	lang := language(c)
	status, reason := http.StatusNotFound, "is no link of this server"
	if ended {
		status, reason = http.StatusGone, "the link has ended"
	}
	if !strings.Contains(c.Request.Header.Get("Accept"), "text/html") {
		return nil, statused{fault.EventNotFound.New("field", "link", "reason", reason), status}
	}
	return c.page(status, lang, share.Policy, share.Nothing(lang, ended))
}

// page writes a page that nobody keeps, finds or frames.
func (c *Call) page(status int, lang, policy string, body []byte) (any, error) {
	h := c.Writer.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", lang)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Language")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Del("Access-Control-Allow-Origin") // it is for people, not for other pages
	c.Writer.WriteHeader(status)
	if _, err := c.Writer.Write(body); err != nil {
		c.Log.Debug("the caller did not take the reply", "err", err)
	}
	return Written{}, nil
}
