// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/faultdoc"
)

// FaultRoutes are the rows of the catalogue of faults; give them to Config.
// Anyone may read it, and answers may be kept: they change only with the
// binary.
func FaultRoutes() []Route {
	// Enough for a page of explanations; a look-up of a word that does not exist
	// compares it with all that do.
	each := Rate{PerSecond: 20, Burst: 60}
	return []Route{
		{Pattern: "GET /api/v1/faults", Access: Open, Rate: Rate{PerSecond: 5, Burst: 30}, Serve: listFaults},
		{Pattern: "GET /api/v1/faults/{id}", Access: Open, Rate: each, Serve: getFault},
		{Pattern: "GET /api/v1/explain", Access: Open, Rate: each, Serve: explainWord},
	}
}

// The catalogue, and the reply that holds all of it, are made when they are
// first asked for.
var (
	catalogue      = sync.OnceValue(faultdoc.All)
	wholeCatalogue = sync.OnceValues(func() (cacheable, error) { return newCacheable(catalogue()) })
)

// listFaults answers the catalogue, or an area or category of it:
// fault.FieldInvalid.
func listFaults(c *Call) (any, error) {
	area, category := fault.Area(c.Query("area")), fault.Category(c.Query("category"))
	if area == "" && category == "" {
		whole, err := wholeCatalogue()
		if err != nil {
			return nil, fault.Internal.Wrap(err)
		}
		return whole.serve(c)
	}
	if area != "" && !slices.Contains(fault.Areas(), area) {
		return nil, fault.FieldInvalid.New("field", "area", "want", fault.Areas())
	}
	if category != "" && !slices.Contains(fault.Categories(), category) {
		return nil, fault.FieldInvalid.New("field", "category", "want", fault.Categories())
	}
	all := catalogue()
	part := faultdoc.Catalogue{Dialects: all.Dialects, Faults: []faultdoc.Entry{}}
	for _, e := range all.Faults {
		if (area == "" || e.Area == area) && (category == "" || e.Category == category) {
			part.Faults = append(part.Faults, e)
		}
	}
	return serveCacheable(c, part)
}

// getFault answers one fault: fault.CatalogueUnknown.
func getFault(c *Call) (any, error) {
	id := c.Path("id")
	k := fault.Lookup(id)
	if k == nil {
		return nil, fault.CatalogueUnknown.New("query", id, "nearest", ids(dialect.Nearest(id, dialect.All())))
	}
	return serveCacheable(c, faultdoc.NewEntry(k))
}

// ids keeps the suggestions that are ids of faults.
func ids(words []string) []string {
	return slices.DeleteFunc(words, func(w string) bool { return fault.Lookup(w) == nil })
}

// explainWord answers what a word means: fault.FieldMissing, fault.FieldInvalid,
// fault.CatalogueUnknown.
func explainWord(c *Call) (any, error) {
	if !c.Request.URL.Query().Has("q") {
		return nil, fault.FieldMissing.New("field", "q", "want", "a fault id or any vendor's code or name")
	}
	a, err := dialect.Explain(c.Query("q"))
	if err != nil {
		return nil, err
	}
	return serveCacheable(c, faultdoc.NewAnswer(a))
}

// cacheable is a reply that callers may keep (RFC 9111).
type cacheable struct {
	body []byte
	tag  string // strong entity tag (RFC 9110, section 8.8.3)
}

func newCacheable(v any) (cacheable, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return cacheable{}, err
	}
	sum := sha256.Sum256(body)
	return cacheable{append(body, '\n'), `"` + hex.EncodeToString(sum[:12]) + `"`}, nil
}

func serveCacheable(c *Call, v any) (any, error) {
	reply, err := newCacheable(v)
	if err != nil {
		return nil, fault.Internal.Wrap(err)
	}
	return reply.serve(c)
}

// serve writes the reply, or 304 to a caller that has it (RFC 9110, section
// 13.1.2).
func (r cacheable) serve(c *Call) (any, error) {
	h := c.Writer.Header()
	h.Set("ETag", r.tag)
	h.Set("Cache-Control", "public, max-age=3600")
	if matches(c.Request.Header.Values("If-None-Match"), r.tag) {
		c.Writer.WriteHeader(http.StatusNotModified)
		return Written{}, nil
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(r.body)))
	if _, err := c.Writer.Write(r.body); err != nil {
		c.Log.Debug("the caller did not take the reply", "err", err)
	}
	return Written{}, nil
}

// matches compares entity tags weakly, as If-None-Match asks for.
func matches(headers []string, tag string) bool {
	for _, h := range headers {
		for t := range strings.SplitSeq(h, ",") {
			t = strings.TrimSpace(t)
			if t == "*" || strings.TrimPrefix(t, "W/") == tag {
				return true
			}
		}
	}
	return false
}
