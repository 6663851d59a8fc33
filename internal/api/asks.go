// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/ask"
	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/explain"
	"github.com/redial-rtc/redial/internal/share"
)

// For how many hours a link that asks a browser is good.
const (
	askHours    = 24
	maxAskHours = 7 * 24
)

// pongWithin is how long a page's socket has to answer a ping.
const pongWithin = 4 * time.Second

// askRoutes are the rows about links that ask a browser, and of the page behind them.
func (d *Diagnoses) askRoutes() []Route {
	often := Rate{PerSecond: 5, Burst: 40}
	return []Route{
		{Pattern: "POST /api/v1/probes", Serve: d.ask},
		{Pattern: "DELETE /api/v1/probes/{link}", Serve: d.unask},
		{Pattern: "GET /p/{link}", Access: Open, Rate: often, Serve: d.askPage},
		{Pattern: "POST /p/{link}/runs", Access: Open, Rate: often, MaxBody: 1 << 10, Serve: d.askBegin},
		{Pattern: "POST /p/{link}/runs/{run}/offer", Access: Open, Rate: often, MaxBody: 2 * ask.MaxOffer, Serve: d.askOffer},
		{Pattern: "GET /p/{link}/runs/{run}/socket", Access: Open, Rate: often, Serve: d.askSocket},
		{Pattern: "POST /p/{link}/runs/{run}/findings", Access: Open, Rate: often, MaxBody: ask.MaxFindings, Serve: d.askFindings},
	}
}

// ask makes a link that asks a browser about a failure: fault.EventNotFound,
// fault.FieldInvalid, fault.FeatureUnsupported.
func (d *Diagnoses) ask(c *Call) (any, error) {
	in := struct {
		Event string `json:"event"`
		Hours *int   `json:"hours"`
	}{}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	hours := askHours
	if in.Hours != nil {
		hours = *in.Hours
	}
	switch _, keeps := d.cfg.Store.(event.Amender); {
	case in.Event == "":
		return nil, fault.FieldMissing.New("field", "event")
	case hours < 1 || hours > maxAskHours:
		return nil, fault.FieldInvalid.New("field", "hours", "want", "1 to "+strconv.Itoa(maxAskHours))
	case !keeps || d.cfg.Asks == nil:
		return nil, fault.FeatureUnsupported.New("feature", "asking a browser, with this store of events")
	}
	e, err := d.failureAt(c, in.Event)
	if err != nil {
		return nil, err
	}
	c.concern("event_id", e.ID)
	return d.seal(c, d.asks, &e, "/p/", time.Duration(hours)*time.Hour)
}

// unask takes such a link back: see unshare.
func (d *Diagnoses) unask(c *Call) (any, error) { return d.endLink(c, d.asks) }

// askPage is the page behind the link. It is fault.EventNotFound as [Diagnoses.shared].
func (d *Diagnoses) askPage(c *Call) (any, error) {
	lang := language(c)
	e, refused, err := d.behind(c, d.asks)
	if refused != nil || err != nil {
		return refused, err
	}
	return c.page(200, lang, ask.Policy, ask.Render(lang, explain.Happened(e)))
}

// askedAbout is the failure that a call of the page is about.
func (d *Diagnoses) askedAbout(c *Call) (*event.Event, uuid.UUID, error) {
	c.Request.Header.Del("Accept") // calls of the page are refused with a fault
	e, _, err := d.behind(c, d.asks)
	if err != nil {
		return nil, uuid.UUID{}, err
	}
	id, err := uuid.Parse(e.ID)
	return e, id, err
}

// askServer is an ICE server with one URL, as W3C RTCIceServer.
type askServer struct {
	URLs       string `json:"urls"`
	Username   string `json:"username,omitempty"`
	Credential string `json:"credential,omitempty"`
}

// askBegin opens a run, and tells the page what to try: fault.RateLimited.
func (d *Diagnoses) askBegin(c *Call) (any, error) {
	e, id, err := d.askedAbout(c)
	if err != nil {
		return nil, err
	}
	if wait := d.askRate.Take(e.ID); wait > 0 {
		return nil, rateLimited(wait)
	}
	servers := d.cfg.ICE(c.Request, e.RoomID, "asked-"+e.ID)
	servers = servers[:min(len(servers), evidence.MaxAskedServers)]
	urls := make([]string, len(servers))
	for i, s := range servers {
		urls[i] = s.URL
	}
	run, err := d.cfg.Asks.Begin(id, c.addr, urls)
	if err != nil {
		return nil, err
	}
	told := make([]askServer, len(servers))
	for i, s := range servers {
		told[i] = askServer{s.URL, s.Username, s.Credential}
	}
	return map[string]any{"run": run.ID, "ice_servers": told}, nil
}

// run is the run that a call is about: fault.FieldInvalid, with status 410 for one that
// is over.
func (d *Diagnoses) run(c *Call) (*event.Event, *ask.Run, error) {
	e, id, err := d.askedAbout(c)
	if err != nil {
		return nil, nil, err
	}
	run, err := d.cfg.Asks.Find(id, c.Path("run"))
	if err != nil {
		return nil, nil, statused{err, 410}
	}
	return e, run, nil
}

// askOffer answers the page's offer of a connection.
func (d *Diagnoses) askOffer(c *Call) (any, error) {
	_, run, err := d.run(c)
	if err != nil {
		return nil, err
	}
	in := struct {
		Over string `json:"over"`
		SDP  string `json:"sdp"`
	}{}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	answer, err := run.Offer(c.Context(), in.Over, in.SDP)
	if err != nil {
		return nil, err
	}
	return map[string]string{"sdp": answer}, nil
}

// askSocket holds one WebSocket of a run for a while.
func (d *Diagnoses) askSocket(c *Call) (any, error) {
	_, run, err := d.run(c)
	if err != nil {
		return nil, err
	}
	release, ok := run.Hold()
	if !ok {
		return nil, fault.FieldInvalid.New("field", "run", "reason", "has had its socket")
	}
	// The link says who may connect, and a proxy may have given us another host than the
	// page's origin names.
	ws, err := websocket.Accept(c.Writer, c.Request, &websocket.AcceptOptions{InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		release(0, true)      // as behind a proxy that passes no sockets on
		return Written{}, nil // it has answered
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(c.Context(), ask.HoldFor)
	defer cancel()
	ws.SetReadLimit(1 << 10)
	ctx = ws.CloseRead(ctx)
	cut := false
	for tick := time.Tick(time.Second); ctx.Err() == nil && !cut; {
		select {
		case <-tick:
			cut = !answers(ctx, ws) && time.Since(began) < ask.HoldFor
		case <-ctx.Done():
			cut = time.Since(began) < ask.HoldFor
		}
	}
	release(time.Since(began), cut)
	_ = ws.Close(websocket.StatusNormalClosure, "")
	return Written{}, nil
}

// answers tells whether a socket answers a ping. Whatever ends it may do so without a
// word, so what takes too long is none.
func answers(ctx context.Context, ws *websocket.Conn) bool {
	ctx, cancel := context.WithTimeout(ctx, pongWithin)
	defer cancel()
	return ws.Ping(ctx) == nil
}

// askFindings takes what the page found. It hangs on the failure, and the reply says it
// in words.
func (d *Diagnoses) askFindings(c *Call) (any, error) {
	e, run, err := d.run(c)
	if err != nil {
		return nil, err
	}
	body, err := c.Body()
	if err != nil {
		return nil, err
	}
	f, err := ask.ReadFindings(body)
	if err != nil {
		return nil, err
	}
	found, err := run.Tell(f, time.Now())
	if err != nil {
		return nil, statused{err, 410}
	}
	same, err := d.sameAddress(c.Context(), e, c.addr)
	if err != nil {
		return nil, err
	}
	if same {
		found.Network = evidence.SameNetwork
	}
	if err := d.keepAsked(c.Context(), e.ID, found); err != nil {
		return nil, err
	}
	return map[string][]string{"says": ask.Says(language(c), found)}, nil
}

// sameAddress tells whether an address is the one that a failure was from. Another one
// tells nothing: providers give others after a while, and from one moment to the next.
func (d *Diagnoses) sameAddress(ctx context.Context, e *event.Event, now netip.Addr) (bool, error) {
	found, err := explain.Case(ctx, d.cfg.Store, e)
	if err != nil {
		return false, err
	}
	hash := d.cfg.Addresses.Hash(now)
	for _, f := range append([]diagnose.Failure{found.Failure}, found.Near...) {
		if door := doorOf(f.Evidence); door != nil && door.ClientHash != "" && hash != "" {
			return door.ClientHash == hash, nil
		}
	}
	return false, nil
}

// doorOf is the request that a record has the client's address of.
func doorOf(r *evidence.Record) *evidence.Door {
	switch {
	case r == nil:
		return nil
	case r.Socket != nil && r.Socket.Door != nil:
		return r.Socket.Door
	}
	return r.Door
}

// keepAsked adds findings to those of a failure, of which the latest stay. It fails with
// fault.FeatureUnsupported where the store cannot add to that failure any more.
func (d *Diagnoses) keepAsked(ctx context.Context, id string, found *evidence.Asked) error {
	d.asking.Lock()
	defer d.asking.Unlock()
	e, err := d.cfg.Store.Get(ctx, id)
	if err != nil {
		return err
	}
	var all []json.RawMessage
	if raw, ok := e.Extra[event.AskedField]; ok && json.Unmarshal(raw, &all) != nil {
		all = nil
	}
	all = append(all, found.AppendJSON(nil))
	value, err := json.Marshal(all[max(0, len(all)-evidence.MaxAsked):])
	if err != nil {
		return fault.Internal.Wrap(err)
	}
	store, ok := d.cfg.Store.(event.Amender)
	if !ok {
		return fault.FeatureUnsupported.New("feature", "asking a browser, with this store of events")
	}
	if err := store.Amend(ctx, []event.Amendment{{ID: id, Field: event.AskedField, Value: value}}); err != nil {
		return busy(err)
	}
	if e, err = d.cfg.Store.Get(ctx, id); err != nil {
		return err
	}
	if !slices.Equal(e.Extra[event.AskedField], value) {
		return fault.FeatureUnsupported.New("feature", "adding to a failure that the store of events has handed on")
	}
	return nil
}

// askedBody is what a browser found, and the same in words.
type askedBody struct {
	evidence.Asked

	Says []string `json:"says"`
}

// beforeBody is the verdict as it would be had nobody been asked.
type beforeBody struct {
	Cause      string `json:"cause,omitempty"`
	Confidence string `json:"confidence"`
	Says       string `json:"says"`
}

// askedOf is what browsers found about a case, and the verdict without it; nothing where
// none was asked.
func askedOf(c *diagnose.Case) ([]askedBody, *beforeBody) {
	if len(c.Failure.Asked) == 0 {
		return nil, nil
	}
	all := make([]askedBody, len(c.Failure.Asked))
	for i := range all {
		all[i] = askedBody{c.Failure.Asked[i], diagnose.AskedSays(&c.Failure.Asked[i])}
	}
	was := diagnose.Explain(c.BeforeAsking())
	return all, &beforeBody{was.Cause, string(was.Confidence), was.Says}
}

// behind is the failure that a link of the path leads to. Where it leads nowhere that is
// refused: to a browser in words, which the reply is then.
func (d *Diagnoses) behind(c *Call, links *share.Links) (e *event.Event, refused any, err error) {
	id, until, ok := links.Open(c.Path("link"))
	if !ok {
		refused, err = d.nothing(c, false)
		return nil, refused, err
	}
	ended := time.Now().After(until)
	if !ended {
		if ended, err = d.cfg.Registry.Operations().ShareEnded(c.Context(), digest(links, id, until)); err != nil {
			return nil, nil, err
		}
	}
	if !ended {
		found, err := d.cfg.Store.Get(c.Context(), id.String())
		if err == nil {
			return &found, nil, nil
		}
		if !errors.Is(err, fault.EventNotFound) {
			return nil, nil, err
		}
	}
	refused, err = d.nothing(c, true)
	return nil, refused, err
}
